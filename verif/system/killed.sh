#!/usr/bin/env bash
# Runs that are killed (SIGKILL), lose their terminal (SIGHUP) or their reader (SIGPIPE), and runs into one folder at the same time: the next run works
# as if they had never been, and removes what they left.   killed.sh QUILLGEN LAYER
set -euo pipefail
quillgen=$(realpath "$1") layer=$(realpath "$2")
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"
mkdir temporary waves
export TMPDIR=$room/temporary
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
generate() { "$quillgen" generate --preset "$1" --out "$2" >out 2>&1 || fail "generate into $2: $(cat out)"; }
# beside FOLDER: what is there besides the folder and the reference.
beside() { find place -mindepth 1 -maxdepth 1 ! -name rtl; find place -name '*quillgen*tmp*' -o -name '.quillgen*'; }

# Into a new folder, and over an older output, killed while it writes.
generate nano fresh_nano
generate small fresh_small
hit=0
for i in $(seq 1 16); do
  rm -rf place
  mkdir place
  [ $((i % 2)) -eq 0 ] || cp -r fresh_small place/rtl
  "$quillgen" generate --preset nano --out place/rtl >out 2>&1 &
  while [ -d "/proc/$!" ] && ! compgen -G 'place/rtl?*' >list && ! compgen -G 'place/rtl/.quillgen*' >list; do :; done
  kill -KILL $! 2>/dev/null || true
  wait $! 2>/dev/null || true
  [ -z "$(beside)" ] || hit=$((hit + 1))
  generate nano place/rtl
  diff -r place/rtl fresh_nano || fail "after a kill: see above"
  [ -z "$(beside)" ] || fail "left: $(beside)"
done
[ "$hit" -gt 0 ] || fail 'no run was killed while it wrote'
# As one leaves it that was killed while it wrote, and while it moved its files: the manifest, and some that are gone already.
rm -rf place
mkdir -p place/rtl.quillgen.tmp/.quillgen.tmp
cp fresh_small/p* place/rtl.quillgen.tmp/.quillgen.tmp
generate nano place/rtl
cp -r fresh_small place/rtl/.quillgen.tmp
rm place/rtl/.quillgen.tmp/pe.v
generate nano place/rtl
diff -r place/rtl fresh_nano && [ -z "$(beside)" ] || fail "left: $(beside)"
cp -r fresh_small place/rtl/.quillgen.tmp
touch place/rtl/.quillgen.tmp/.quillgen.whole
for file in manifest.json pe.v; do mv "place/rtl/.quillgen.tmp/$file" "place/rtl/$file"; done
for file in place/rtl/*; do [ -e "fresh_small/${file##*/}" ] || rm "$file"; done
generate nano place/rtl
diff -r place/rtl fresh_nano && [ -z "$(beside)" ] || fail "left: $(beside)"
echo "$hit killed while they wrote RTL: no trace of it"

# At once, into a folder that is not there yet and into one that is.
for round in 1 2 3; do
  [ $((round % 2)) -eq 0 ] || rm -rf place/rtl
  runs=()
  for preset in nano small nano small nano small; do "$quillgen" generate --preset $preset --out place/rtl >"out.$preset.${#runs[@]}" 2>&1 & runs+=($!); done
  for run in "${runs[@]}"; do wait "$run" || fail "one of many runs: $(cat out.*)"; done
  diff -rq place/rtl fresh_nano >diff || diff -rq place/rtl fresh_small >diff || fail "of many runs: $(cat diff)"
  [ -z "$(beside)" ] || fail "left: $(beside)"
  rm out.*
done
echo '18 runs into one folder: one after the other'

# A simulation that takes long: until its waveform grows it has made all its folders.
simulate=("$quillgen" simulate --preset nano --workload "$layer" --quick-build)
"${simulate[@]}" --trace waves/ready.fst >out
rm waves/ready*
left() { find temporary waves -mindepth 1 | tr '\n' ' '; }
long() { exec "$@" "${simulate[@]}" --latency 100000 --trace waves/long.fst; } # through a command, if one is given
until_it_runs() {
  for _ in $(seq 1 600); do compgen -G "waves/quillgen.*/trace.fst" >/dev/null && return; sleep 0.1; done
  fail "does not start: $(cat long.out)"
}
ended() { # RUN STATUS
  local status=0
  wait "$1" || status=$?
  [ "$status" -eq "$2" ] || fail "exit status $status, not $2: $(cat long.out)"
}
long env --default-signal=HUP >long.out 2>&1 & run=$! # also where the test itself is run by nohup
until_it_runs
kill -HUP $run
ended $run 130
rm waves/long*
[ -z "$(left)" ] || fail "left after SIGHUP: $(left)"
(trap '' HUP; long) >long.out 2>&1 & run=$!
until_it_runs
kill -HUP $run
sleep 0.5
kill -0 $run || fail 'nohup: was ended by SIGHUP'
alive=$(left)
"${simulate[@]}" --trace waves/short.fst >out
for folder in $alive; do [ -e "$folder" ] || fail "$folder: was removed while a run had it"; done
kill -KILL $run
ended $run 137
"${simulate[@]}" --trace waves/short.fst >out
rm waves/short*
[ -z "$(left)" ] || fail "left after SIGKILL: $(left)"
echo 'SIGHUP leaves nothing, SIGKILL nothing for long'

# A closed pipe ends it as it ends others, with nothing on stderr.
set +o pipefail
status=$({ "${simulate[@]}" --seed 1,2,3 2>pipe.err; echo $? >pipe.status; } | true; cat pipe.status)
[ "$status" -eq 141 ] && [ ! -s pipe.err ] && [ -z "$(left)" ] || fail "closed pipe: exit status $status, $(cat pipe.err) $(left)"

# A build that is killed, and compilers that outlive it: what they work in is left to them.
mkdir tools cache
for tool in verilator g++; do
  printf '#!/bin/sh\n[ "$1" = --version ] && exec echo tool\n[ -e %s/quick ] || sleep 4\necho broken; exit 1\n' "$room" >tools/$tool
done
chmod +x tools/*
build() { exec env XDG_CACHE_HOME="$room/cache" PATH="$room/tools:$PATH" "${simulate[@]}"; }
(build) >build.out 2>&1 & run=$!
for _ in $(seq 1 300); do compgen -G 'cache/quillgen/quillgen.*/shim.cpp' >/dev/null && break; sleep 0.05; done
sleep 0.3
kill -KILL $run
wait $run || true
killed=$(echo cache/quillgen/quillgen.*)
touch quick
(build) >build.out 2>&1 || true
[ -d "$killed" ] || fail 'the folder of a build was removed while its tool ran'
sleep 4
(build) >build.out 2>&1 || true
[ -z "$(find cache -name 'quillgen.*')" ] || fail "left in the cache: $(find cache -name 'quillgen.*')"
echo 'a killed build: removed once its tools have ended'
