"""From a call of a module to the tensors and metadata of a file, image by image (verif/reference/README.md)."""
from dataclasses import dataclass

import torch

from .errors import ExportError
from .recompute import difference, recompute

ALLOWED = 1e-3  # of the largest number of the module's result


@dataclass
class Layer:
    """A layer of one image, in which may be open what only its result tells."""
    name: str
    class_name: str
    training: bool
    tensors: dict
    metadata: dict
    outputs: list  # what the module's result may be: without the residual that it adds, or with none
    references_per: list  # what the second dimension of the references may count: level, point


def attribute(module, names):
    return next((getattr(module, name) for name in names if getattr(module, name, None) is not None), None)


def whole_list(numbers):
    return [int(n) for n in (numbers.tolist() if isinstance(numbers, torch.Tensor) else numbers)]


def kept(tensor):
    """A copy for the file: detached, on the CPU, numbers in float32."""
    if tensor.dtype.is_floating_point:
        return tensor.detach().to('cpu', torch.float32, copy=True)
    return tensor.detach().to('cpu', copy=True)


def flat(source):
    """[B, S, C] of a source given so, by heads [B, S, heads, D], or as a list of levels [B, heads, D, pixels]."""
    if isinstance(source, (tuple, list)):
        source = torch.cat(list(source), -1).permute(0, 3, 1, 2)
    return source.flatten(2)


def parameters(name, module, projections):
    """Weights and biases of the linear layers, under the names of the file."""
    found = {}
    for part in ('sampling_offsets', 'attention_weights', *projections):
        layer = getattr(module, part)
        weight, bias = getattr(layer, 'weight', None), getattr(layer, 'bias', None)
        if not isinstance(weight, torch.Tensor) or weight.dim() != 2:
            raise ExportError(f'{name}: {part} is no linear layer but {type(layer).__name__}; only linear ones have a '
                              f'place in the file')
        found[f'{part}.weight'] = kept(weight)
        found[f'{part}.bias'] = kept(bias) if bias is not None else torch.zeros(weight.shape[0])
    return found


def dimensions(name, module, call, weights, levels, line):
    """d_model, n_heads, n_levels, n_points as metadata, checked against the shapes of the weights."""
    heads = call.heads or attribute(module, ('n_heads', 'num_heads'))
    points = call.points or attribute(module, ('num_points_list', 'n_points_list', 'n_points', 'num_points'))
    if heads is None or points is None:
        raise ExportError(f'{name}: how many heads and points it has is not in n_heads and n_points, nor in num_heads '
                          f'and num_points; give them as heads and points of a Call, in a function for register()')
    points = [int(points)] * levels if isinstance(points, int) else whole_list(points)
    channels = weights['sampling_offsets.weight'].shape[1]
    logits, offsets = weights['attention_weights.weight'].shape[0], weights['sampling_offsets.weight'].shape[0]
    numbers = 1 if line else 2
    if len(points) != levels or logits != heads * sum(points) or offsets != numbers * logits:
        raise ExportError(f'{name}: {offsets} offsets and {logits} attention weights of {levels} levels are not those '
                          f'of {heads} heads with {points} points; is it deformable attention of another kind?')
    for part, tensor in weights.items():
        if part in ('value_proj.weight', 'output_proj.weight') and tuple(tensor.shape) != (channels, channels) or \
                part == 'attention_weights.weight' and tensor.shape[1] != channels:
            raise ExportError(f'{name}: {part} is {list(tensor.shape)}, of {channels} channels; the file has no place '
                              f'for that')
    return {'d_model': str(channels), 'n_heads': str(heads), 'n_levels': str(levels),
            'n_points': str(points if len(set(points)) > 1 else points[0])}


def variants(name, module, boxes, masked, call, projections):
    """What of the layer is not plain, as metadata."""
    method = attribute(module, ('method', 'decoder_method'))
    if method not in (None, 'default'):
        raise ExportError(f'{name}: method is {method}, which the hardware has not: it has default, that between four '
                          f'pixels; train or load the model with that')
    found = {f'{part}': 'none' for part in ('value_proj', 'output_proj') if part not in projections}
    share = attribute(module, ('offset_scale',))
    if boxes and share is not None and float(share) != 0.5:
        found['offset_scale'] = repr(float(share))
    if boxes and attribute(module, ('use_4D_normalizer', 'use_4d_normalizer')):
        found['use_4D_normalizer'] = 'true'
    if masked and call.mask_of_valid:
        found['mask_polarity'] = 'valid'
    return {**found, **call.metadata}


def check(name, what, tensor, shape):
    if tuple(tensor.shape) != tuple(shape):
        raise ExportError(f'{name}: {what} is {list(tensor.shape)}, expected {list(shape)}; if the arguments mean '
                          f'something else, say what with register()')


def layers_of(name, module, call, seen, most):
    """At most `most` layers, one for each member of the batch."""
    query = call.query if call.query is not None else seen.get('sampling_offsets', (None,))[0]
    of_weights = seen.get('attention_weights', (query,))[0]
    if query is None:
        raise ExportError(f'{name}: its sampling_offsets are not called as a module; give the query as that of a Call, '
                          f'in a function for register()')
    if query.dim() != 3:
        raise ExportError(f'{name}: the query of sampling_offsets is {list(query.shape)}, expected [batch, queries, '
                          f'channels]; give the query as that of a Call, in a function for register()')
    if call.query is None and of_weights is not query and not torch.equal(of_weights, query):
        raise ExportError(f'{name}: sampling_offsets and attention_weights are computed from different rows; the '
                          f'hardware has one query for both')
    projections = [part for part in ('value_proj', 'output_proj') if part in seen]
    source = call.source if 'value_proj' not in seen else seen['value_proj'][0]
    if call.reference_points is None or call.spatial_shapes is None or source is None:
        raise ExportError(f'{name}: was called without reference points, shapes of the levels or tokens; if they come '
                          f'by other arguments, say by which with register()')
    shapes = torch.as_tensor(call.spatial_shapes).detach().to('cpu', torch.int64)
    line = shapes.dim() == 1 or shapes.shape[1] == 1
    levels, batch, source = shapes.shape[0], query.shape[0], flat(source)
    weights = parameters(name, module, projections)
    metadata = dimensions(name, module, call, weights, levels, line)
    channels, references = int(metadata['d_model']), call.reference_points
    if query.shape[2] != channels or source.shape[2] != channels:
        raise ExportError(f'{name}: queries of {query.shape[2]} channels and tokens of {source.shape[2]}; the hardware '
                          f'has as many of both')
    check(name, 'the source of the values', source, (batch, int(shapes.prod(-1).sum() if not line else shapes.sum()),
                                                     channels))
    check(name, 'the result', call.output, query.shape)
    boxes = references.shape[-1] == (2 if line else 4)
    masked = call.mask is not None
    metadata.update(variants(name, module, boxes, masked, call, projections))
    counted = references.dim() == 4 and references.shape[2] > 1
    per = (['level'] if counted and references.shape[2] == levels else []) + (['point'] if counted else [])

    def of_image(tensor, image):
        return kept(tensor[image if tensor.shape[0] > 1 else 0])

    for image in range(min(batch, most)):
        tensors = {'query': of_image(query, image), 'reference_points': of_image(references, image),
                   'input_flatten': of_image(source, image), 'spatial_shapes': shapes, **weights}
        if masked:
            tensors['input_padding_mask'] = of_image(call.mask != 0, image).flatten().to(torch.uint8)
        outputs = [of_image(call.output, image)]
        if call.residual is not None:
            outputs.insert(0, of_image(call.output.float() - call.residual, image))
        yield Layer(name, type(module).__name__, module.training, tensors, dict(metadata), outputs, per or ['level'])


def settled(layer, image):
    """(tensors, metadata) of the file, `expected_output` being what its tensors give in float64. ExportError if nothing
    that the module's result may be is that.
    """
    least = None
    for per in layer.references_per:
        metadata = {**layer.metadata, **({'references_per': 'point'} if per == 'point' else {})}
        computed = recompute(layer.tensors, metadata)
        for output in layer.outputs:
            apart, query, channel = difference(output, computed)
            if apart <= ALLOWED:
                metadata['expected_difference'] = f'{apart:.1e}'
                return {**layer.tensors, 'expected_output': output}, metadata
            least = min(least or (apart, query, channel), (apart, query, channel))
    raise ExportError(f'{layer.name}, image {image}: its result differs from deformable attention computed in float64 '
                      f'by {least[0]:.3g} of its largest number (query {least[1]}, channel {least[2]}), {ALLOWED} '
                      f'being allowed: {cause(layer)}')


def cause(layer):
    """Why a result may differ, and what to do."""
    if layer.training:
        return 'it is in train mode, and may have dropout; call model.eval() first'
    if 'input_padding_mask' in layer.tensors:
        other = {**layer.tensors, 'input_padding_mask': 1 - layer.tensors['input_padding_mask']}
        computed = recompute(other, layer.metadata)
        if any(difference(output, computed)[0] <= ALLOWED for output in layer.outputs):
            return f'it agrees with the mask inverted; say so with register({layer.class_name}, Signature(.., ' \
                   f'mask_of_valid={layer.metadata.get("mask_polarity") != "valid"}))'
    return f'it computes something else, or its arguments mean something else: say what with ' \
           f'register({layer.class_name}, ..)'
