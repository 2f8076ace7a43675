#!/bin/sh
# Deploys to real hosts in every way that is there, side by side, and writes docs/how-it-works/benchmarks.md: about 12 minutes.
#   BENCH_ROUNDS, BENCH_ROUNDS_DISTANT, BENCH_ROUNDS_OF_5   most rounds of each table    BENCH_MB   megabytes of the image
#   BENCH_ROUND_TRIP_MS, BENCH_MEGABITS   how far the distant host is, and by what line
#   BENCH_SECONDS   when to begin no further round           BENCH_ONLY   names, by commas: only prints
set -u
cd "$(dirname "$0")/.."
PATH=$PWD/.toolchain/node_modules/.bin:$PWD/node_modules/.bin:$PATH
work=$(mktemp -d)
PORTABLE_TEST_RUN=$work/run TMPDIR=$work
export PATH PORTABLE_TEST_RUN TMPDIR
status=0
trap 'exit 130' INT TERM
trap 'test/hosts/hosts.sh down >/dev/null; rm -rf "$work"' EXIT

tsx bench/main.ts || status=$?

test/hosts/hosts.sh down >/dev/null
left=$(test/hosts/hosts.sh leftovers)
if [ -n "$left" ]; then
    echo "Left behind by the benchmark:"
    echo "$left"
    status=1
fi
exit $status
