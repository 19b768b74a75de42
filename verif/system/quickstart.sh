#!/usr/bin/env bash
# tools/quickstart.sh in a folder of its own, all but the build, which is not made again: what it says first and last, that its report is the one shown on
# the front page and, whole, in generator/cli, where that of a layer is too, and its picture the one of the front page; what it leaves, options passed on, a second run, signs of life on a terminal and off it, and what it says of a build or a simulation that fails.
#   quickstart.sh QUILLGEN PROJECT_FOLDER
set -euo pipefail
quillgen=$(realpath "$1") project=$(realpath "$2")
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"
cp -r "$project/tools" .
ln -s "$project/examples" examples
mkdir -p rtl_out/detector bin build # the folder for the RTL is there already
touch build/build.ninja
# In place of the build: the program is there, or the compiler fails.
cat >bin/ninja <<N
#!/bin/sh
[ ! -e "$room/broken" ] || { echo 'FAILED: top.o'; exit 1; }
mkdir -p "$room/build/generator/cli"
[ -e "$room/build/generator/cli/quillgen" ] || ln -s "$quillgen" "$room/build/generator/cli/quillgen"
N
chmod +x bin/ninja
export PATH="$room/bin:$PATH" QUILLGEN_BEAT=1

fail() {
  echo "$*"
  echo 'stdout:'; cat out
  echo 'stderr:'; cat err
  exit 1
}
# run STATUS OPTION..
run() {
  local status=0 expected=$1
  shift
  bash tools/quickstart.sh "$@" >out 2>err </dev/null || status=$?
  [ "$status" -eq "$expected" ] || fail "quickstart $*: exit status $status, not $expected"
}
# The last four lines, the RTL in folder $1.
check_end() {
  tail -n 4 out | sed -n 1p | grep -q "^== the RTL is in $1: " || fail 'where the RTL is'
  tail -n 4 out | sed -n 2p | grep -q '^== objects .* in rtl_out/detector.svg' || fail 'where the picture is'
  tail -n 4 out | sed -n 3p | grep -q '^== proved: .*bit for bit' || fail 'what was proved'
  tail -n 4 out | sed -n 4p | grep -q '^== next: ' || fail 'what to try next'
  grep -q 'gemm_engine.*\.v' "$1/files.f" && [ -s "$1/integration.md" ] || fail "no RTL in $1"
}

run 0
sed '/^== building/,$d' out | grep -q '^== takes about [0-9]* minutes' || fail 'does not say first how long it takes'
sed '/^== building/,$d' out | grep -q '^== installs .* about [0-9]* Debian packages, [0-9]* MB to fetch, [0-9]* MB on disk' || fail 'does not say first what it installs'
grep -q '^bit-exact in every job' out || fail 'no report'
check_end rtl_out/detector
echo 'first run: says what it does, leaves the RTL'

cmp rtl_out/detector.svg "$project/verif/network/scene.svg" || fail 'another picture than that of the front page'
cp out run
report() { sed -n "s/ *\$//; /^$1$2/,/^$1bit-exact in every/s/^$1//p" "$3" | grep .; } # INDENT FIRST_LINE FILE
how="make them again with tools/update_reports.py $quillgen"
report '' 'detector on ' run >printed
report '    ' 'detector on ' "$project/generator/cli/README.md" | diff - printed || fail "generator/cli/README.md shows another report: $how"
report '    ' 'layer ' "$project/README.md" | grep -v '^ *\.\.$' >shown # .. where it is cut
grep -q '^1 scene: AP' shown && ! grep -vxFf printed shown || fail "the front page shows what is not in the report: $how"
"$quillgen" simulate --preset small --workload examples/tiny_detr_enc1.safetensors >layer
report '' 'small on ' layer >printed
report '    ' 'small on ' "$project/generator/cli/README.md" | diff - printed || fail "generator/cli/README.md shows another report of a layer: $how"
echo 'reports and picture are those on the pages'

before=$(stat -c %i rtl_out/detector/files.f)
run 0 --stall 30 --seed 7 --json result.json
grep -q '^scene 0, seed 7, stall 30 %' out || fail 'options are not passed on'
[ "$(stat -c %i rtl_out/detector/files.f)" != "$before" ] || fail 'the RTL is not written anew'
check_end rtl_out/detector
echo 'second run, with options: replaces its RTL'

next=$(sed -n 's/^== next: \(build[^,]*\),.*/\1/p' out)
[ -n "$next" ] && $next >next.out || fail "what to try next does not work: $next"
echo "next: $next works"

run 0 --keep elsewhere
check_end elsewhere
echo "another place for the RTL: --keep"
run 0 --rtl=elsewhere --scenes=1:2
grep -q '^scene 1, ' out || fail 'another scene'
check_end elsewhere
run 0 --rtl elsewhere --svg mine.svg
[ -s mine.svg ] && ! grep -q 'drawn in' out || fail 'another picture'
echo 'other scenes, another picture'

echo '// mine' >>rtl_out/detector/files.f
run 2
grep -q 'files.f was edited' err && ! grep -q '^== proved' out || fail 'an edited file'
rm -r rtl_out/detector

# A simulation that takes a while, and fails.
printf '#!/bin/sh\nsleep 2.5\necho "$0: mismatch" >&2\nexit "${SIMULATED:-1}"\n' >fake
chmod +x fake
ln -sf "$room/fake" build/generator/cli/quillgen
run 1
grep -q '^ *2 s: Verilator' err || fail 'no sign of life'
! grep -q '^== proved' out || fail 'a mismatch is called a proof'
SIMULATED=3 run 3
grep -q 'Debian 13: g++' err || fail 'a fault: does not say what was tested'
echo 'a long run shows that it works; failures: their status, and no proof'

touch broken
run 2
grep -q 'top.o' out && grep -q 'Debian 12: g++ 12.2' err && grep -q 'Debian 13: g++ 14.2' err && grep -q "meson $(meson --version)" err &&
  tail -n 1 err | grep -q '^quickstart.sh: the build failed' || fail 'a build that fails: does not say what was tested, and what is here'
echo 'a build that fails: what was tested, and what is here'
rm broken

# On a terminal a line that overwrites itself.
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then # not where there is no /dev/pts
  cat >slow.sh <<'S'
. tools/environment.sh
what() { echo 'Unpacking verilator'; }
watched what sh -c 'sleep 2.5; exit 5' || echo "status $?"
S
  script -qec 'bash slow.sh' /dev/null >out </dev/null
  grep -q $'\r.*2 s: Unpacking verilator' out && grep -q 'status 5' out && [ "$(tr -d '\r' <out | wc -l)" -eq 1 ] || fail 'no line on a terminal'
  echo 'a terminal: one line that overwrites itself'
fi
