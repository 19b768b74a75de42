#!/usr/bin/env bash
# Surroundings that are unusual: relative folders in the environment, a temporary folder or a current folder that is not there, tools that print Latin-1,
# names of files that are no UTF-8, outputs through symbolic links and with narrow permissions.   surroundings.sh QUILLGEN LAYER
set -euo pipefail
quillgen=$(realpath "$1") layer=$(realpath "$2")
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
# refused PATTERN COMMAND...: exit status 2 and one line like PATTERN.
refused() {
  local pattern=$1 status=0
  shift
  "$@" >out 2>err || status=$?
  [ "$status" -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] && grep -qE "^quillgen: .*$pattern" err || fail "$*: exit status $status: $(cat err)"
}
simulate=(simulate --preset nano --workload "$layer" --quick-build)

# Where the current folder is gone, and what needs none.
mkdir gone
cd gone
rmdir ../gone
"$quillgen" presets >../out || fail 'presets without a current folder'
"$quillgen" generate --preset nano --out "$room/rtl" >../out || fail 'generate without a current folder'
"$quillgen" "${simulate[@]}" --json "$room/run.json" >../out || fail 'simulate without a current folder'
status=0
"$quillgen" generate --preset nano --out rtl >../out 2>../err || status=$?
cd "$room"
[ "$status" -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] || fail "into a current folder that is gone: exit status $status: $(cat err)"
TMPDIR=$room/none refused "TMPDIR: $room/none is no folder" "$quillgen" "${simulate[@]}"
TMPDIR=$room/none refused "TMPDIR: $room/none is no folder" "$quillgen" explore --preset nano --vary gemm.rows=1,2 --workload "$layer" --simulate 1

# A tool of a relative folder that speaks Latin-1, and a relative cache.
mkdir tools
for tool in verilator g++ iverilog yosys; do
  printf '#!/bin/sh\n[ "$1" = --version ] && printf "gebaut f\\374r uns\\n"\nexec %s "$@"\n' "$(command -v $tool)" >tools/$tool
done
chmod +x tools/*
PATH=tools:$PATH XDG_CACHE_HOME=cache "$quillgen" "${simulate[@]}" >out || fail 'relative folders: see above'
grep -q '^simulator built' out || fail "not built: $(cat out)"
python3 -c 'import json, sys; json.load(open(sys.argv[1], encoding="utf-8"))' cache/quillgen/tools.json
PATH=tools:$PATH XDG_CACHE_HOME=cache "$quillgen" "${simulate[@]}" >out
! grep -q '^simulator built' out || fail 'was built again'
PATH=tools:$PATH "$quillgen" lint rtl >out || fail "lint: $(cat out)"
echo 'relative folders, tools that speak Latin-1'

# Not UTF-8, and not XML.
odd=$'l\xe4yer <1> \x01.safetensors'
cp "$layer" "$odd"
"$quillgen" model --preset nano --workload "$odd" --json model.json >out
"$quillgen" estimate --preset nano --workload "$odd" --json estimate.json --html estimate.html >out
"$quillgen" trace --preset nano --workload "$odd" --json trace.json --svg trace.svg >out
"$quillgen" simulate --preset nano --workload "$odd" --quick-build --json $'r\xe4n.json' >out
sweep=(explore --preset nano --vary gemm.rows=1,2 --workload "$odd" --out swept)
"$quillgen" "${sweep[@]}" >out
for shard in 1 2; do "$quillgen" "${sweep[@]}" --shard $shard/2 >out; done
"$quillgen" explore merge swept/shard_{1,2}_of_2.json --out merged >out
python3 - <<'END'
import glob, json, os, xml.etree.ElementTree
documents = glob.glob("*.json") + glob.glob("swept/*.json") + glob.glob("merged/*.json")
assert len(documents) == 9, documents
for name in documents:
    json.load(open(name, encoding="utf-8"))
pictures = ["trace.svg", "swept/explore.svg", "merged/explore.svg"]
for name in pictures:
    xml.etree.ElementTree.parse(name)
page = open("estimate.html", encoding="utf-8").read()
assert "l\ufffdyer &lt;1&gt; \ufffd" in page, page[:400]
assert any("l\ufffdyer" in (t.text or "") for t in xml.etree.ElementTree.parse("trace.svg").iter())
print(f"{len(documents)} documents, {len(pictures)} pictures and a page of a file whose name is no UTF-8")
END

# Through links, dangling ones too, and with the permissions that were there.
mkdir real links
ln -s ../real/new.json links/new.json
for name in model.json page.html order.svg layer.safetensors run.fst explore.csv; do
  echo old >"real/$name"
  chmod 600 "real/$name"
  ln -s "../real/$name" "links/$name"
done
"$quillgen" model --preset nano --workload "$layer" --json links/model.json >out
"$quillgen" model --preset nano --workload "$layer" --json links/new.json >out
"$quillgen" estimate --preset nano --dense 4x4x4 --html links/page.html >out
"$quillgen" trace --preset nano --workload "$layer" --svg links/order.svg >out
"$quillgen" workload --model rt-detr --scale 0.1 --out links/layer.safetensors >out
"$quillgen" "${simulate[@]}" --trace links/run.fst >out
"$quillgen" explore --preset nano --vary gemm.rows=1,2 --workload "$layer" --out links >out
cmp real/model.json real/new.json
for name in model.json page.html order.svg layer.safetensors run.fst explore.csv; do
  [ -L "links/$name" ] || fail "$name: the link was replaced"
  [ "$(stat -c %a "real/$name")" = 600 ] || fail "$name: permissions are $(stat -c %a "real/$name")"
  [ "$(stat -c %s "real/$name")" -gt 10 ] || fail "$name: was not written"
done
"$quillgen" generate --preset nano --out real/rtl >out
chmod 700 real/rtl
chmod 640 real/rtl/*
ln -s ../real/rtl links/rtl
ln -s ../real/other links/other
for out in rtl other; do "$quillgen" generate --preset small --out links/$out >out; done
[ -L links/rtl ] && [ -L links/other ] && diff -r real/rtl real/other || fail 'a link to a folder was replaced'
[ "$(stat -c %a real/rtl real/rtl/files.f real/rtl/registers.md | tr '\n' ' ')" = '700 640 640 ' ] || fail "permissions are $(stat -c %a real/rtl real/rtl/files.f | tr '\n' ' ')"
left=$(find . -name '*quillgen.tmp' -o -name 'quillgen.??????' | tr '\n' ' ')
[ -z "$left" ] || fail "left: $left"
echo 'links and permissions are kept'
