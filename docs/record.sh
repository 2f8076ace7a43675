#!/bin/sh
# Records the terminals that README and the site show, as SVG of text: a host is booted, examples/hello is deployed to it
# by the Pulumi CLI, changed, and broken. Needs `pulumi` on PATH, and what `make demo` needs.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
PORTABLE_TEST_RUN=$work/run
PULUMI_HOME=$work/home PULUMI_CONFIG_PASSPHRASE=record PULUMI_SKIP_UPDATE_CHECK=1 PULUMI_BACKEND_URL=file://$work/state
export PORTABLE_TEST_RUN PULUMI_HOME PULUMI_CONFIG_PASSPHRASE PULUMI_SKIP_UPDATE_CHECK PULUMI_BACKEND_URL
host=test/hosts/hosts.sh
trap 'test/hosts/hosts.sh down web1 >/dev/null 2>&1 || true; rm -rf "$work" examples/record' EXIT
trap 'exit 130' INT TERM

mkdir "$work/state"
# Beside the examples, whose node_modules it shares.
rm -rf examples/record
cp -R examples/hello examples/record
rm -rf examples/record/node_modules
sed -i 's|path: .*|path: ../../provider|' examples/record/Pulumi.yaml
$host up web1
PORTABLE_SSH_CONFIG=$PORTABLE_TEST_RUN/web1/ssh_config
export PORTABLE_SSH_CONFIG

run() { (cd examples/record && pulumi "$@" --color always --non-interactive 2>&1); }
# What differs between two recordings, or only one machine has, isn't shown.
draw() {
    title=$1
    shift
    sed '/Outputs:/,/^$/d; /updating (/d; /@ updating/d; /pulumi:pulumi:Stack/d; /update failed/d; /provider=urn/d; /Duration/d; /^$/d' "$@" |
        sed -E 's/^(.{190}).+$/\1.../' | node docs/terminal.mjs "$title"
}

(cd examples/record && pulumi stack init demo >/dev/null && pulumi config set host web1)
run up --yes --skip-preview >/dev/null

(cd examples/record && pulumi config set name Ada)
{ echo '$ pulumi preview --diff'; run preview --diff; } >"$work/preview"
draw 'pulumi preview --diff shows NAME: "User" => "Ada"' "$work/preview" >docs/public/preview.svg
(cd examples/record && pulumi config set name User)

sed -i 's/^Description=.*/Description=Hello again/' examples/record/units/hello.service
{ echo '$ pulumi preview --diff'; run preview --diff; } >"$work/preview-unit"
draw 'pulumi preview --diff shows the changed Description= line of hello.service' "$work/preview-unit" >docs/public/preview-unit.svg
run up --yes --skip-preview >/dev/null

# The program no longer finds the directory of its control socket.
sed -i '/^RuntimeDirectory=/d' examples/record/units/hello.service
{ echo '$ pulumi up --yes --skip-preview'; run up --yes --skip-preview || true; } >"$work/rollback"
draw 'pulumi up reports that hello.service failed to start and that the previous image was restored' "$work/rollback" >docs/public/rollback.svg
run destroy --yes --skip-preview >/dev/null
[ -z "${RECORD_KEEP:-}" ] || cp "$work/preview" "$work/preview-unit" "$work/rollback" "$RECORD_KEEP"
