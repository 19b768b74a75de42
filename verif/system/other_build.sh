#!/usr/bin/env bash
# The project built in another way, warnings being errors, in a folder of its own that is removed at the end; then tests of that build.
#   other_build.sh SOURCE COMPILER TESTS MESON_OPTION...
# COMPILER is g++, or clang++: the newest one here that has std::source_location. TESTS: `fast`, that suite but for what measures
# times and sizes; `short`, the tests of parts and of nano.
set -euo pipefail
source=$1 compiler=$2 tests=$3
shift 3
export LANG=C.UTF-8
if [ "$compiler" = clang++ ]; then
  compiler=
  for name in clang++ $(compgen -c clang++- | sort -u -t- -k2 -rn); do
    printf '#include <source_location>\nint main() { return std::source_location::current().line() == 0; }\n' |
      "$name" -std=c++20 -fsyntax-only -x c++ - 2>/dev/null && compiler=$name && break
  done
  [ -n "$compiler" ] || { echo 'skipped: no clang with std::source_location; install the Debian package clang-16 (Debian 12) or clang'; exit 77; }
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
CXX=$compiler meson setup --werror "$@" "$folder/build" "$source" >"$folder/log" || { cat "$folder/log"; exit 1; }
"$compiler" --version | head -n 1
ninja -C "$folder/build" all meson-test-prereq >"$folder/log" || { tail -n 60 "$folder/log"; exit 1; }

# Simulators are built as ever and come from the cache; limits of time and size are for the plain build.
mapfile -t all < <(meson test -C "$folder/build" --list --suite fast 2>/dev/null | sed 's,^[^/]* / ,,')
case "$tests" in
  fast) chosen=() ; for name in "${all[@]}"; do [[ $name =~ ^(build time|generation|hdl_scaling|program size)$ ]] || chosen+=("$name"); done ;;
  short) mapfile -t chosen < <(printf '%s\n' "${all[@]}" | grep -vE '^(build time|generation|hdl_scaling|program size)$' |
    grep -E '^([a-z_]+|blocks.*|matrix nano|simulate small dense|reference output|lint nano|random netlists.*)$') ;;
  *) echo "TESTS is fast or short, not $tests"; exit 2 ;;
esac
status=0
meson test -C "$folder/build" --no-rebuild --print-errorlogs --timeout-multiplier 10 "${chosen[@]}" >"$folder/out" 2>&1 || status=$?
tail -n 400 "$folder/out"
[ "$status" -eq 0 ] && grep -qE '^Ok: +[1-9]' "$folder/out"
