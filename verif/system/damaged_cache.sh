#!/usr/bin/env bash
# A damaged cache of simulators is built again, or refused in one line; it never ends a run for good. Kinds of damage that take no building of a whole
# accelerator are in verif/unit/test_simulator.cpp.   damaged_cache.sh QUILLGEN LAYER
set -euo pipefail
quillgen=$(realpath "$1") layer=$(realpath "$2")
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
simulate=("$quillgen" simulate --preset nano --workload "$layer" --quick-build)
export XDG_CACHE_HOME=$room/cache
built() { "${simulate[@]}" >out 2>&1 || fail "$1: $(cat out)"; grep -q '^bit-exact' out && grep -c '^simulator built' out || true; }

[ "$(built 'a new cache')" -eq 1 ] || fail 'the cache was not new'
library=$(echo cache/quillgen/*/simulator.so)
runtime=$(echo cache/quillgen/*/runtime.o)
echo '{"broken": ' >cache/quillgen/tools.json
[ "$(built 'tools.json')" -eq 0 ] || fail 'built again for want of a list of tools'
# Its end is gone: what is mapped beyond it is SIGBUS.
truncate -s 16384 "$library"
: >"$runtime"
[ "$(built 'cut short')" -eq 1 ] || fail 'a simulator that was cut short was not built again'
[ "$(built 'mended')" -eq 0 ] || fail 'was built again after it was mended'
: >"$library"
status=0
PATH=$room/none "${simulate[@]}" >out 2>err || status=$?
[ "$status" -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] && grep -q 'install the Debian package verilator' err || fail "without tools: exit status $status: $(cat err)"
echo 'cut short, emptied, forgotten: built again, or one line'

for way in 'unshare --mount' 'unshare --map-root-user --mount'; do
  $way mount -t tmpfs tmpfs /mnt 2>/dev/null || continue
  status=0
  XDG_CACHE_HOME=/mnt/cache $way bash -c 'mount -t tmpfs -o noexec tmpfs /mnt && exec "$@"' bash "${simulate[@]}" >out 2>err || status=$?
  [ "$status" -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] && grep -q '^quillgen: /mnt/cache/quillgen: is on a disk that is mounted noexec' err || fail "noexec: exit status $status: $(cat err)"
  echo 'a cache that is mounted noexec: one line'
  exit 0
done
echo 'a cache that is mounted noexec: not tried, as no disk may be mounted here'
