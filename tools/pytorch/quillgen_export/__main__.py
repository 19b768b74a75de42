"""Prints what files hold, and whether `expected_output` is what their tensors give:

    python3 -m quillgen_export FILE..
"""
import sys

from . import safetensors_file
from .layer import ALLOWED
from .recompute import difference, recompute


def show(path):
    """False where the result is not that of the tensors."""
    tensors, metadata = safetensors_file.read(path)
    print(path)
    for key, value in sorted(metadata.items()):
        print(f'  {key} = {value}')
    for name, tensor in tensors.items():
        kind = safetensors_file.NAMES[tensor.dtype]
        limits = f'{float(tensor.min()):.4g} .. {float(tensor.max()):.4g}' if tensor.numel() else ''
        print(f'  {name:<26} {kind:<5} {list(tensor.shape)!s:<14} {limits}')
    if 'expected_output' not in tensors or 'query' not in tensors:
        return True
    rows = tensors.get('query_indices', slice(None))
    apart = difference(tensors['expected_output'][rows], recompute(tensors, metadata)[rows])[0]
    print(f'  expected_output: {"agrees" if apart <= ALLOWED else "differs"}, by {apart:.1e} of its largest number')
    return apart <= ALLOWED


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith('-'):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    good = True
    for path in sys.argv[1:]:
        try:
            good = show(path) and good
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            print(f'{path}: cannot be read as a layer ({error}); export one with quillgen_export', file=sys.stderr)
            return 2
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
