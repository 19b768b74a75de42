"""A whole detector as a file for `--network`, and its scenes for `--input` (verif/network/README.md)."""
import os
import re

import torch

from . import safetensors_file
from .detector import ACTIVATIONS, Detector
from .errors import ExportError
from .layer import ALLOWED, kept
from .recompute import difference

ENCODER, DECODER = 'encoder.layers.{}.self_attn', 'decoder.layers.{}.cross_attn'
PLAIN = ('d_model', 'n_heads', 'n_levels', 'n_points')


def is_detector(model):
    return any(name.endswith(f'{ENCODER.format(0)}.sampling_offsets.weight') for name, _ in model.named_parameters())


def needed(encoder_layers, decoder_layers, sparse):
    """Names of the parameters of a network file."""
    def both(*names):
        return [f'{name}.{kind}' for name in names for kind in ('weight', 'bias')]

    attention = ('sampling_offsets', 'attention_weights', 'value_proj', 'output_proj')
    names = both('enc_class_embed', 'enc_bbox_embed.layers.0', 'enc_bbox_embed.layers.1', 'query_content', 'query_pos')
    for i in range(encoder_layers):
        names += both(*(f'{ENCODER.format(i)}.{part}' for part in attention),
                      *(f'encoder.layers.{i}.{part}' for part in ('norm1', 'norm2', 'linear1', 'linear2')))
    for i in range(decoder_layers):
        own = f'decoder.layers.{i}.'
        names += [f'{own}self_attn.in_proj_weight', f'{own}self_attn.in_proj_bias']
        names += both(*(f'{DECODER.format(i)}.{part}' for part in attention),
                      *(f'{own}{part}' for part in ('self_attn.out_proj', 'norm1', 'norm2', 'norm3', 'linear1',
                                                    'linear2')),
                      f'class_embed.{i}', f'bbox_embed.{i}.layers.0', f'bbox_embed.{i}.layers.1')
    return names + (both('score') if sparse else [])


def shortest(names, name):
    """The path that ends with `name`; of several, as where a module has two parents, the shortest. None if there is
    none.
    """
    found = [n for n in names if n == name or n.endswith(f'.{name}')]
    return min(found, key=len) if found else None


def parameters(model, names):
    """By the names of the file. Nothing beside them may be in encoder, decoder and what they are followed by."""
    own, taken = dict(model.named_parameters()), {}
    for name in names:
        path = shortest(own, name)
        if path is None:
            raise ExportError(f'{type(model).__name__}: has no parameter {name}, and is no detector of the kind that a '
                              f'network file describes; save its layers with save()')
        taken[path] = name
    parts = {re.split(r'\.|$', name)[0] for name in names}
    for path in own:
        if path not in taken and any(part in path.split('.') for part in parts):
            raise ExportError(f'{type(model).__name__}: a network file has no place for its parameter {path}; save its '
                              f'layers with save()')
    return {name: kept(own[path]) for path, name in taken.items()}


def watch_heads(model, images, rows):
    """Keeps in `rows` what the class_embed give, by name and image. A list of functions that end it."""
    handles = []
    for path, module in model.named_modules() if is_detector(model) else ():
        match = re.search(r'(?:^|\.)(class_embed\.\d+)$', path)
        if match:
            def hook(_, inputs, output, of=rows.setdefault(match[1], [])):
                of.extend(kept(row) for row in output[:max(0, images - len(of))])
            handles.append(module.register_forward_hook(hook).remove)
    return handles


def captured(layers, name):
    """The layers of the path that ends with `name`, one an image."""
    path = shortest([path for path, _ in layers], name)
    if path is None or not layers[path, 0]:
        raise ExportError(f'{name}: was not captured; call the model inside of the with statement, without only=')
    if (path, 1) in layers:
        raise ExportError(f'{path}: a forward calls it several times; a network file has each layer once')
    return layers[path, 0]


def places(model, first, given):
    """pos [S, C], reference_points [S, 2], anchors [S, 4]: as given, else a buffer of that name, else what the first
    layer of the encoder was given.
    """
    buffers = dict(model.named_buffers())
    tokens, channels = first[0].tensors['input_flatten'].shape
    sizes, found = {'pos': channels, 'reference_points': 2, 'anchors': 4}, {}
    for name, size in sizes.items():
        tensor = given.get(name)
        if tensor is None:
            path = shortest(buffers, name)
            tensor = buffers[path] if path else None
        if tensor is not None and tuple(tensor.shape[-2:]) == (tokens, size):
            found[name] = kept(tensor.reshape(-1, tokens, size)[0])
    if len(first[0].tensors['query']) == tokens:
        if 'pos' not in found:
            of_images = [layer.tensors['query'] - layer.tensors['input_flatten'] for layer in first]
            found['pos'] = of_images[0]
            if any(difference(other, found['pos'])[0] > ALLOWED for other in of_images):
                raise ExportError(f'{first[0].name}: its positional embedding is not the same in all images; a network '
                                  f'file has one: capture images of one size, without padding')
        references = first[0].tensors['reference_points']
        if 'reference_points' not in found and torch.equal(references, references[:, :1].expand_as(references)):
            found['reference_points'] = references[:, 0]
    for name, size in sizes.items():
        if name not in found:
            raise ExportError(f'{type(model).__name__}: has no buffer {name} [{tokens}, {size}]; give it, as '
                              f'save_network(.., {name}=..)')
    return found


def count(names, pattern):
    return 1 + max((int(m[1]) for m in (re.search(pattern, name) for name in names) if m), default=-1)


def describe(model, layers, given):
    """(tensors, metadata) of the file, but for the activation."""
    names = [name for name, _ in model.named_parameters()]
    encoder = count(names, r'(?:^|\.)encoder\.layers\.(\d+)\.self_attn\.sampling_offsets\.weight$')
    decoder = count(names, r'(?:^|\.)decoder\.layers\.(\d+)\.cross_attn\.sampling_offsets\.weight$')
    if not encoder or not decoder:
        raise ExportError(f'{type(model).__name__}: has no encoder.layers.0.self_attn and decoder.layers.0.cross_attn '
                          f'of deformable attention, and is no detector of the kind that a network file describes; '
                          f'save its layers with save()')
    first, last = captured(layers, ENCODER.format(0)), captured(layers, DECODER.format(decoder - 1))
    tokens, listed = len(first[0].tensors['input_flatten']), len(first[0].tensors['query'])
    tensors = parameters(model, needed(encoder, decoder, listed < tokens))
    for layer in first + last:
        more = sorted(set(layer.metadata) - {*PLAIN, 'layer', 'model', 'made_by', 'note', 'mask_polarity'})
        if 'note' in layer.metadata:
            raise ExportError(f'{layer.name}: {layer.metadata["note"].split(";")[0]}, which is too far from double '
                              f'precision to be compared; run the model in float32, without autocast')
        if '[' in layer.metadata['n_points']:
            more.append('points by level')
        mask = layer.tensors.get('input_padding_mask')
        if mask is not None and bool((mask.bool() != (layer.metadata.get('mask_polarity') == 'valid')).any()):
            more.append('padded tokens')
        if more:
            raise ExportError(f'{layer.name}: a network file has no place for {", ".join(more)}; save its layers with '
                              f'save()')
    epsilons = {m.eps for m in model.modules() if isinstance(m, torch.nn.LayerNorm)}
    if len(epsilons) != 1:
        raise ExportError(f'{type(model).__name__}: its LayerNorms have {sorted(epsilons)} as eps; a network file has '
                          f'one; save its layers with save()')
    metadata = {**{key: first[0].metadata[key] for key in PLAIN},
                'ffn': str(len(tensors['encoder.layers.0.linear1.bias'])), 'encoder_layers': str(encoder),
                'decoder_layers': str(decoder), 'queries': str(len(last[0].tensors['query'])),
                'classes': str(len(tensors['class_embed.0.bias'])), 'norm_eps': repr(epsilons.pop())}
    if listed < tokens:
        metadata['keep'] = str(given.get('keep', getattr(model, 'keep', listed / tokens)))
    return {**tensors, **places(model, first, given), 'spatial_shapes': first[0].tensors['spatial_shapes']}, metadata


def computed(tensors, metadata, layers, heads, image):
    """The Detector of an image, and how it differs from the model, in words."""
    paths = [ENCODER.format(i) for i in range(int(metadata['encoder_layers']))] + \
        [DECODER.format(i) for i in range(int(metadata['decoder_layers']))]
    of_model = {path: captured(layers, path)[image].tensors['query'] for path in paths}
    first = captured(layers, DECODER.format(0))[image]
    of_model[f'{DECODER.format(0)}.reference_points'] = first.tensors['reference_points']
    source = captured(layers, ENCODER.format(0))[image].tensors['input_flatten']
    detector = Detector(tensors, metadata, source, of_model)
    pairs = [(f'the query of {path}', of_model[path], detector.queries[path]) for path in paths]
    name = f'class_embed.{int(metadata["decoder_layers"]) - 1}'
    pairs = [(f'the query of {path}', of_model[path], detector.queries[path]) for path in paths]
    faults = []
    for where, ours, theirs in [*pairs, (f'the result of {name}', heads[name][image], detector.logits)]:
        if where.startswith('the query of decoder'):
            faults += detector.faults
        apart = difference(ours, theirs)[0] if ours.shape == theirs.shape else float('inf')
        if apart > ALLOWED:
            faults.append(f'{where} differs by {apart:.3g} of its largest number, {ALLOWED} being allowed')
    return detector, faults[0] if faults else ''


def save_network(model, layers, heads, folder, boxes=None, labels=None, **given):
    """See Capture.save_network."""
    tensors, metadata = describe(model, layers, given)
    images = len(captured(layers, ENCODER.format(0)))
    if given.get('activation', 'relu') not in ACTIVATIONS:
        raise ExportError(f'activation = {given["activation"]}: a network file has {", ".join(ACTIVATIONS)} alone')
    if boxes is not None and labels is not None and (min(len(boxes), len(labels)) < images or boxes.dim() != 3 or
                                                     boxes.shape[:2] != labels.shape or boxes.shape[2] != 4):
        raise ExportError(f'boxes {list(boxes.shape)} and labels {list(labels.shape)}: must be [images, objects, 4] '
                          f'and [images, objects] of {images} images, with label -1 for no object')
    detectors, fault = [], ''
    for activation in ACTIVATIONS if 'activation' not in given else [given['activation']]:
        metadata['activation'] = activation
        while len(detectors) < images:
            detector, found = computed(tensors, metadata, layers, heads, len(detectors))
            if found:
                fault = fault or found
                break
            detectors.append(detector)
        if detectors:
            break
    if len(detectors) < images:
        raise ExportError(f'{type(model).__name__}, image {len(detectors)}: is not the detector that a network file '
                          f'describes (verif/network/README.md): {fault}; save its layers with save()')
    if boxes is None or labels is None:  # no objects are known
        boxes, labels = torch.zeros(images, 1, 4), torch.full((images, 1), -1)
    last = heads[f'class_embed.{int(metadata["decoder_layers"]) - 1}']
    scenes = {'source': torch.stack([layer.tensors['input_flatten'] for layer in captured(layers, ENCODER.format(0))]),
              'boxes': kept(boxes[:images].float()), 'labels': labels[:images].long(),
              'expected_logits': torch.stack(last[:images]),
              'expected_boxes': torch.stack([d.boxes.float() for d in detectors]),
              'expected_queries': torch.stack([d.chosen for d in detectors])}
    os.makedirs(folder, exist_ok=True)
    paths = [os.path.join(folder, f'{name}.safetensors') for name in ('network', 'scenes')]
    safetensors_file.write(paths[0], tensors, metadata)
    safetensors_file.write(paths[1], scenes, {'made_by': 'quillgen_export', 'model': type(model).__name__})
    return paths
