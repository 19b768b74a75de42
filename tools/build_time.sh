#!/usr/bin/env bash
# What a clean build costs: CPU seconds of all compilers and linkers, without ccache, and the size of the program.
#   tools/build_time.sh [MESON_OPTION..]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export CCACHE_DISABLE=1
meson setup "$@" "$folder/build" "$root" >"$folder/log" 2>&1 || { cat "$folder/log"; die 'meson setup failed'; }
TIMEFORMAT='%U %S'
{ time ninja -C "$folder/build" all meson-test-prereq >"$folder/log" 2>&1 || touch "$folder/failed"; } 2>"$folder/times"
[ ! -e "$folder/failed" ] || { tail -n 60 "$folder/log"; die 'the build failed'; }
awk -v bytes="$(stat -c %s "$folder/build/generator/cli/quillgen")" \
  '{ printf "%.0f CPU seconds, %.1f MB program\n", $1 + $2, bytes / 1e6 }' "$folder/times"
