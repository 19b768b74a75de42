#!/usr/bin/env bash
# Builds everything and runs the tests. The last line counts them: N passed, N failed.
#   tools/test.sh           the fast suite
#   tools/test.sh --slow    the slow one as well
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
suites=(--suite fast)
case "${1:-}" in
  '') ;;
  --slow) suites+=(--suite slow) ;;
  *) die "unknown option $1; the only one is --slow" ;;
esac

bash "$root/tools/setup.sh" --tests
# What Debian 13 has no more (the cells of --area), and what cannot be installed, skips its tests.
[ "${#suites[@]}" -eq 2 ] || for extra in --area --slurm --clang --torch; do bash "$root/tools/setup.sh" "$extra" || say "without what setup.sh $extra installs"; done
cd "$root"
configure
say 'building'
build all meson-test-prereq # newer Meson leaves what only tests need out of `all`
say 'testing'
status=0
rm -f build/meson-logs/testlog.json
# A line for each test as it ends; the output of those that fail.
meson test -C build --no-rebuild --print-errorlogs "${suites[@]}" || status=$?

log=build/meson-logs/testlog.json # a line for each test
count() { { grep -cE "\"result\": \"($1)\"" "$log" 2>/dev/null || true; } }
passed=$(count 'OK|EXPECTEDFAIL')
skipped=$(count 'SKIP')
all=$(count '[A-Z]+')
failed=$((${all:-0} - ${passed:-0} - ${skipped:-0}))
if [ "${passed:-0}" -eq 0 ] || { [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; }; then
  echo 'no test ran to its end' >&2
  [ "$status" -ne 0 ] || status=1
fi
[ "${skipped:-0}" -eq 0 ] || printf '%s skipped\n' "$skipped"
printf '%s passed, %s failed\n' "${passed:-0}" "$failed"
[ "$failed" -eq 0 ] || status=1
exit "$status"
