#!/usr/bin/env bash
# An exercise: a change that alters the Verilog passes, is written to the folder and shown there, and nothing else is touched nor offered to be; a
# wrong result fails; the waveform says what the counter does.   exercise.sh COUNTER CHANGED_COUNTER WRONG_COUNTER LESSONS
set -euo pipefail
lesson=$1 changed=$2 wrong=$3 lessons=$4
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
fail() { echo "FAILED: $*"; cat "$room/out"; exit 1; }
before=$(cat "$lessons"/*.v "$lessons/README.md" | cksum)

status=0
"$changed" >"$room/out" || status=$?
[ "$status" -eq 1 ] && grep -q 'counter_10.v differs. Doing an exercise? .* --exercise FOLDER' "$room/out" || fail "the lesson passes with other Verilog, status $status"

"$changed" --exercise "$room/mine" >"$room/out" || fail "an exercise with right results ends with $?"
grep -q '2004 checks, 0 wrong' "$room/out" || fail 'no output'
grep -q 'counter_10.v: not as on the page, see diff -u ' "$room/out" || fail 'the difference is not named'
grep -q 'counter_16.v: as on the page' "$room/out" || fail 'a difference where there is none'
! grep -q -e --update "$room/out" || fail 'it offers to overwrite the page'
! diff -q "$lessons/counter_10.v" "$room/mine/counter_10.v" >"$room/out" || fail 'not the Verilog of the change'
diff "$lessons/counter_16.v" "$room/mine/counter_16.v" >"$room/out" || fail 'counter_16 changed'
[ "$(ls "$room/mine" | tr '\n' ' ')" = 'counter_10.v counter_10.vcd counter_16.v counter_16.vcd ' ] || fail "files: $(ls "$room/mine")"

# A lesson that is as it was says so.
"$lesson" --exercise "$room/same" >"$room/out" || fail "an unchanged lesson ends with $?"
[ "$(grep -c 'as on the page$' "$room/out")" -eq 2 ] && ! grep -q 'not .* page' "$room/out" || fail 'an unchanged lesson differs'

status=0
"$wrong" --exercise "$room/wrong" >"$room/out" || status=$?
[ "$status" -eq 1 ] && grep -q 'WRONG: counter_10 in cycle' "$room/out" || fail "wrong results pass, status $status"
status=0
"$changed" --exercise >"$room/out" 2>&1 || status=$?
[ "$status" -eq 2 ] || fail "no folder, status $status"
[ "$before" = "$(cat "$lessons"/*.v "$lessons/README.md" | cksum)" ] || fail 'the page was touched'

python3 - "$room/mine/counter_10.vcd" <<'P'
import re, sys
header, body = open(sys.argv[1]).read().split('$enddefinitions $end\n')
code = {name: c for c, name in re.findall(r'\$var wire \d+ (\S+) (\w+)', header)}
assert {'clk', 'rst', 'enable', 'count'} <= set(code), code
now, count, steps, time = {}, None, 0, -1
for line in body.split():
    if line[0] == '#':
        assert int(line[1:]) > time
        time = int(line[1:])
    elif line[0] == 'b':
        value = int(line[1:], 2)
    elif line[0] in '01' and len(line) > 1:
        now[line[1:]] = int(line[0])
        if line[1:] == code['clk'] and line[0] == '1':  # what stands before the edge decides what follows it
            if count is not None:
                assert now[code['count']] == count, (time, now[code['count']], count)
                steps += 1
            count = (now[code['count']] + now[code['enable']]) % 10
    else:
        now[line] = value
assert steps == 999, steps
print(f'the waveform counts as it should in {steps} cycles')
P
