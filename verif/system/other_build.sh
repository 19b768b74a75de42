#!/usr/bin/env bash
# The project built in another way, warnings being errors, in a folder of its own that is removed at the end; then tests of that build.
# Its program writes the same Verilog as the plain one, PROGRAM.
#   other_build.sh SOURCE PROGRAM COMPILER TESTS MESON_OPTION...
# COMPILER is g++, or clang++: the newest one here that has std::source_location. TESTS: `fast`, that suite but for what measures
# times and sizes; `short`, the tests of parts and of nano.
set -euo pipefail
source=$1 program=$2 compiler=$3 tests=$4
shift 4
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

# Compilers evaluate arguments in different orders; what is written must not depend on it.
while read -r preset changes; do
  read -ra changes <<<"$changes"
  "$program" generate --preset "$preset" ${changes[@]+"${changes[@]/#/--set=}"} --out "$folder/plain" >/dev/null
  "$folder/build/generator/cli/quillgen" generate --preset "$preset" ${changes[@]+"${changes[@]/#/--set=}"} --out "$folder/other" >/dev/null
  diff -r "$folder/plain" "$folder/other" >"$folder/log" || { echo "other Verilog of $preset ${changes[*]-}:"; head -n 40 "$folder/log"; exit 1; }
  rm -r "$folder/plain" "$folder/other"
done <<'CONFIGURATIONS'
nano
small
edge
quill
defa
detector
nano feature_cache.policy=region feature_cache.overlap=copy
nano feature_cache.policy=region core.head_lanes=2 gemm.rows=3
nano feature_cache.policy=region feature_cache.overlap=copy feature_cache.kilobytes=2 pruning.max_range=3 feature_cache.region_ranges=[3,1]
nano implementation.reset=async_low implementation.clock_gating=true
nano order.bucket_bits=0 order.window=1 order.distance_units=1
nano feature_cache.ways=1 feature_cache.bypass_distance=4
nano feature_cache.ways=4 feature_cache.replacement=use
CONFIGURATIONS

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
