#!/usr/bin/env bash
# A disk that fills, a device that takes nothing, a limit on the size of files: whatever quillgen was to write, it says so in one line, ends with 2 and
# leaves nothing.   full_disk.sh QUILLGEN LAYER
# Small disks are mounted where nobody else sees them; without that right the test is skipped (77).
set -euo pipefail
if [ "${1:-}" != mounting ]; then
  for way in 'unshare --mount' 'unshare --map-root-user --mount'; do
    if $way mount -t tmpfs tmpfs /mnt 2>/dev/null; then exec $way bash "$0" mounting "$@"; fi
  done
  echo 'skipped: no disk may be mounted here'
  exit 77
fi
quillgen=$(realpath "$2") layer=$(realpath "$3")
room=$(mktemp -d)
mkdir "$room/disk" "$room/temporary"
trap 'umount "$room/disk" 2>/dev/null || true; rm -rf "$room"' EXIT
cd "$room"
cases=0 failed=0

# fails NAME PATTERN COMMAND...: it must end with 2 and one line like PATTERN.
fails() {
  local name=$1 pattern=$2 status=0 problem=''
  shift 2
  "$@" >out 2>err </dev/null || status=$?
  cases=$((cases + 1))
  [ "$status" -eq 2 ] || problem+="; exit status $status"
  [ "$(wc -l <err)" -eq 1 ] || problem+="; $(wc -l <err) lines on stderr"
  grep -qE "^quillgen: .*$pattern" err || problem+="; no \"$pattern\""
  if mountpoint -q disk; then
    local left
    left=$({ find disk -mindepth 1 ! -name filler ! -path 'disk/rtl*' ! -path 'disk/cache*'; find temporary disk/cache -mindepth 1 -name 'quillgen.*' 2>/dev/null; } | tr '\n' ' ') || true
    [ -z "$left" ] || problem+="; left: $left"
  fi
  if [ -z "$problem" ]; then
    printf 'ok      %-28s %s\n' "$name" "$(head -c 200 err | head -1)"
  else
    printf 'FAILED  %s: %s\n' "$name" "${problem#; }"
    tail -5 err
    failed=1
  fi
}

to_full_device() { "$@" >/dev/full; }
for command in presets schema 'presets nano' 'estimate --preset nano --dense 4x4x4' '--help'; do
  fails "stdout of $command" 'standard output: cannot be written .No space left' to_full_device "$quillgen" $command
done
fails 'stdout of model' 'standard output: cannot be written' to_full_device "$quillgen" model --preset nano --workload "$layer"
fails 'report to a full device' '/dev/full: cannot be written' "$quillgen" model --preset nano --workload "$layer" --json /dev/full
limited() { (ulimit -f 1; exec "$@"); }
fails 'a limit on files' 'disk/model.json: cannot be written .File too large' limited "$quillgen" model --preset nano --workload "$layer" --json disk/model.json

# disk KIBIBYTES: a small one, so full that only so much is free.
disk() {
  umount disk 2>/dev/null || true
  mount -t tmpfs -o "size=$1k" tmpfs disk
}
export TMPDIR=$room/temporary
full='cannot be written .No space left on device.: make room'
disk 4
head -c 1M /dev/zero >disk/filler 2>/dev/null || true
fails 'report of model' "disk/model.json: $full" "$quillgen" model --preset nano --workload "$layer" --json disk/model.json
fails 'report of simulate' "disk/run.json: $full" "$quillgen" simulate --preset nano --workload "$layer" --quick-build --json disk/run.json
disk 8
fails 'report and page of estimate' "disk/page.html: $full" "$quillgen" estimate --preset nano --dense 4x4x4 --json disk/page.json --html disk/page.html
fails 'report and picture of trace' "disk/order.svg: $full" "$quillgen" trace --preset nano --workload "$layer" --json disk/order.json --svg disk/order.svg
fails 'results of explore' "disk/swept/explore.*: $full" "$quillgen" explore --preset nano --vary gemm.rows=1,2,4 --vary core.head_lanes=1,2 --workload "$layer" --out disk/swept
disk 64
fails 'layer' "disk/layer.safetensors: $full" "$quillgen" workload --model rt-detr --scale 0.1 --out disk/layer.safetensors
fails 'RTL' "disk/deep/rtl/.*: $full" "$quillgen" generate --preset nano --out disk/deep/rtl
fails 'packed job' "disk/job/.*: $full" "$quillgen" pack --preset small --workload "$(dirname "$layer")/encoder_c64.safetensors" --out disk/job
fails 'RTL of simulate' "disk/rtl/.*: $full" "$quillgen" simulate --preset nano --workload "$layer" --keep disk/rtl
disk 1024
"$quillgen" generate --preset nano --out disk/rtl >/dev/null
head -c 2M /dev/zero >disk/filler 2>/dev/null || true
before=$(cd disk/rtl && find . -type f -print0 | sort -z | xargs -0 tail -n +1)
fails 'RTL over an older one' "disk/rtl/.*: $full" "$quillgen" generate --preset small --out disk/rtl
[ "$(cd disk/rtl && find . -type f -print0 | sort -z | xargs -0 tail -n +1)" = "$before" ] || { echo 'FAILED  the older RTL was changed'; failed=1; }

# The waveform: of a run, and where its writer keeps temporary files.
simulate=("$quillgen" simulate --preset nano --workload "$layer" --quick-build)
"${simulate[@]}" --trace whole.fst >out  # builds the simulator, if it was not built before
disk 16
fails 'waveform' 'trace disk/run.fst: could not be written whole: make room' "${simulate[@]}" --trace disk/run.fst
disk 200
fails 'waveform, its list not' 'disk/run.*: (could not be written whole|cannot be written .No space.*): make room' "${simulate[@]}" --trace disk/run.fst

# A cache without room: for Verilator's output, and for that of the compiler.
for size in 600 3500; do
  disk $size
  XDG_CACHE_HOME=disk/cache fails "cache of $size KiB" 'disk/cache/quillgen.*: (has no room for a simulator|cannot be written .No space).*: make room' "${simulate[@]}"
done
umount disk

# Everything is seen from /mnt too, and /tmp is full.
mount --rbind / /mnt
mount -t tmpfs -o size=4k tmpfs /tmp
head -c 1M /dev/zero >/tmp/filler 2>/dev/null || true
cd "/mnt$room"
XDG_CACHE_HOME=/mnt${XDG_CACHE_HOME:-$HOME/.cache} TMPDIR=/mnt$TMPDIR "/mnt$quillgen" simulate --preset nano --workload "/mnt$layer" --quick-build --trace tmp.fst >out
grep -q '^bit-exact in every stage$' out && echo 'ok      waveform, /tmp being full'
umount /tmp
cd /
umount -R -l /mnt
[ "$failed" -eq 0 ] && echo "$cases full disks refused"
exit "$failed"
