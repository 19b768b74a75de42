#!/usr/bin/env bash
# Prints the mutants of each module of rtl_out/nano and of presets defa and detector; every module has one, but for the wrappers of memories and the check of
# streams, which are no part of the hardware. Modules of one kind whose names end in other widths count as one.
#   mutants_cover.sh QUILLGEN SOURCE SCRIPT.. -- 'FILE: NAME'...     SCRIPT has a line a mutant: mutant 'NAME' [noise|x] FILE ..; FILE may be a pattern
set -euo pipefail
quillgen=$1 source=$2
shift 2
scripts=()
while [ "$1" != -- ]; do scripts+=("$1"); shift; done
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$quillgen" generate --preset detector --out "$folder/detector" >/dev/null
"$quillgen" generate --preset defa --out "$folder/defa" >/dev/null

found=$(sed -nE "s/^ *mutant '([^']+)' ((noise|x) )?([a-z_]+\.v) .*/\4: \1/p" "${scripts[@]}" | grep -v ': none')
[ "$(wc -l <<<"$found")" -ge 40 ] || { echo "few mutants in ${scripts[*]}: $found" >&2; exit 1; }
mapfile -t more <<<"$found"
mutants=("$@" "${more[@]}")
kind() { sed -E 's/(_of)?_[0-9*].*//' <<<"${1%.v}"; } # requantise of requantise_18_to_8.v and of requantise_*.v

declare -A named=()
for mutant in "${mutants[@]}"; do
  of=$(kind "${mutant%%: *}")
  named[$of]+="${named[$of]:+, }${mutant#*: }"
done
status=0 modules=0
for module in $(for path in "$source"/rtl_out/nano/*.v "$folder"/detector/*.v "$folder"/defa/*.v; do kind "${path##*/}"; done | sort -u); do
  case $module in sram | regfile | stream_check) continue ;; esac
  modules=$((modules + 1))
  printf '%-20s %s\n' "$module" "${named[$module]:-NONE}"
  [ -n "${named[$module]:-}" ] || status=1
done
echo "$modules modules, ${#mutants[@]} mutants"
[ "$status" -eq 0 ] || echo 'a module without a mutant: add one to verif/system/mutants/meson.build or to one of the scripts' >&2
exit "$status"
