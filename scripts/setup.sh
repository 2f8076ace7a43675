#!/bin/sh
# Installs what building, testing and the demo need: Debian packages, Node.js, npm packages, the bundle. A part that is
# there already is left alone. `setup.sh test` also installs what only tests need, `setup.sh release` what makes packages.
set -eu
cd "$(dirname "$0")/.."

packages="mmdebstrap debian-archive-keyring systemd-container iproute2 openssh-client util-linux mount procps squashfs-tools
    gcc libc6-dev ca-certificates curl git shellcheck"
[ "${1:-}" != test ] || packages="$packages nix-bin erofs-utils zstd skopeo python3-venv tzdata busybox"
[ "${1:-}" != release ] || packages="$packages python3-venv"

needed() {
    for package in $packages; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || echo "$package"
    done
    command -v npm >/dev/null || echo npm
    if [ "${1:-}" = release ]; then
        command -v javac >/dev/null || echo default-jdk-headless
        command -v mvn >/dev/null || echo maven
    fi
}

missing=$(needed "$@")
if [ -n "$missing" ]; then
    echo "Installing Debian packages: $(echo $missing)"
    as_root=
    [ "$(id -u)" = 0 ] || as_root="sudo"
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

# Unpacked, not installed: these packages would start a registry and a Kerberos server on this machine. What they depend
# on and this machine lacks comes with them.
unpack() {
    directory=${PORTABLE_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/portable-test}/$1
    shift
    [ ! -d "$directory" ] || return 0
    rm -rf "$directory.unfinished"
    mkdir -p "$directory.unfinished/archives/partial"
    as_root=
    [ "$(id -u)" = 0 ] || as_root="sudo"
    $as_root apt-get install -qq --yes --no-install-recommends --download-only --reinstall \
        -o APT::Sandbox::User=root -o "Dir::Cache::archives=$directory.unfinished/archives" "$@" >/dev/null
    for archive in "$directory.unfinished"/archives/*.deb; do dpkg-deb -x "$archive" "$directory.unfinished"; done
    $as_root rm -rf "$directory.unfinished/archives"
    mv "$directory.unfinished" "$directory"
}
if [ "${1:-}" = test ]; then
    unpack docker-registry docker-registry
    unpack logins krb5-kdc krb5-admin-server krb5-user softhsm2
fi

# Debian's own Node.js may be too old for @pulumi/pulumi.
major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')
if [ "${major:-0}" -lt 22 ] && [ ! -x .toolchain/node_modules/.bin/node ]; then
    case $(uname -m) in
        x86_64) architecture=x64 ;;
        aarch64) architecture=arm64 ;;
        *) echo "setup: no Node.js 22 or later, and none to be had for $(uname -m): install it" >&2; exit 1 ;;
    esac
    echo "Installing Node.js 24 in .toolchain"
    npm install --silent --no-audit --no-fund --prefix .toolchain "node-linux-$architecture@24" >/dev/null
fi
PATH=$PWD/.toolchain/node_modules/.bin:$PWD/node_modules/.bin:$PATH
export PATH

if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
    echo "Installing npm packages"
    npm ci --silent --no-audit --no-fund --ignore-scripts
    touch node_modules/.package-lock.json
fi

npm run --silent build >/dev/null
[ examples/hello/bin/hello -nt examples/hello/hello.c ] || npm run --silent build --workspace examples/hello
