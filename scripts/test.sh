#!/bin/sh
# Runs every test, or the tests of the arguments, and proves that they leave nothing behind.
set -u
cd "$(dirname "$0")/.."
. scripts/own-hosts.sh
status=0
# Programs are type-checked once by `make check`, not at each of their runs.
export PULUMI_NODEJS_TRANSPILE_ONLY=true
# Engines and programs are started some hundred times: most of that is compiling @pulumi/pulumi.
export NODE_COMPILE_CACHE=$PWD/.cache/compiled
[ -n "${PORTABLE_TEST_HOST:-}" ] || use_own_hosts

# Tests wait for hosts more than they compute: three of them keep two processors busy.
jest --ci --maxWorkers=3 "$@" || status=$?

test/hosts/hosts.sh gc
[ -n "${PORTABLE_TEST_HOST:-}" ] || nothing_left_behind || status=1
# `make release`, in any clone on this machine, asks for a tree that passed whole.
if [ $status = 0 ] && [ $# = 0 ] && [ -z "$(git status --porcelain 2>&1)" ]; then
    tested=${PORTABLE_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/portable-test}/tested
    mkdir -p "$tested"
    touch "$tested/$(git rev-parse 'HEAD^{tree}')"
fi
exit $status
