"""Detectors of the kind that quillgen runs, out of PyTorch: with the parameters of those in examples, what is exported
is the file that is there, and quillgen gives the same. Then what is refused.

    PYTHONPATH=tools/pytorch tools/pytorch/tests/test_network.py QUILLGEN EXAMPLES
"""
import os
import re
import subprocess
import sys
import tempfile

import torch
import torch.nn.functional as F

import detectors
import modules
from quillgen_export import ExportError, capture, safetensors_file

quillgen, examples, room = sys.argv[1], sys.argv[2], tempfile.TemporaryDirectory()
failures = []
torch.set_num_threads(1)


def fail(text):
    failures.append(text)
    print(f'FAILED: {text}')


def example(name):
    return safetensors_file.read(os.path.join(examples, f'{name}.safetensors'))


def detector(name, activation=F.relu):
    """The model of an example."""
    tensors, metadata = example(name)
    sizes = {key: int(metadata[key]) for key in ('ffn', 'queries', 'classes')}
    model = detectors.Detector(encoder=int(metadata['encoder_layers']), decoder=int(metadata['decoder_layers']),
                             shapes=tensors['spatial_shapes'], activation=activation,
                             keep=float(metadata['keep']) if 'keep' in metadata else None, **sizes)
    state = {f'transformer.{key}' if key.startswith(('encoder', 'decoder')) else key: value
             for key, value in tensors.items() if key != 'spatial_shapes'}
    model.load_state_dict(state)
    return model.eval()


def run(*command):
    done = subprocess.run([quillgen, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def export(model, scenes, folder=None, dtype=torch.float32, images=8, **how):
    with capture(model, images) as c, torch.no_grad():
        model(scenes['source'].to(dtype))
    return c.save_network(folder or tempfile.mkdtemp(dir=room.name), **how)


def check_example(name):
    """The same tensors and metadata as the example, so that its scales are taken; the same report."""
    scenes = example(f'{name}_scenes')[0]
    network, inputs = export(detector(name), scenes, boxes=scenes['boxes'], labels=scenes['labels'])
    tensors, metadata = safetensors_file.read(network)
    known, known_metadata = example(name)
    if metadata != known_metadata or set(tensors) != set(known) or \
            not all(torch.equal(t, known[n]) for n, t in tensors.items()):
        fail(f'{name}: another file; {metadata}')
    scales = os.path.join(examples, f'{name}.scales.json')
    reports = [run('model', '--preset', 'detector', '--network', a, '--scales', scales, '--input', b) for a, b in (
        (network, inputs), (os.path.join(examples, f'{name}.safetensors'),
                            os.path.join(examples, f'{name}_scenes.safetensors')))]
    lines = [[line for line in text.splitlines() if re.match(r'AP|class|encoder|decoder|.*agree', line)]
             for _, text in reports]
    if reports[0][0] != 0 or len(lines[0]) < 5 or lines[0] != lines[1]:
        fail(f'{name}: {reports[0]}, expected {reports[1]}')
    print(f'{name}: as the example, {len(lines[0])} lines of the report are the same')


def check_own():
    """A model that keeps no places of its tokens but the anchors, with another activation; its scales are found."""
    scenes, model = example('tiny_detector_scenes')[0], detector('tiny_detector', F.silu)
    for name, buffer in ('pos', model.pos), ('reference_points', model.reference_points):
        delattr(model, name)
        setattr(model, name, buffer)  # no longer a buffer
    network, inputs = export(model, scenes, images=2)
    if safetensors_file.read(network)[1]['activation'] != 'silu':
        fail('own: the activation is not found')
    scales = os.path.join(room.name, 'scales.json')
    numbers = ('--set', 'network.activations=silu')
    for command in (('calibrate', '--out', scales), ('model', '--scales', scales)):
        status, text = run(*command[:1], '--preset', 'detector', *numbers, '--network', network, '--input', inputs,
                           *command[1:])
        if status != 0:
            fail(f'own: {command[0]}: status {status}\n{text}')
    print('own: calibrated')


def refused(name, action, pattern):
    folder = os.path.join(room.name, name.replace(' ', '_'))
    try:
        action(folder)
        fail(f'{name}: is not refused')
    except ExportError as error:
        if '\n' in str(error) or not re.search(pattern, str(error)):
            fail(f'{name}: says {error}')
        else:
            print(f'{name}: {error}')
    if os.path.exists(folder):
        fail(f'{name}: something was written')


def check_refused():
    scenes = example('tiny_detector_scenes')[0]

    def changed(name, change, pattern, **how):
        model = detector('tiny_detector')
        change(model)
        refused(name, lambda folder: export(model, scenes, folder, **how), pattern)

    changed('another layer', lambda m: m.transformer.encoder.layers[1].register_forward_hook(
        lambda _, __, out: 2 * out), r'^Detector, image 0: is not the detector .*: the query of '
        r'encoder\.layers\.2\.self_attn differs by [0-9.]+ of')
    changed('another head', lambda m: m.class_embed[1].register_forward_hook(lambda _, __, out: out + 1),
            r'the result of class_embed\.1 differs')
    changed('another choice', lambda m: m.enc_class_embed.register_forward_hook(lambda _, __, out: -out),
            'the tokens chosen by enc_class_embed are not those of highest score')
    changed('more parameters', lambda m: m.bbox_embed[0].layers.append(torch.nn.Linear(4, 4)),
            r'no place for its parameter bbox_embed\.0\.layers\.2\.weight')
    changed('a parameter fewer', lambda m: setattr(m.query_content, 'bias', None),
            'has no parameter query_content.bias')
    changed('another activation', lambda m: None, 'activation = tanh: a network file has relu', activation='tanh')
    changed('fewer objects', lambda m: None, r'boxes \[1, 2, 4\] and labels \[1, 2\]: must be',
            boxes=torch.zeros(1, 2, 4), labels=torch.zeros(1, 2))
    halved = detector('tiny_detector').bfloat16()
    refused('half precision', lambda folder: export(halved, scenes, folder, torch.bfloat16), r'ran in bfloat16, which '
            r'is too far from double precision to be compared; run the model in float32')
    changed('two epsilons', lambda m: setattr(m.transformer.encoder.layers[0].norm1, 'eps', 1e-6), 'as eps')
    changed('no anchors', lambda m: m._buffers.pop('anchors') is None or setattr(m, 'anchors', torch.rand(340, 4)),
            r'has no buffer anchors \[340, 4\]; give it')
    other = torch.nn.Module()
    other.attention = modules.MSDeformAttn()
    other.forward = other.attention.forward
    refused('no detector', lambda folder: capture(other).save_network(folder), 'no detector of the kind')
    refused('nothing captured', lambda folder: capture(detector('tiny_detector')).save_network(folder),
            'was not captured')


for name in 'tiny_detector', 'tiny_sparse_detector':
    check_example(name)
check_own()
check_refused()
print(f'{len(failures)} failures')
sys.exit(1 if failures else 0)
