#!/bin/sh
# What takes longer than a run of the tests may: every step of an update with every way to die, on both suites, a week of
# releases, and the other ways to update under the same load. An hour or two; the figures go into docs/how-it-works/updates.md.
#   scripts/soak.sh [TEST]...   only these: kill-points, power-off, releases, deploys, caddy; their figures are printed alone
set -u
cd "$(dirname "$0")/.."
PATH=$PWD/.toolchain/node_modules/.bin:$PWD/node_modules/.bin:$PATH
work=$(mktemp -d)
PORTABLE_TEST_RUN=$work/run PORTABLE_FIGURES=$work/figures PORTABLE_SOAK=1
export PATH PORTABLE_TEST_RUN PORTABLE_FIGURES PORTABLE_SOAK
status=0
trap 'exit 130' INT TERM
trap 'test/hosts/hosts.sh down >/dev/null; rm -rf "$work"' EXIT

tests=
for name; do tests="$tests test/resilience/$name"; done
# One after the other: figures of hosts that work at the same time would tell of each other.
jest --runInBand ${tests:-test/resilience} || status=$?
[ $# -gt 0 ] && cat "$work/figures" || tsx test/resilience/write-figures.ts "$work/figures" docs/how-it-works/updates.md || status=$?

test/hosts/hosts.sh down >/dev/null
left=$(test/hosts/hosts.sh leftovers)
if [ -n "$left" ]; then
    echo "Left behind:"
    echo "$left"
    status=1
fi
exit $status
