#!/bin/sh
# Deploys to real hosts with every contender, side by side, and writes docs/how-it-works/benchmarks.md: about 12 minutes.
#   BENCH_ROUNDS, BENCH_ROUNDS_DISTANT, BENCH_ROUNDS_OF_5, BENCH_ROUNDS_OF_10   largest number of rounds of each table
#   BENCH_MB        size of the image in megabytes
#   BENCH_ROUND_TRIP_MS, BENCH_MEGABITS   latency and bandwidth of the line to the distant host
#   BENCH_SECONDS   time after which no further round begins
#   BENCH_ONLY      names of contenders, separated by commas: prints the figures instead of writing them
set -u
cd "$(dirname "$0")/.."
. scripts/own-hosts.sh
use_own_hosts
PATH=$PWD/.toolchain/node_modules/.bin:$PWD/node_modules/.bin:$PATH TMPDIR=$work
export PATH TMPDIR
status=0

tsx bench/main.ts || status=$?

test/hosts/hosts.sh down >/dev/null
nothing_left_behind || status=1
exit $status
