"""Deformable attention in double precision, of what a file holds: computed from its tensors and metadata alone, with
none of the code of the module it came from.
"""
import json

import torch

QUERIES = 1024  # at a time; bounds the memory


def points_of_levels(metadata):
    """[K of each level]"""
    text = metadata['n_points']
    points = json.loads(f'[{text}]' if ',' in text and '[' not in text else text)
    return points if isinstance(points, list) else [points] * int(metadata['n_levels'])


def corners(value, height, width, x, y):
    """Bilinear samples of a level, pixels outside being 0. value [H*W, D]; x, y [..] in pixels -> [.., D]."""
    total = 0
    x0, y0 = torch.floor(x), torch.floor(y)
    for px in (x0, x0 + 1):
        for py in (y0, y0 + 1):
            inside = (px >= 0) & (px < width) & (py >= 0) & (py < height)
            weight = (1 - (x - px).abs()) * (1 - (y - py).abs()) * inside
            index = torch.where(inside, py * width + px, torch.zeros_like(px)).long()
            total = total + weight[..., None] * value[index]
    return total


def references_of(t, metadata, levels, line):
    """[Lq, L, Z, 4] as (x, y, width, height), and whether they are boxes."""
    r = t['reference_points']
    queries, numbers = r.shape[0], r.shape[-1]
    if r.dim() == 2:
        r = r[:, None, None, :]
    elif r.dim() == 3:
        r = r[:, None, :, :] if metadata.get('references_per') == 'point' else r[:, :, None, :]
    r = r.expand(queries, levels, r.shape[2], numbers)
    if line:  # in the middle of a map of one row, as high as it
        one, half = torch.ones_like(r[..., :1]), torch.full_like(r[..., :1], 0.5)
        r = torch.cat([r[..., :1], half] + ([r[..., 1:], one] if numbers == 2 else []), -1)
    boxes = r.shape[-1] == 4
    return (r if boxes else torch.cat([r, torch.ones_like(r)], -1)), boxes


def linear(rows, t, name):
    return rows @ t[f'{name}.weight'].T + t[f'{name}.bias']


def recompute(tensors, metadata):
    """expected_output of the file: [Lq, C], float64."""
    t = {name: tensor.double() for name, tensor in tensors.items()}
    heads, points = int(metadata['n_heads']), points_of_levels(metadata)
    shapes = t['spatial_shapes'].long()
    line = shapes.dim() == 1 or shapes.shape[1] == 1
    shapes = [(1, int(n)) for n in shapes.flatten()] if line else [(int(h), int(w)) for h, w in shapes]

    value = linear(t['input_flatten'], t, 'value_proj') if 'value_proj.weight' in t else t['input_flatten'].clone()
    if 'input_padding_mask' in t:
        value[(t['input_padding_mask'] != 0) != (metadata.get('mask_polarity') == 'valid')] = 0
    value = value.reshape(value.shape[0], heads, -1)
    references, boxes = references_of(t, metadata, len(points), line)
    share = float(metadata.get('offset_scale', 0.5))
    in_pixels = metadata.get('use_4D_normalizer') in ('true', 'True', '1')

    rows = []
    for first in range(0, t['query'].shape[0], QUERIES):
        query, reference = t['query'][first:first + QUERIES], references[first:first + QUERIES]
        offsets = linear(query, t, 'sampling_offsets').reshape(len(query), heads, sum(points), -1)
        weights = linear(query, t, 'attention_weights').reshape(len(query), heads, sum(points)).softmax(-1)
        total = value.new_zeros(len(query), heads, value.shape[2])
        before, token = 0, 0
        for level, ((height, width), count) in enumerate(zip(shapes, points)):
            # anchors of the points: [Lq, 1, K, 4]
            anchor = reference[:, level, torch.arange(count) % reference.shape[2]][:, None]
            move = offsets[:, :, before:before + count]
            if line:
                move = torch.cat([move, torch.zeros_like(move)], -1)
            sides = torch.tensor([width, height], dtype=torch.float64)
            if boxes:
                move = move * share * anchor[..., 2:] * (1 if in_pixels else sides / count)
            place = anchor[..., :2] * sides + move - 0.5
            for head in range(heads):
                of_head = corners(value[token:token + height * width, head], height, width,
                                  place[:, head, :, 0], place[:, head, :, 1])
                total[:, head] += (of_head * weights[:, head, before:before + count, None]).sum(1)
            before, token = before + count, token + height * width
        rows.append(total.flatten(1))
    output = torch.cat(rows)
    return linear(output, t, 'output_proj') if 'output_proj.weight' in t else output


def difference(output, expected):
    """(largest difference of the two, as a share of the largest number of `output`; its query; its channel)."""
    apart = (output.double() - expected).abs()
    if not torch.isfinite(apart).all():
        return float('inf'), 0, 0
    at = int(apart.argmax())
    most, largest = float(apart.flatten()[at]), float(output.double().abs().max())
    return (most / largest if largest > 0 else float('inf') if most > 0 else 0.0), at // apart.shape[1], \
        at % apart.shape[1]
