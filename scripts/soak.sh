#!/bin/sh
# Tests that take longer than a usual run: every step of an update with every way to die, on each suite, a release for each
# hour of a week, and the other ways to update under the same load. An hour or two; the figures go into docs/how-it-works/updates.md.
#   scripts/soak.sh [TEST]...   only these of kill-points, power-off, releases, deploys and caddy; prints their figures
set -u
cd "$(dirname "$0")/.."
. scripts/own-hosts.sh
use_own_hosts
PATH=$PWD/.toolchain/node_modules/.bin:$PWD/node_modules/.bin:$PATH
PORTABLE_FIGURES=$work/figures PORTABLE_SOAK=1
export PATH PORTABLE_FIGURES PORTABLE_SOAK
status=0

tests=
for name; do tests="$tests test/resilience/$name"; done
# One after the other: hosts that work at the same time would change each other's figures.
jest --runInBand ${tests:-test/resilience} || status=$?
# A run that was ended early has none, and must not be written as one of all tests.
if [ $# -gt 0 ]; then cat "$work/figures" || status=$?
else tsx test/resilience/write-figures.ts "$work/figures" docs/how-it-works/updates.md || status=$?
fi

test/hosts/hosts.sh down >/dev/null
nothing_left_behind || status=1
exit $status
