#!/bin/sh
# The main job, live: a host is booted, examples/hello is deployed to it, changed, and removed.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
PORTABLE_TEST_RUN=$work/run
export PORTABLE_TEST_RUN
host=test/hosts/hosts.sh

leave() {
    status=$?
    $host down web1 >/dev/null 2>&1 || true
    rm -rf "$work" Pulumi.demo.yaml
    exit $status
}
trap leave EXIT
trap 'exit 130' INT TERM

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
show() { printf '\033[2m$ %s\033[0m\n' "$*"; }

# The CLI on PATH; else its own installer where that answers at once; else the stand-in engine of the tests.
if ! command -v pulumi >/dev/null; then
    if curl -fsSL --max-time 5 https://get.pulumi.com -o "$work/install.sh" 2>/dev/null &&
        timeout 60 sh "$work/install.sh" --install-root "$work/pulumi" --no-edit-path >/dev/null 2>&1; then
        PATH=$work/pulumi/bin:$PATH
    fi
fi
if command -v pulumi >/dev/null; then
    echo "The engine is the Pulumi CLI, $(pulumi version)."
    export PULUMI_HOME="$work/home" PULUMI_CONFIG_PASSPHRASE=demo PULUMI_SKIP_UPDATE_CHECK=1
    export PULUMI_BACKEND_URL="file://$work/state"
    mkdir "$work/state"
    pulumi stack init demo >/dev/null 2>&1
    up() { show "pulumi up"; pulumi up --yes --stack demo --skip-preview; }
    preview() { show "pulumi preview --diff"; pulumi preview --diff --stack demo; }
    destroy() { show "pulumi destroy"; pulumi destroy --yes --stack demo --skip-preview; }
    configure() { show "pulumi config set $1 $2"; pulumi config set "$1" "$2" --stack demo; }
else
    echo "There is no Pulumi CLI here, and its installer can't be fetched: the stand-in engine of the tests runs the same program through the same protocol."
    config=
    stand_in() { node --require tsx/cjs test/engine/cli.ts "$@" --stack demo --state "$work/state.json" $config; }
    up() { show "up"; stand_in up; }
    preview() { show "preview --diff"; stand_in preview --diff; }
    destroy() { show "destroy"; stand_in destroy; }
    configure() { show "config set $1 $2"; config="--config $1=$2"; }
fi

say "A Debian host of its own: web1, booted in a namespace of this machine, with nothing but systemd and sshd"
$host up web1
PORTABLE_SSH_CONFIG=$PORTABLE_TEST_RUN/web1/ssh_config
export PORTABLE_SSH_CONFIG
address=$($host ip web1)
$host exec web1 python3 - <test/hosts/snapshot.py | sort >"$work/before"

page() { show "curl http://web1:8080"; curl --silent --show-error --max-time 10 "http://$address:8080/"; }

say "What will be done"
preview
say "Build the image, upload it, attach it, start it, configure it"
up
page

say "Another NAME: what changes, before it changes"
configure name Ada
preview
up
page

say "Remove it all"
destroy

$host exec web1 python3 - <test/hosts/snapshot.py | sort >"$work/after"
say "The host before and after: /etc, /var, /run, mounts, loop devices, units, users"
if diff "$work/before" "$work/after"; then
    echo "The same: $(wc -l <"$work/before") entries."
else
    echo "They differ."
    exit 1
fi
