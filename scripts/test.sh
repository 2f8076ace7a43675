#!/bin/sh
# Runs every test, and proves that nothing of it is left behind.
set -u
cd "$(dirname "$0")/.."
status=0
# Programs are type-checked once by `make check`, not at each of their runs.
export PULUMI_NODEJS_TRANSPILE_ONLY=true
# Hosts of its own, beside those that a developer keeps up.
if [ -z "${PORTABLE_TEST_HOST:-}" ]; then
    PORTABLE_TEST_RUN=$(mktemp -d)/run
    export PORTABLE_TEST_RUN
    trap 'rmdir "${PORTABLE_TEST_RUN%/run}"' EXIT
fi

# Tests wait for hosts more than they compute.
jest --ci --maxWorkers=2 "$@" || status=$?

test/hosts/hosts.sh gc
left=$(test/hosts/hosts.sh leftovers)
if [ -n "$left" ] && [ -z "${PORTABLE_TEST_HOST:-}" ]; then
    echo "Left behind by the tests:"
    echo "$left"
    status=1
fi
exit $status
