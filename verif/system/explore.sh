#!/usr/bin/env bash
# A small sweep of nano: every combination once, the front that the definition gives, the best point simulated; the same bytes from shards, in any
# order and with any number of threads; nothing left after Ctrl-C and SIGTERM.   explore.sh QUILLGEN EXAMPLES
set -euo pipefail
quillgen=$(realpath "$1") examples=$(realpath "$2")
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
layer=$examples/official_test_shapes.safetensors
sweep=(--preset nano --set name=swept --vary gemm.rows=1,2,4 --vary gemm.columns=3,4,6 --vary core.head_lanes=1,2 --workload "$layer" --simulate 1 --quick-build)

"$quillgen" explore "${sweep[@]}" --out whole | tee table.txt
[ "$(find . -path './whole/*' | sort | tr '\n' ' ')" = './whole/explore.csv ./whole/explore.json ./whole/explore.svg ' ] || fail "files: $(find .)"
python3 - <<'END'
import csv, itertools, json, xml.etree.ElementTree
whole = json.load(open("whole/explore.json"))
points = whole["points"]
product = itertools.product((1, 2, 4), (3, 4, 6), (1, 2))
assert [p["settings"] for p in points] == [{"gemm.rows": r, "gemm.columns": c, "core.head_lanes": l} for r, c, l in product]
refused = [p for p in points if "refused" in p]
assert [p["settings"] for p in refused] == [p["settings"] for p in points if p["settings"]["gemm.columns"] % (2 * p["settings"]["core.head_lanes"])]
assert whole["refused"] == len(refused) == 9 and all("gemm.columns = " in p["refused"] for p in refused)
possible = [p for p in points if "refused" not in p]
def beats(a, b):
    return a["cycles"] <= b["cycles"] and a["area"] <= b["area"] and (a["cycles"], a["area"]) != (b["cycles"], b["area"])
front = [p["point"] for p in possible if not any(beats(q, p) for q in possible)]
assert sorted(whole["front"]) == front and front, (whole["front"], front)
for p in possible:
    assert p["area"] == p["memory_bits"] + 15 * p["register_bits"] + 20 * p["multiplier_bits"]
    assert p["cycles"] == p["setup"] + p["project"] + p["fill"] + p["sampling"] + p["drain"]
simulated = [p for p in points if "simulated" in p]
assert [p["point"] for p in simulated] == whole["front"][:1] and simulated[0]["simulated"]["bit_exact"] is True
rows = list(csv.DictReader(open("whole/explore.csv")))
assert len(rows) == len(points)
for row, p in zip(rows, points):
    assert row["point"] == str(p["point"]) and row["core.head_lanes"] == str(p["settings"]["core.head_lanes"])
    assert row["cycles"] == str(p.get("cycles", "")) and row["refused"] == p.get("refused", "")
    assert row["front"] == ("" if "refused" in p else str(int(p["point"] in whole["front"])))
titles = [t for t in xml.etree.ElementTree.parse("whole/explore.svg").iter() if t.tag.endswith("title")]
assert len(titles) == len(possible)
print(f"{len(points)} points, {len(refused)} refused, front {whole['front']}, point {simulated[0]['point']} simulated, bit-exact")
END
grep -q '^front of cycles and area$' table.txt || fail 'no table'
grep -q '^  1, 7, 13: .*gemm.columns = 3: must be a multiple of .*heads (2) and of twice the lanes (2)' table.txt || fail 'no reasons'

# A point costs what `estimate` says of it.
"$quillgen" estimate --preset nano --set gemm.rows=4 --set gemm.columns=4 --set core.head_lanes=2 --workload "$layer" --json point.json >/dev/null
python3 - <<'END'
import json
point, estimate = json.load(open("whole/explore.json"))["points"][-3], json.load(open("point.json"))
assert point["settings"] == {"gemm.rows": 4, "gemm.columns": 4, "core.head_lanes": 2}
assert point["cycles"] == estimate["cycles"], (point["cycles"], estimate["cycles"])
END

# A single field varied: every point is listed, with time and accuracy; the rate is that of `estimate`, the accuracy that of `model`.
one=(--preset nano --set core.projection_columns=1 --workload "$layer" --vary numerics.preset=int8,mixed,int12 --objectives cycles,sqnr --clock 400 --layers 6)
"$quillgen" explore "${one[@]}" --out one >one.txt
[ "$(sed -n '/^all$/,/^$/p' one.txt | grep -c ' dB\|^ *[123] ')" -eq 4 ] || { cat one.txt; fail 'not all points are listed'; }
"$quillgen" estimate --preset nano --set core.projection_columns=1 --set numerics.preset=int12 --workload "$layer" --clock 400 --layers 6 --json rate.json >rate.txt
grep -q '^at 400 MHz, 6 layers: [0-9.]* ms, [0-9.]* frames/s, [0-9.]* GB/s$' rate.txt || fail 'no rate'
"$quillgen" model --preset nano --set numerics.preset=int12 --workload "$layer" --json accuracy.json >/dev/null
python3 - <<'END'
import json
points = json.load(open("one/explore.json"))["points"]
estimate, model = json.load(open("rate.json")), json.load(open("accuracy.json"))
assert points[2]["rate"] == estimate["rate"], (points[2]["rate"], estimate["rate"])
assert abs(estimate["rate"]["milliseconds"] - 6 * estimate["cycles"] / 400e3) < 1e-12
assert abs(points[2]["sqnr_db"] - model["sqnr_db"]["output"]) < 0.01, (points[2], model["sqnr_db"])
assert points[0]["sqnr_db"] < points[1]["sqnr_db"] < points[2]["sqnr_db"]
END

for i in 3 1 2; do "$quillgen" explore "${sweep[@]}" --shard $i/3 --jobs $i --out parts >/dev/null; done
[ "$(ls parts)" = "$(printf 'shard_%s_of_3.json\n' 1 2 3)" ] || fail "shards: $(ls parts)"
"$quillgen" explore merge parts/shard_2_of_3.json parts/shard_3_of_3.json parts/shard_1_of_3.json --out merged >merged.txt
diff -r whole merged || fail 'the merged results differ'
diff table.txt merged.txt || fail 'the merged table differs'
echo '3 shards merged: as one run'

# stopped SIGNAL FILE ARGUMENT...: a run that is stopped as soon as FILE is there ends soon, with 130, and leaves nothing.
stopped() {
  local signal=$1 file=$2 run status=0
  shift 2
  mkdir -p place
  TMPDIR=$room/place "$quillgen" explore "$@" --out stopped >stopped.txt 2>&1 &
  run=$!
  until compgen -G "$file" >/dev/null || ! kill -0 "$run"; do sleep 0.05; done
  kill "-$signal" "$run" || fail "ended too early: $(cat stopped.txt)"
  wait "$run" || status=$?
  [ "$status" -eq 130 ] || fail "exit status $status after SIG$signal: $(cat stopped.txt)"
  [ ! -e stopped ] && [ -z "$(ls place)" ] || fail "left after SIG$signal: $(ls stopped place)"
}
many=$(seq -s , 1 400)
stopped INT stopped --preset nano --vary "memory.latency_cycles=$many" --vary gemm.rows=1,2,3,4,5,6,7,8 --workload "$layer"
stopped TERM stopped --preset nano --vary "memory.latency_cycles=$many" --vary gemm.rows=1,2,3,4,5,6,7,8 --workload "$layer" --shard 1/2
# A simulation that is not in the cache yet.
XDG_CACHE_HOME=$room/cache stopped TERM "$room/cache/quillgen/*" --preset nano --vary gemm.rows=2,3 --workload "$layer" --simulate 2
[ -z "$(find cache -name simulator.so)" ] || fail 'a simulator was built to its end after SIGTERM'
echo 'nothing is left after SIGINT and SIGTERM'
