#!/usr/bin/env python3
# The tables of examples/CHOICES.md: what a parameter costs and brings on a layer whose features do not fit the cache.
#   tools/choices.py [--simulate] [QUILLGEN]      --simulate: cycles of the RTL beside the estimate, some minutes on a free machine
# Every row is one point of `quillgen explore`; the signal to noise ratios are those of `quillgen model`.
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LAYER = os.path.join(ROOT, 'examples', 'sparse_c64.safetensors')
ONE_BY_ONE = ['order.window=1', 'order.distance_units=1']
MATCHED = {2: ['gemm.rows=6', 'memory.data_bits=256'], 4: ['gemm.rows=12', 'memory.data_bits=512'] + ONE_BY_ONE}
ROWS = [
    ('preset `small`: 2 ways, 1 lane, mixed, both orders', []),
    ('1 way', ['feature_cache.ways=1']),
    ('4 ways', ['feature_cache.ways=4']),
    ('8 ways', ['feature_cache.ways=8']),
    ('lines of 2x1 pixels', ['feature_cache.line_shape=2x1']),
    ('lines of one pixel', ['feature_cache.line_shape=1x1']),
    ('twice the cache', ['feature_cache.kilobytes=*2']),
    ('no order: arrival', ['order.bucket_bits=0'] + ONE_BY_ONE),
    ('window of 32 alone', ['order.bucket_bits=0']),
    ('16x16 buckets alone', ONE_BY_ONE),
    ('32x32 buckets, window of 32', ['order.bucket_bits=5']),
    ('2 lanes, nothing else', ['core.head_lanes=2']),
    ('2 lanes, array and bus to match', ['core.head_lanes=2'] + MATCHED[2]),
    ('4 lanes, array and bus to match, buckets alone', ['core.head_lanes=4'] + MATCHED[4]),
    ('1 lane, bus of 256 bits', ['memory.data_bits=256']),
    ('int8', ['numerics.preset=int8']),
    ('int12', ['numerics.preset=int12']),
]


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode and 'every point of the sweep is refused' not in done.stderr:
        sys.exit(f'{" ".join(command)}: {done.stdout}{done.stderr}')
    return done


def settings(kilobytes, changes):
    """--set of a row; kilobytes=*2 is twice those of the table."""
    every = [f'feature_cache.kilobytes={kilobytes}'] + [c for c in changes if 'kilobytes=' not in c]
    if 'feature_cache.kilobytes=*2' in changes:
        every[0] = f'feature_cache.kilobytes={2 * kilobytes}'
    return [word for change in every for word in ('--set', change)]


def row(quillgen, kilobytes, changes, simulate):
    """The point of a row, or the reason why it cannot be built."""
    given = ['--preset', 'small', '--workload', LAYER] + settings(kilobytes, changes)
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, 'sweep')
        more = ['--simulate', '1', '--quick-build'] if simulate else []
        done = run(quillgen, 'explore', *given, '--vary', 'memory.latency_cycles=200', '--out', out, *more)
        if done.returncode:
            return {'refused': done.stderr.split('preset small: ')[-1].split(' =')[0]}  # the parameter
        point = json.load(open(os.path.join(out, 'explore.json')))['points'][0]
    point['sqnr'] = float(re.search(r'^output .* (-?[\d.]+)$', run(quillgen, 'model', *given).stdout, re.M)[1])
    return point


def table(quillgen, kilobytes, simulate):
    yield '| change | cycles |' + (' in RTL |' if simulate else '') + ' | area | | lanes busy | hits | bytes | SQNR |'
    yield '|---' * (10 if simulate else 9) + '|'
    base = None
    for name, changes in ROWS:
        p = row(quillgen, kilobytes, changes, simulate)
        if 'refused' in p:
            yield f'| {name} | cannot be built: {p["refused"]} |' + ' |' * (8 if simulate else 7)
            continue
        base = base or p
        cells = [name, f'{p["cycles"]:,}']
        if simulate:
            cells.append(f'{p["simulated"]["cycles"]:,}')
        cells += [f'{p["cycles"] / base["cycles"]:.2f}', f'{p["area"]:,}', f'{p["area"] / base["area"]:.2f}', f'{100 * p["lanes_busy"]:.1f} %',
                  f'{100 * p["hit_rate"]:.1f} %', f'{p["bytes"]:,}', f'{p["sqnr"]:.1f} dB']
        yield '| ' + ' | '.join(cells) + ' |'


def main():
    arguments = sys.argv[1:]
    simulate = '--simulate' in arguments
    others = [a for a in arguments if a != '--simulate']
    if len(others) > 1 or any(a.startswith('-') for a in others):
        sys.exit('tools/choices.py [--simulate] [QUILLGEN]')
    quillgen = others[0] if others else os.path.join(ROOT, 'build', 'generator', 'cli', 'quillgen')
    for kilobytes in (2, 8):
        print(f'{kilobytes} KiB\n', flush=True)
        for line in table(quillgen, kilobytes, simulate):
            print(line, flush=True)
        print(flush=True)


main()
