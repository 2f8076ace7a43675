#!/bin/sh
# Prints the directory of a `go` that builds scripts/sdk-gen and examples/caddyplugins. Where there is none, the Go of Debian (too old
# itself) brings a current one along in .toolchain/go, as the Go module that the toolchain is published as: its digest is
# checked against Go's checksum database.
set -eu
cd "$(dirname "$0")/.."
version=1.26.8
# The module that wants the latest Go.
module=scripts/sdk-gen/current

suits() {
    found=$(cd "$module" && "$1" version 2>/dev/null | sed -n 's/^go version go\([0-9.]*\).*/\1/p')
    wanted=$(sed -n 's/^go //p' "$module/go.mod")
    [ -n "$found" ] && [ "$(printf '%s\n' "$wanted" "$found" | sort -V | head -n 1)" = "$wanted" ]
}

for go in go "$PWD/.toolchain/go/bin/go"; do
    if suits "$go"; then
        dirname "$(command -v "$go")"
        exit
    fi
done

case $(uname -m) in
    x86_64) architecture=amd64 ;;
    aarch64) architecture=arm64 ;;
    *) echo "go: no Go $version, and none to be had for $(uname -m): install it" >&2; exit 1 ;;
esac
if ! command -v go >/dev/null; then
    as_root=
    [ "$(id -u)" = 0 ] || as_root="sudo"
    $as_root apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends golang-go ca-certificates >/dev/null
fi
echo "Installing Go $version in .toolchain" >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
GOFLAGS=-modcacherw GOMODCACHE=$work/modules GOPATH=$work/path \
    go mod download "golang.org/toolchain@v0.0.1-go$version.linux-$architecture"
cd "$OLDPWD"
made=$work/modules/golang.org/toolchain@v0.0.1-go$version.linux-$architecture
# A module has no permissions of its own.
find "$made/bin" "$made/pkg/tool" -type f -exec chmod +x {} +
mkdir -p .toolchain
rm -rf .toolchain/go
mv "$made" .toolchain/go
echo "$PWD/.toolchain/go/bin"
