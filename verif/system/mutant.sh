#!/usr/bin/env bash
# One mutant: RTL of nano with one place changed must not pass `simulate`. When find and replacement are equal it must.
#   mutant.sh QUILLGEN WORK FILE FIND REPLACEMENT [PATH=VALUE | --OPTION=VALUE]...
# WORK is a workload file, or shapes of dense jobs. FILE may be a pattern (names of modules carry parameters). FIND stands exactly once in the file. PATH=VALUE change nano's parameters, --OPTION=VALUE are of the simulation.
set -euo pipefail
quillgen=$1 work=$2 file=$3 find=$4 replacement=$5
shift 5
sets=() options=()
for argument; do
  case $argument in
    --*) options+=("$argument") ;;
    *) sets+=("--set=$argument") ;;
  esac
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
die() {
  printf '%s\n' "$*" >&2
  exit 1
}

"$quillgen" generate --preset nano "${sets[@]}" --out "$folder/rtl" >/dev/null
matches=("$folder"/rtl/$file)
[ ${#matches[@]} -eq 1 ] && [ -f "${matches[0]}" ] || die "not one file: $file"
text=$(<"${matches[0]}")
case $text in
  *"$find"*"$find"*) die "more than once in $file: $find" ;;
  *"$find"*) ;;
  *) die "not in $file: $find" ;;
esac
printf '%s\n' "${text/"$find"/"$replacement"}" >"${matches[0]}"

if [ -e "$work" ]; then work=(--workload "$work"); else work=(--dense "$work" --relu); fi

# Several conditions of the memory on one simulator: slow and fast, always ready and stalling.
status=0
output=$("$quillgen" simulate --rtl "$folder/rtl" "${work[@]}" "${options[@]}" --stall 0,40 --latency 1,20,200 --seed 1 --quick-build 2>&1) || status=$?
expected=1
[ "$find" != "$replacement" ] || expected=0
[ "$status" -eq "$expected" ] || die "$output
exit status $status, expected $expected"
grep -oE '(quillgen: mismatch|bit-exact).*' <<<"$output" # not at the start of a line: the two streams are not flushed together
