"""Modules of all published kinds, exported, and read by quillgen: it must compute what the module did. Then what is
refused.

    PYTHONPATH=tools/pytorch tools/pytorch/tests/test_layers.py QUILLGEN
"""
import os
import re
import subprocess
import sys
import tempfile
import warnings

import torch
from torch import nn

import modules
from quillgen_export import Call, ExportError, Signature, capture, register, safetensors_file

quillgen, room = sys.argv[1], tempfile.TemporaryDirectory()
failures = []
torch.manual_seed(1)
torch.set_num_threads(1)

SHAPES = torch.tensor([[9, 11], [5, 6], [3, 3]])
TOKENS = int(SHAPES.prod(1).sum())
STARTS = torch.tensor([0, 99, 129])
LENGTHS = torch.tensor([40, 20, 10])
B, LQ, C = 2, 20, 32


def fail(text):
    failures.append(text)
    print(f'FAILED: {text}')


def rows(count, batch=B):
    return torch.randn(batch, count, C)


def places(*shape):
    return torch.rand(B, LQ, *shape)


def boxes(levels):
    return torch.cat([places(levels, 2), 0.1 + 0.5 * places(levels, 2)], -1)


def mask(tokens=TOKENS):
    return torch.rand(B, tokens) < 0.3


def mmcv_arguments(batch_first, identity):
    def layout(tensor):
        return tensor if batch_first else tensor.transpose(0, 1)
    return {'query': layout(rows(LQ)), 'value': layout(rows(TOKENS)), 'query_pos': layout(rows(LQ)),
            'key_padding_mask': mask(), 'reference_points': places(3, 2), 'spatial_shapes': SHAPES,
            'level_start_index': STARTS, **({'identity': layout(20 * rows(LQ))} if identity else {})}


def maps_by_head():
    return tuple(torch.randn(B, 4, C // 4, int(n)) for n in SHAPES.prod(1))


# name: module, positional arguments, those by name, lines of the report of quillgen beside that of expected_output
CASES = {
    'official': (modules.MSDeformAttn(), (rows(LQ), places(3, 2), rows(TOKENS), SHAPES, STARTS), {}, []),
    'official, boxes and mask': (modules.MSDeformAttn(),
                                 (rows(LQ), boxes(3), rows(TOKENS), SHAPES, STARTS, mask()), {}, []),
    'mmcv': (modules.MultiScaleDeformableAttention(), (), mmcv_arguments(False, False), []),
    'mmcv, batch first, identity': (modules.MultiScaleDeformableAttention(batch_first=True), (),
                                    mmcv_arguments(True, True), []),
    'transformers': (modules.DeformableDetrMultiscaleDeformableAttention(), (rows(LQ),),
                     {'attention_mask': ~mask(), 'encoder_hidden_states': rows(TOKENS), 'position_embeddings': rows(LQ),
                      'reference_points': places(3, 2), 'spatial_shapes': SHAPES, 'level_start_index': STARTS},
                     ['variant: mask of valid tokens']),
    'RT-DETRv2': (modules.MSDeformableAttention(offset_scale=1.0),
                  (rows(LQ), boxes(1), rows(TOKENS), SHAPES.tolist(), (~mask()).float()), {},
                  ['variant: offset scale 1; references shared by the levels; mask of valid tokens']),
    'D-FINE': (modules.DFineAttention(), (rows(LQ), boxes(1), maps_by_head(), SHAPES.tolist()), {},
               ['variant: points by level 3, 6, 3; references shared by the levels; no value projection; '
                'no output projection']),
    'BEVFormer': (modules.MSDeformableAttention3D(), (rows(LQ),),
                  {'value': rows(TOKENS), 'reference_points': places(4, 2), 'spatial_shapes': SHAPES},
                  ['variant: 4 references for the points in turn; references shared by the levels; '
                   'no output projection']),
    'BEVFormer, as many anchors as levels': (modules.MSDeformableAttention3D(num_points=6), (rows(LQ),),
                                             {'value': rows(TOKENS), 'reference_points': places(3, 2),
                                              'spatial_shapes': SHAPES},
                                             ['variant: 3 references for the points in turn; references shared by the '
                                              'levels; no output projection']),
    'DINO': (modules.MSDeformAttn(use_4D_normalizer=True), (rows(LQ), boxes(3), rows(TOKENS), SHAPES, STARTS), {},
             ['variant: offsets in pixels times the box']),
    'TadTR': (modules.DeformAttn(), (rows(LQ), places(3, 1), rows(70), LENGTHS, STARTS, mask(70)), {},
              ['variant: one-dimensional maps']),
    'TadTR, stretches': (modules.DeformAttn(), (rows(LQ), torch.cat([places(3, 1), 0.1 + 0.5 * places(3, 1)], -1),
                                                rows(70), LENGTHS, STARTS), {}, ['variant: one-dimensional maps']),
}
SIMULATED = ('official, boxes and mask', 'D-FINE')


def export(module, args=(), kwargs=None, **how):
    with capture(module, **how) as c:
        module(*args, **(kwargs or {}))
    return c.save(tempfile.mkdtemp(dir=room.name))


def run(*command):
    done = subprocess.run([quillgen, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def check_taken(name, module, args, kwargs, expected):
    before = dict(module.eval().__dict__)
    files = export(module, args, kwargs)
    if module.__dict__ != before or module.sampling_offsets._forward_hooks:
        fail(f'{name}: the module is not as it was')
    if [os.path.basename(f) for f in files] != [f'{type(module).__name__}.image{i}.safetensors' for i in range(B)]:
        fail(f'{name}: {files}')
    if len({tuple(safetensors_file.read(f)[0]['query'].flatten().tolist()) for f in files}) != B:
        fail(f'{name}: an image is there twice')
    for file in files:
        status, text = run('model', '--preset', 'small', '--fit', '--workload', file)
        if status != 0 or not re.search(r'^expected_output: agrees', text, re.M):
            fail(f'{name}: status {status}\n{text}')
        variants = [line for line in text.splitlines() if line.startswith('variant: ')]
        if variants != expected:
            fail(f'{name}: {variants}, expected {expected}')
    if name in SIMULATED:
        status, text = run('simulate', '--preset', 'small', '--fit', '--workload', files[1], '--latency', '10')
        if status != 0 or 'bit-exact in every stage' not in text:
            fail(f'{name}: simulate: status {status}\n{text}')
    print(f'{name}: {len(files)} files, agrees{", bit-exact" if name in SIMULATED else ""}')


class Twice(nn.Module):
    """A model that calls one attention twice and another once, and leaves the graph to whoever wants it."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([modules.MSDeformAttn(), modules.MSDeformAttn()])

    def forward(self, query, *rest):
        return self.layers[1](self.layers[0](self.layers[0](query, *rest), *rest), *rest)


def check_model():
    """Names, the number of images, hooks that keep no graph."""
    arguments = CASES['official'][1]
    model = Twice().eval()
    with capture(model, images=3) as c:
        for _ in range(2):
            model(*arguments).sum().backward()
    files = [os.path.basename(f) for f in c.save(tempfile.mkdtemp(dir=room.name))]
    expected = [f'layers.{path}.image{i}.safetensors' for path in ('0.call0', '0.call1', '1') for i in range(3)]
    if files != expected:
        fail(f'model: {files}, expected {expected}')
    if any(t.requires_grad for layers in c.layers.values() for layer in layers for t in layer.tensors.values()):
        fail('model: keeps the graph')
    if len(export(model, arguments, only='layers.1')) != B:
        fail('model: only= has not chosen one layer')
    print('model: names, images, only')


def check_halves():
    """Half precision: inputs as the module had them, results in float32."""
    module, args, _, _ = CASES['official']
    with torch.autocast('cpu', dtype=torch.bfloat16):
        files = export(module.eval(), args)
    halved = modules.MSDeformAttn().bfloat16().eval()
    files += export(halved, [a.bfloat16() if a.is_floating_point() else a for a in args])
    for file in files:
        tensors, metadata = safetensors_file.read(file)
        if {t.dtype for t in tensors.values()} != {torch.float32, torch.int64} or 'bfloat16' not in metadata['note']:
            fail(f'halves: {[(n, t.dtype) for n, t in tensors.items()]} {metadata}')
        status, text = run('model', '--preset', 'small', '--fit', '--workload', file)
        if status != 0 or 'expected_output: agrees' not in text:
            fail(f'halves: status {status}\n{text}')
    print(f'halves: {len(files)} files')


def check_registered():
    name, args = 'Renamed', CASES['official, boxes and mask'][1]
    renamed = modules.Renamed().eval()
    given = (args[0], args[1], args[2], args[3], ~args[5])
    refused(f'{name}, not registered', lambda: export(renamed, given),
            r'^Renamed \(Renamed\): .* its forward\(q, where, maps, sizes, valid\) is none that is known: say .*'
            r'register\(Renamed, ')
    register(modules.Renamed, Signature('where', 'sizes', 'maps', 'valid', query='q'))
    refused(f'{name}, other polarity', lambda: export(renamed, given), r'it agrees with the mask inverted; say so with '
            r'register\(Renamed, Signature\(\.\., mask_of_valid=True\)\)$')
    register(modules.Renamed, Signature('where', 'sizes', 'maps', 'valid', mask_of_valid=True, query='q'))
    by_names = export(renamed, given)
    register(modules.Renamed, lambda module, a, result: Call(a['where'], a['sizes'], mask=~a['valid']))
    for file in by_names + export(renamed, given):
        status, text = run('model', '--preset', 'small', '--fit', '--workload', file)
        if status != 0 or 'expected_output: agrees' not in text:
            fail(f'registered: status {status}\n{text}')
    print('registered: by names, by a function')


def refused(name, action, pattern):
    """The action raises ExportError with one line that matches, and writes nothing."""
    before = [files for _, _, files in os.walk(room.name)]
    try:
        action()
        fail(f'{name}: is not refused')
    except ExportError as error:
        if '\n' in str(error) or not re.search(pattern, str(error)):
            fail(f'{name}: says {error}')
        else:
            print(f'{name}: {error}')
    if [f for f in before if f] != [files for _, _, files in os.walk(room.name) if files]:
        fail(f'{name}: something was written')


def check_refused():
    official = CASES['official'][1]
    refused('something else', lambda: export(modules.Gated().eval(), official),
            r'^Gated \(Gated\), image 0: its result differs .* by [0-9.]+ of its largest number \(query \d+, channel '
            r'\d+\), 0.001 being allowed: .* register\(Gated, \.\.\)$')
    discrete = modules.MSDeformableAttention(method='discrete').eval()
    refused('discrete', lambda: export(discrete, CASES['RT-DETRv2'][1]), 'method is discrete')
    refused('no attention', lambda: capture(nn.Linear(2, 2)), '^Linear: has no module with sampling_offsets')
    model = Twice().eval()
    refused('no such layer', lambda: capture(model, only='decoder.*'), r'has no module decoder\.\* with')
    refused('not called', lambda: capture(model).save(room.name), 'none of its attention modules was called')
    refused('images', lambda: capture(model, images=0), 'images = 0')
    temporal = modules.MSDeformAttn()
    temporal.sampling_offsets = nn.Sequential(temporal.sampling_offsets)
    refused('no linear layer', lambda: export(temporal.eval(), official), 'sampling_offsets is no linear layer')
    grouped = modules.MSDeformAttn()
    grouped.n_points = 3
    grouped.forward = lambda query, reference_points, input_flatten, input_spatial_shapes: modules.MSDeformAttn.forward(
        CASES['official'][0], query, reference_points, input_flatten, input_spatial_shapes, None)
    refused('never called parts', lambda: export(grouped, official[:4]), 'sampling_offsets are not called as a module')
    dropping = modules.MultiScaleDeformableAttention(dropout=0.5).train()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter('always')
        refused('train mode', lambda: export(dropping, (), CASES['mmcv'][2]), r'call model\.eval\(\) first$')
    if [str(w.message) for w in warned if 'is in train mode' in str(w.message)] == []:
        fail('train mode: no warning')


def check_shown():
    """What files hold; status 1 where the result is another, 2 where there is no layer."""
    (file,) = export(CASES['official'][0], CASES['official'][1], images=1)
    tensors, metadata = safetensors_file.read(file)
    other, none = os.path.join(room.name, 'other'), os.path.join(room.name, 'none')
    safetensors_file.write(other, {**tensors, 'expected_output': 2 * tensors['expected_output']}, metadata)
    open(none, 'w').write('no file of this kind')
    for path, status, words in ((file, 0, 'n_points = 2\n.*input_flatten +F32 +\\[138, 32\\].*expected_output: agrees'),
                                (other, 1, 'expected_output: differs'), (none, 2, 'none: cannot be read as a layer')):
        done = subprocess.run([sys.executable, '-m', 'quillgen_export', path], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode != status or not re.search(words, done.stdout, re.S):
            fail(f'shown: status {done.returncode}\n{done.stdout}')
    print('shown: as it is')


def main():
    for name, case in CASES.items():
        check_taken(name, *case)
    check_model()
    check_halves()
    check_registered()
    check_refused()
    check_shown()
    print(f'{len(failures)} failures')
    return 1 if failures else 0


sys.exit(main())
