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
