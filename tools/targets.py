#!/usr/bin/env python3
# What the ideas of QUILL and DEFA must bring on the full encoder of Deformable DETR (800x1333, locations and weights drawn), estimated: traffic of features, time
# against order of arrival, lanes busy, samples a cycle, what holes in the map save. A line for each, with what is wanted; fails when one is missed.
#   tools/targets.py [QUILLGEN]      some minutes
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
QUILLGEN = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else os.path.join(ROOT, 'build/generator/cli/quillgen')
MODEL = ['--model', 'deformable-detr']
RANGE = ['--range', '8,8,4,2']
WAYS = ['feature_cache.ways=8', 'feature_cache.replacement=use', 'feature_cache.lines_per_cycle=2']
SIDES = ['attention.max_width=167', 'attention.max_height=100', 'pruning.max_range=8']
STRIPS = ['order.bucket_bits=6', 'order.curve=strips', 'order.window=1', 'order.distance_units=1']
ARRIVAL = ['order.bucket_bits=0', 'order.window=1', 'order.distance_units=1']
ROWS = ['feature_cache.line_shape=2x1'] + WAYS
PIXELS = ['feature_cache.line_shape=1x1', 'feature_cache.bypass_distance=0'] + WAYS
MAP_BYTES = 22223 * 256  # a byte a channel
room = tempfile.TemporaryDirectory()
failed = 0


def report(command, settings, options, preset='quill'):
    file = os.path.join(room.name, 'report.json')
    words = [word for setting in settings for word in ('--set', setting)]
    done = subprocess.run([QUILLGEN, command, '--preset', preset, *words, *MODEL, *options, '--json', file], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f'{command} {settings} {options}: {done.stderr}')
    return json.load(open(file))


def estimate(settings, options=(), preset='quill'):
    return report('estimate', settings, options, preset)


def check(what, found, wanted, at_least=True):
    global failed
    good = found >= wanted if at_least else found <= wanted
    failed += not good
    print(f'{what:66} {found:8.3f}   {"at least" if at_least else "at most"} {wanted:g}{"" if good else "   MISSED"}', flush=True)


def busy(e):
    c = e['counters']
    return 100 * c['samples'] / (c['samples'] + c['wait_feature'] + c['wait_output'] + c['wait_point'])


def traffic(settings, options=()):
    return estimate(SIDES + STRIPS + settings, ['--given-map', *options])['counters']['bytes_feature'] / MAP_BYTES


check('feature bytes against the map, lines of a pixel, no range', traffic(PIXELS), 1.75, False)
check('.. lines of two', traffic(ROWS), 2.0, False)
check('.. and range', traffic(ROWS, RANGE), 1.35, False)
points = ['pruning.points=true']
check('.. and weights below 0.03 dropped', traffic(ROWS + points, RANGE + ['--prune-points', '0.03']), 1.25, False)

for bits, name in ((64, 'bus of 8 bytes a cycle'), (128, 'bus of 16')):
    for queries, speed in (('encoder', 3.3), ('30%', 8)):
        settings = SIDES + ROWS + [f'memory.data_bits={bits}', 'feature_cache.run_ahead=1024']
        options = ['--given-map', '--queries', queries, *RANGE]
        strips = estimate(settings + STRIPS, options)
        if bits == 64:
            check(f'sooner than in order of arrival, {queries}, {name}', estimate(settings + ARRIVAL, options)['cycles'] / strips['cycles'], speed)
        else:
            check(f'lanes busy, %, {queries}, {name}', busy(strips), 95)
half = estimate(SIDES + ROWS + STRIPS + ['attention.max_width=84', 'attention.max_height=50', 'feature_cache.kilobytes=128'], ['--given-map', '--scale', '0.5', *RANGE])
check('lanes busy, %, encoder of half the sides, 128 KiB', busy(half), 90)

wide = SIDES + ROWS + STRIPS + ['memory.data_bits=512', 'memory.max_outstanding=256', 'gemm.rows=24']
for lanes, name, wanted in ((['core.level_lanes=4', 'core.projection_columns=64'], 'four level lanes', 3.6), (['core.head_lanes=8'], 'eight lanes, one port of 64 bytes', 7.2)):
    e = estimate(wide + lanes, ['--given-map', *RANGE])
    check(f'samples a cycle, {name}', e['counters']['samples'] / e['phases']['sampling']['cycles'], wanted)
e = estimate([], [*RANGE, '--prune-points', '0.03'], 'defa')
check('preset defa, points dropped: sampling, % of the busiest lane', 100 * e['busiest_lane'] / e['phases']['sampling']['cycles'], 90)

one_lane = ['core.level_lanes=1', 'core.points_per_cycle=4']
of_all = estimate(one_lane, RANGE, 'defa')['cycles']
for threshold, share, wanted in (('0.03', 44, 1.6), ('0.0765', 74, 3)):
    e = estimate(one_lane, [*RANGE, '--prune-points', threshold], 'defa')
    check(f'one lane, {share} % of the points dropped: the whole layer sooner', of_all / e['cycles'], wanted)

whole = estimate([], preset='defa')['counters']
for share in (10, 40):
    holed = estimate([], ['--masked', f'{share}%'], 'defa')['counters']
    for name, counter in (('array steps of the value projection', 'gemm_project'), ('source bytes', 'bytes_source')):
        saved = 100 * (1 - holed[counter] / whole[counter])
        check(f'{share} % of the pixels masked: {name} saved, % of that', 100 * saved / share, 97)

for settings, options, name in ((ROWS, RANGE, 'lines of two, range'), (PIXELS, RANGE, 'lines of a pixel, range')):
    t = report('trace', SIDES + STRIPS + settings, options)['total']
    check(f'lines read against Belady on the same sets, {name}', t['lines'] / t['min_same_sets_lines'], 1.15, False)
sys.exit(f'{failed} missed' if failed else 0)
