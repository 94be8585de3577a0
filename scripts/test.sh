#!/usr/bin/env bash
# Runs the tests, three files at a time, for most of them wait for clocks; what fails is run again, alone.
#
# The tests run real servers on real clocks. On a machine whose processors are taken away for seconds (a shared one,
# as seen by the "steal" of vmstat), polls miss their deadlines as they would in production, and the test says so.
# A fault in the code fails alone, too; what passes alone is named at the end, so that nobody takes it for sound.
set -uo pipefail
cd "$(dirname "$0")/.."
readonly ATTEMPTS=3
readonly PAUSE=20 # seconds, for a machine that is short of breath
readonly MOST=50  # failed tests; more are a fault that another attempt does not mend

kept=.headroom/pytest # as in pyproject.toml
rm -rf "$kept"
pytest() { .venv/bin/pytest "$@"; }
failed() { sed -n 's/^  "\(.*\)": true,\{0,1\}$/  \1/p' "$kept/v/cache/lastfailed" 2>/dev/null; }

# In the order of their names: by default the files with few tests come last, and those are the long ones.
pytest -n 3 --dist loadfile --no-loadscope-reorder "$@"
result=$?
first=$(failed)
# 1: tests failed. Everything else (interrupted, wrong usage, nothing collected) is not mended by another attempt.
for ((attempt = 2; attempt <= ATTEMPTS && result == 1 && $(failed | wc -l) <= MOST; attempt++)); do
  printf '\nThese failed and run again, alone (attempt %d of %d):\n%s\n' "$attempt" "$ATTEMPTS" "$(failed)"
  sleep "$PAUSE"
  pytest -n 0 --last-failed --last-failed-no-failures none "$@"
  result=$?
done
if [ -n "$first" ] && [ "$result" -eq 0 ]; then
  printf '\nFailed beside others and passed alone:\n%s\n' "$first"
fi
exit "$result"
