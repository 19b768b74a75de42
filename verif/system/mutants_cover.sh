#!/usr/bin/env bash
# Prints the mutants of each module of rtl_out/nano; every module has one, but for the wrappers of memories and the check of
# streams, which are no part of the hardware.
#   mutants_cover.sh SOURCE 'FILE: NAME'...   FILE may be a pattern
set -euo pipefail
source=$1
shift
status=0 modules=0
for path in "$source"/rtl_out/nano/*.v; do
  file=${path##*/}
  case $file in *_1r1w.v | stream_check.v) continue ;; esac
  names=()
  for mutant in "$@"; do
    # shellcheck disable=SC2053 # a pattern
    [[ $file != ${mutant%%: *} ]] || names+=("${mutant#*: }")
  done
  modules=$((modules + 1))
  printf '%-28s %s\n' "${file%.v}" "$(printf '%s, ' "${names[@]:-NONE}" | sed 's/, $//')"
  [ ${#names[@]} -gt 0 ] || status=1
done
echo "$modules modules, $# mutants"
[ "$status" -eq 0 ] || echo 'a module without a mutant: add one to verif/system/mutants/meson.build' >&2
exit "$status"
