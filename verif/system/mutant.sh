#!/usr/bin/env bash
# One mutant: the RTL of nano with one place changed must not pass `simulate`. When find and replacement are equal it must.
#   mutant.sh QUILLGEN WORKLOAD FILE FIND REPLACEMENT
# FILE may be a pattern (names of modules carry parameters). FIND stands exactly once in the file.
set -euo pipefail
quillgen=$1 workload=$2 file=$3 find=$4 replacement=$5
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
die() {
  printf '%s\n' "$*" >&2
  exit 99
}

"$quillgen" generate --preset nano --out "$folder/rtl" >/dev/null
matches=("$folder"/rtl/$file)
[ ${#matches[@]} -eq 1 ] && [ -f "${matches[0]}" ] || die "not one file: $file"
text=$(<"${matches[0]}")
case $text in
  *"$find"*"$find"*) die "more than once in $file: $find" ;;
  *"$find"*) ;;
  *) die "not in $file: $find" ;;
esac
printf '%s\n' "${text/"$find"/"$replacement"}" >"${matches[0]}"

# Two conditions of the memory on one simulator: always ready, and stalling.
status=0
output=$("$quillgen" simulate --rtl "$folder/rtl" --workload "$workload" --stall 0,40 --latency 20 --seed 1 2>&1) || status=$?
expected=1
[ "$find" != "$replacement" ] || expected=0
if [ "$status" -eq "$expected" ]; then
  grep -E '^(quillgen: mismatch|bit-exact)' <<<"$output"
else
  printf '%s\nexit status %s, expected %s\n' "$output" "$status" "$expected"
  exit 1
fi
