#!/usr/bin/env python3
# From a dense layer in order of arrival to DEFA's prunings and level lanes, a step at a time: cycles and bytes of an encoder layer, estimated at full size and
# measured in RTL with half the sides and a quarter of the cache. Writes the table of examples/STEPS.md anew, and its chart, examples/steps.svg.
#   tools/steps.py [--simulate] [QUILLGEN]      without --simulate the figures of the RTL stay as they are; with it half an hour on a free machine
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE, CHART = (os.path.join(ROOT, 'examples', name) for name in ('STEPS.md', 'steps.svg'))
MODEL = ['--model', 'deformable-detr']
FULL = {'attention.max_width': 168, 'attention.max_height': 100, 'feature_cache.kilobytes': 512}
SMALL = {'attention.max_width': 84, 'attention.max_height': 50, 'feature_cache.kilobytes': 128}
RANGE, POINTS, PIXELS, HOLES = '8,8,4,2', '0.03', '1', '40%'

# The hardware of the steps, each what it has beside the one before. Array, projection and bus of one lane are made for the points that it is left with.
LANE = {'gemm.rows': 6, 'core.projection_columns': 32, 'memory.data_bits': 128,
        'order.bucket_bits': 0, 'order.window': 1, 'order.distance_units': 1,
        'feature_cache.level_parts': [], 'feature_cache.line_shape': '2x2', 'feature_cache.ways': 2, 'feature_cache.hashing': 'true',
        'feature_cache.bypass_distance': 0}
ORDER = {'order.bucket_bits': 6, 'order.curve': 'strips'}
CACHE = {'feature_cache.level_parts': [4, 2, 1, 1], 'feature_cache.line_shape': '2x1', 'feature_cache.ways': 8, 'feature_cache.replacement': 'use',
         'feature_cache.hashing': 'false', 'feature_cache.lines_per_cycle': 2,
         'pruning.max_range': 16, 'pruning.points': 'true', 'pruning.count_bits': 16, 'core.points_per_cycle': 4}
LANES = {'core.level_lanes': 4, 'core.points_per_cycle': 2, 'core.projection_columns': 128, 'gemm.rows': 24, 'memory.data_bits': 512,
         'memory.max_outstanding': 512, 'core.queued_heads': 16}
STEPS = [  # name, hardware, what the job leaves out, holes in its map
    ('dense, in order of arrival', LANE, [], False),
    ('+ order: strips', ORDER, [], False),
    ('+ cache: 2x1 pixels a line, 8 ways by use', CACHE, [], False),
    ('+ range ' + RANGE, {}, ['--range', RANGE], False),
    ('+ PAP: weights below ' + POINTS, {}, ['--prune-points', POINTS], False),
    ('+ FWP: ' + HOLES.replace('%', ' %') + ' of the pixels dropped', {}, ['--prune-pixels', PIXELS], True),
    ('+ four level lanes', LANES, [], True)]


def run(quillgen, *command):
    done = subprocess.run([quillgen, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f'{" ".join(command)}: {done.stdout}{done.stderr}')


def moved(report):
    """Bytes over the memory port in both directions, and those of features."""
    counted = {name.lower(): value for name, value in report['counters'].items()}
    return sum(value for name, value in counted.items() if name.startswith('bytes_')), counted['bytes_feature']


def measured(quillgen, simulate):
    """By step: cycles, bytes and feature bytes, estimated at full size; of both kinds at reduced size if `simulate`."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        layers = {}
        for holed in (False, True):
            layers[holed] = os.path.join(folder, f'layer_{holed}.safetensors')
            run(quillgen, 'workload', *MODEL, '--image', '400x667', *(['--masked', HOLES] if holed else []), '--out', layers[holed])
        hardware, left_out, result = {}, [], os.path.join(folder, 'result.json')
        for name, more, without, holed in STEPS:
            hardware, left_out = {**hardware, **more}, left_out + without
            sets = lambda sizes: [word for key, value in {**hardware, **sizes}.items() for word in ('--set', f'{key}={json.dumps(value) if value == [] or isinstance(value, list) else value}')]
            base = ['--preset', 'quill']
            figures = {}
            run(quillgen, 'estimate', *base, *sets(FULL), *MODEL, *(['--masked', HOLES] if holed else []), *left_out, '--json', result)
            report = json.load(open(result))
            figures['full'] = (report['cycles'], *moved(report))
            run(quillgen, 'estimate', *base, *sets(SMALL), '--workload', layers[holed], *left_out, '--json', result)
            report = json.load(open(result))
            figures['small'] = (report['cycles'], *moved(report))
            if simulate:
                run(quillgen, 'simulate', *base, *sets(SMALL), '--workload', layers[holed], *left_out, '--json', result)
                report = json.load(open(result))
                if not report['bit_exact']:
                    sys.exit(f'{name}: not bit-exact')
                figures['rtl'] = (report['cycles'], *moved(report))
            print(name, figures, file=sys.stderr, flush=True)
            rows.append((name, figures))
    return rows


def times(value, of):
    return f'{of / value:.2f}'


def table(rows):
    lines = ['| step | cycles, full size | sooner | bytes | of them features | cycles in RTL, half the sides | estimate | sooner | bytes |',
             '|---|---|---|---|---|---|---|---|---|']
    full_of_first, rtl_of_first = rows[0][1]['full'][0], rows[0][1]['rtl'][0]
    for name, figures in rows:
        cycles, moved_bytes, features = figures['full']
        rtl, error = figures['rtl'], 100 * (figures['small'][0] / figures['rtl'][0] - 1)
        lines.append(f'| {name} | {cycles:,} | {times(cycles, full_of_first)} | {moved_bytes:,} | {features:,} | {rtl[0]:,} | {error:+.1f} % | '
                     f'{times(rtl[0], rtl_of_first)} | {rtl[1]:,} |')
    return lines


def chart(rows):
    """Two panels, cycles and bytes of each step against the first: a bar for the full size, a line across for the RTL."""
    left, width, row, gap = 280, 260, 26, 40
    height = 58 + row * len(rows)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + 2 * width + gap + 60} {height}" font-family="sans-serif" font-size="12">',
           f'<rect width="100%" height="100%" fill="#ffffff"/>']
    for panel, (title, index) in enumerate((('cycles', 0), ('bytes over the port', 1))):
        x = left + panel * (width + gap)
        out.append(f'<text x="{x}" y="18" font-weight="bold">{title}</text>')
        for share in (0, 0.25, 0.5, 0.75, 1):
            at = x + share * width
            out.append(f'<line x1="{at:.1f}" y1="28" x2="{at:.1f}" y2="{36 + row * len(rows)}" stroke="#dddddd"/>')
            out.append(f'<text x="{at:.1f}" y="{50 + row * len(rows)}" text-anchor="middle" fill="#666666" font-size="10">{share:g}</text>')
        for i, (name, figures) in enumerate(rows):
            y = 36 + i * row
            share = figures['full'][index] / rows[0][1]['full'][index]
            rtl = figures['rtl'][index] / rows[0][1]['rtl'][index]
            if panel == 0:
                out.append(f'<text x="{left - 10}" y="{y + 13}" text-anchor="end">{name}</text>')
            out.append(f'<rect x="{x}" y="{y}" width="{share * width:.1f}" height="16" fill="#4878a8"/>')
            out.append(f'<line x1="{x + rtl * width:.1f}" y1="{y - 3}" x2="{x + rtl * width:.1f}" y2="{y + 19}" stroke="#c44e52" stroke-width="3"/>')
            inside = max(share, rtl) > 0.8
            at = x + min(share, rtl) * width - 8 if inside else x + max(share, rtl) * width + 8
            out.append(f'<text x="{at:.1f}" y="{y + 12}" font-size="11" text-anchor="{"end" if inside else "start"}" fill="{"#ffffff" if inside else "#222222"}">'
                       f'{figures["full"][index] / 1e6:.2f} M</text>')
    x = left + width + gap
    out.append(f'<rect x="{left + 60}" y="8" width="12" height="12" fill="#4878a8"/><text x="{left + 76}" y="18">estimate, full size</text>')
    out.append(f'<line x1="{x + 140}" y1="6" x2="{x + 140}" y2="22" stroke="#c44e52" stroke-width="3"/><text x="{x + 148}" y="18">RTL, half the sides</text>')
    return '\n'.join(out + ['</svg>', ''])


def main():
    arguments = sys.argv[1:]
    simulate = '--simulate' in arguments
    if simulate:
        arguments.remove('--simulate')
    if len(arguments) > 1:
        sys.exit('usage: tools/steps.py [--simulate] [QUILLGEN]')
    quillgen = os.path.abspath(arguments[0]) if arguments else os.path.join(ROOT, 'build/generator/cli/quillgen')
    rows = measured(quillgen, simulate)
    page = open(PAGE).read()
    begin = page.index('| step |')
    end = page.index('\n\n', begin)
    if not simulate:  # those of the page
        for (name, figures), line in zip(rows, page[begin:end].split('\n')[2:]):
            cells = [cell.strip().replace(',', '') for cell in line.split('|')]
            figures['rtl'] = (int(cells[6]), int(cells[9]), 0)
    open(PAGE, 'w').write(page[:begin] + '\n'.join(table(rows)) + page[end:])
    open(CHART, 'w').write(chart(rows))


main()
