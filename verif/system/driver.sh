#!/usr/bin/env bash
# The driver as it lies in an output folder: compiled by several compilers without a warning, at every level of optimisation without a name that somebody
# else must have; the example of integration.md; and small faults in it, each of which test `driver` must notice.
#   driver.sh QUILLGEN COMPILER                  gcc, or "clang --target=.."; exit status 77 when it is not there
#   driver.sh QUILLGEN mutants TEST_DRIVER
set -euo pipefail
quillgen=$(realpath "$1")
[ "$2" != mutants ] || test=$(realpath "$3")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$quillgen" generate --preset nano --out "$folder/rtl" >/dev/null
cd "$folder/rtl"

# mutant NAME FROM TO: one place of the driver.
tried=0 unnoticed=0
mutant() {
  mkdir -p "$folder/mutant"
  cp quillgen_driver.h quillgen_driver.c quillgen_regs.h "$folder/mutant"
  python3 - "$folder/mutant/quillgen_driver.c" "$2" "$3" <<'P'
import sys
path, old, new = sys.argv[1:]
text = open(path).read()
if text.count(old) != 1: sys.exit(f'stands there {text.count(old)} times: {old}')
open(path, 'w').write(text.replace(old, new))
P
  gcc -std=c11 -shared -fPIC -w -o "$folder/mutant.so" "$folder/mutant/quillgen_driver.c"
  tried=$((tried + 1))
  if { LD_PRELOAD="$folder/mutant.so" timeout 20 "$test" --source-file='*/test_driver.cpp' >"$folder/log" 2>&1; } 2>/dev/null; then
    [ "$1" = none ] || { echo "not noticed: $1"; unnoticed=$((unnoticed + 1)); }
  else
    [ "$1" != none ] || { echo 'the driver itself fails'; cat "$folder/log"; exit 1; }
  fi
}
if [ "$2" = mutants ]; then
  mutant none '== 1u' '== 1u'
  mutant 'id not looked at' '!= QUILLGEN_ID_VALUE' '== 0u'
  mutant 'version not looked at' '!= QUILLGEN_VERSION_VALUE' '== 0u'
  mutant 'the last capability left out' 'i < QUILLGEN_CAPABILITIES;' 'i + 1u < QUILLGEN_CAPABILITIES;'
  mutant 'high half of an address' 'descriptor >> 32' 'descriptor >> 31'
  mutant 'halves of an address exchanged' 'QUILLGEN_DESC_LO, (uint32_t)(descriptor &' 'QUILLGEN_DESC_HI, (uint32_t)(descriptor &'
  mutant 'functions not used' 'device->write32 != NULL' 'false'
  mutant 'a look too many' '*looks == 1u' '*looks == 0xFFFFFFFFu'
  mutant 'looks not counted' '--*looks;' ''
  mutant 'nobody asked whether to wait' '|| device->idle(device->context)' '|| (device->idle(device->context), true)'
  mutant 'a failure behind a refusal' '& QUILLGEN_INT_STATE_FAILED_MASK) != 0u) {' '& QUILLGEN_INT_STATE_FAILED_MASK) == QUILLGEN_INT_STATE_FAILED_MASK && (events & QUILLGEN_INT_STATE_REFUSED_MASK) == 0u) {'
  mutant 'events not kept' 'device->events = events;' ''
  mutant 'interrupts enabled once' 'if (device->interrupts) {
      quillgen_write(device, QUILLGEN_INT_ENABLE, job_events);' 'if (device->interrupts && looks == 1u) {
      quillgen_write(device, QUILLGEN_INT_ENABLE, job_events);'
  mutant 'interrupts left on' '  if (device->interrupts) {
    quillgen_write(device, QUILLGEN_INT_ENABLE, 0u);
  }
  return outcome;' '  return outcome;'
  mutant 'an interrupt that is not ours' 'if (raised == 0u) {' 'if (false) {'
  mutant 'an interrupt not masked' '  quillgen_write(device, QUILLGEN_INT_ENABLE, 0u);
  return true;' '  return true;'
  mutant 'the error of the next job' 'failed ? quillgen_read(device, QUILLGEN_ERROR) : QUILLGEN_ERROR_NONE_CODE' 'quillgen_read(device, QUILLGEN_ERROR)'
  mutant 'events acknowledged that were not seen' 'quillgen_acknowledge(device, device->events & (' 'quillgen_acknowledge(device, (uint32_t)-1 & ('
  mutant 'a step not acknowledged' 'quillgen_acknowledge(device, QUILLGEN_INT_STATE_STEP_MASK);' ''
  mutant 'abort for reset' 'QUILLGEN_CONTROL, QUILLGEN_CONTROL_SOFT_RESET_MASK' 'QUILLGEN_CONTROL, QUILLGEN_CONTROL_ABORT_MASK'
  mutant 'a quarantine that is quiet' 'QUILLGEN_STATUS_BUSY_MASK | QUILLGEN_STATUS_QUARANTINED_MASK |' 'QUILLGEN_STATUS_BUSY_MASK |'
  mutant 'a queue that is quiet' ') == QUILLGEN_STATUS_QUEUE_EMPTY_MASK)' '| QUILLGEN_STATUS_QUEUE_EMPTY_MASK) == QUILLGEN_STATUS_QUEUE_EMPTY_MASK)'
  mutant 'counters read once' 'if (same) {' 'if (true) {'
  mutant 'one counter compared' 'same = same && (value == counters->value[i]);' 'same = (value == counters->value[i]);'
  mutant 'counters further apart' '(4u * i)' '(8u * i)'
  mutant 'a code beyond the texts' '(code < QUILLGEN_ERRORS) ? code' '(code <= QUILLGEN_ERRORS) ? code - 1u'
  echo "$((tried - 1)) faults, $unnoticed not noticed"
  [ "$unnoticed" -eq 0 ]
  exit
fi

read -ra compiler <<<"$2"
[ "${compiler[0]}" != clang ] || ! command -v clang-16 >/dev/null || compiler[0]=clang-16
command -v "${compiler[0]}" >/dev/null || { echo "no ${compiler[0]} here"; exit 77; }
echo 'int nothing;' >"$folder/nothing.c"
"${compiler[@]}" -ffreestanding -c -o "$folder/nothing.o" "$folder/nothing.c" 2>"$folder/log" || { echo "no such target here: $2"; cat "$folder/log"; exit 77; }
flags=(-std=c11 -ffreestanding -nostdlib -Wall -Wextra -Wconversion -pedantic -Werror)
# The example, a program of the page's own lines.
awk '/^## Driver/ { on = 1; next } /^## / { on = 0 } on && /^    / { print substr($0, 5) } on && /^$/ { print }' integration.md >"$folder/example.c"
grep -q quillgen_wait "$folder/example.c" || { echo 'integration.md has no example of the driver'; exit 1; }
for level in -O0 -O1 -O2 -O3 -Os; do
  "${compiler[@]}" "${flags[@]}" "$level" -c -o "$folder/driver.o" quillgen_driver.c
  "${compiler[@]}" "${flags[@]}" "$level" -I. -c -o "$folder/example.o" "$folder/example.c"
  wanted=$(nm -u "$folder/driver.o")
  [ -z "$wanted" ] || { echo "$level: somebody else must have"; echo "$wanted"; exit 1; }
done
# In C++ too, where the header is all that is seen.
case ${compiler[0]} in
  gcc) printf '#include "quillgen_driver.h"\nint main() { return 0; }\n' | g++ -std=c++11 -Wall -Wextra -pedantic -Werror -I. -x c++ -fsyntax-only - ;;
esac
echo "$2: no warning, nothing undefined, $(wc -l <quillgen_driver.c) lines"
