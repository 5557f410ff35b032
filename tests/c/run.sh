#!/bin/sh
# run.sh [--valgrind] PROGRAM... runs each program, shows what failed, and fails if any did.
set -eu
under=
if [ "$1" = --valgrind ]; then
    # The worker thread and what it holds live as long as the process, so only lost memory counts.
    under="valgrind --quiet --error-exitcode=9 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite"
    shift
fi
passed=0
failed=0
for program in "$@"; do
    status=0
    $under "$program" || status=$?
    if [ "$status" -eq 0 ]; then
        passed=$((passed + 1))
    else
        echo "FAILED: $(basename "$program") (status $status)" >&2
        failed=$((failed + 1))
    fi
done
echo "c programs: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
