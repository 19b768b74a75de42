# Sourced: the four-state bench in a temporary folder, $folder. $make_jobs is the program.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# bench_jobs noise|x WORK...: the jobs, for the design in $folder/rtl; in $folder.
bench_jobs() { "$make_jobs" "$folder/rtl" "$folder" "$@"; }

# bench_build RTL: the simulator of that folder.
bench_build() {
  (cd "$1" && iverilog -g2005 -s bench -o "$folder/sim" -I "$folder" -DQUILLGEN_SRAM_MACRO=strict_sram \
    -DQUILLGEN_REGFILE_MACRO=strict_regfile "$here/bench.v" "$here/strict_memories.v" -c files.f)
}

# bench_run noise|x [+seed=N] [+stall=PERCENT] [+first]: prints what the bench says; fails unless it passes.
bench_run() {
  local padding=$1 output
  shift
  [ "$padding" = noise ] || set -- "$@" +padding
  output=$(cd "$folder" && vvp -N sim "$@")
  printf '%s\n' "$output"
  [[ $output == *PASSED* ]]
}

status=0

# mutant NAME noise|x FILE FIND REPLACEMENT: the design in $folder/rtl with one place changed runs the jobs of $work until one is wrong, and must not
# pass: otherwise $status is 1. FIND stands once in the file; when it is the replacement too, the bench must pass. With TEXTS_ONLY in the environment
# nothing more than that is looked at.
mutant() {
  local name=$1 padding=$2 file=$3 find=$4 replacement=$5 text result=noticed expected=noticed
  rm -rf "$folder/mutant"
  cp -r "$folder/rtl" "$folder/mutant"
  text=$(<"$folder/rtl/$file")
  case $text in
    *"$find"*"$find"*) echo "more than once in $file: $find" >&2; status=1; return ;;
    *"$find"*) ;;
    *) echo "not in $file: $find" >&2; status=1; return ;;
  esac
  [ -z "${TEXTS_ONLY:-}" ] || return 0
  printf '%s\n' "${text/"$find"/"$replacement"}" >"$folder/mutant/$file"
  bench_jobs "$padding" "${work[@]}"
  bench_build "$folder/mutant"
  bench_run "$padding" +first >"$folder/log" && result=passed
  [ "$find" != "$replacement" ] || expected=passed
  printf '%-24s %s\n' "$name" "$result: $(grep -m 1 -E 'error|does not end|PASSED' "$folder/log")"
  [ "$result" = "$expected" ] || status=1
}
