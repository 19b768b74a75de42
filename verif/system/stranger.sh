#!/usr/bin/env bash
# A stranger's way: a model in PyTorch, its attention exported, packed, the RTL generated, and the bench of the output folder run in Icarus and in
# Verilator until it says PASS. The harness of the project has no part in it. Then a bit of each kind is wrong, and it says FAIL.
#   stranger.sh QUILLGEN EXPORTER_FOLDER
set -euo pipefail
quillgen=$(realpath "$1") exporter=$(realpath "$2")
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$exporter:$exporter/tests"
python=
for candidate in python3 /usr/bin/python3; do
  "$candidate" -c 'import torch' 2>/dev/null && python=$candidate && break
done
[ -n "$python" ] || { echo 'skipped: no python3 with torch; install the Debian package python3-torch'; exit 77; }
cd "$room"
"$python" - <<'MODEL'
import torch
import modules
import quillgen_export

torch.manual_seed(3)
attention = modules.MSDeformAttn(d_model=32, n_heads=4, n_levels=2, n_points=2).eval()
shapes = torch.tensor([[6, 8], [3, 4]])
tokens = int(shapes.prod(1).sum())
with quillgen_export.capture(attention, images=1) as c, torch.no_grad():
    attention(torch.randn(1, 12, 32), torch.rand(1, 12, 2, 2), torch.randn(1, tokens, 32), shapes, torch.tensor([0, 48]),
              torch.rand(1, tokens) < 0.2)
print(c.save('layers'))
MODEL
layer=$(ls layers/*.safetensors)
configuration=(--preset nano --set numerics.preset=mixed --set attention.embed_dim=32 --set attention.heads=4 --set gemm.columns=8
  --set gemm.max_inner=32 --set memory.data_bits=128 --set feature_cache.kilobytes=2)
"$quillgen" generate "${configuration[@]}" --out rtl
"$quillgen" pack "${configuration[@]}" --workload "$layer" --out job
# From here on only the two folders: what an integrator is given.
for simulator in icarus verilator; do
  for stall in 0 50; do
    make -s -C rtl/tb JOB="$room/job" SIM=$simulator STALL=$stall BUILD="$room/$simulator" >log 2>&1 || { cat log; exit 1; }
    grep -E '^PASS .* bytes as expected' log
  done
done

# wrong FILE BYTE: with that byte of the job another one, the bench must say FAIL.
wrong() {
  cp -r job other
  "$python" - "other/$1" "$2" <<'BIT'
import sys
name, digit = sys.argv[1], int(sys.argv[2])
text = open(name).read().split('\n')
line = next(i for i in range(digit, len(text)) if text[i].strip())
text[line] = ('1' if text[line][0] == '0' else '0') + text[line][1:]
open(name, 'w').write('\n'.join(text))
BIT
  cmp -s "job/$1" "other/$1" && { echo 'nothing was changed'; exit 1; }
  status=0
  make -s -C rtl/tb JOB="$room/other" BUILD="$room/icarus" >log 2>&1 || status=$?
  if [ "$status" -eq 0 ] || ! grep -q '^FAIL' log; then cat log; echo "a wrong bit in $1 passes"; exit 1; fi
  grep -m 1 '^FAIL' log
  rm -r other
}
wrong expected.hex 20
wrong memory.hex 9
