"""Attention modules as they are published, written anew after their formulas and signatures, for the tests: small, and
in plain PyTorch.
"""
import torch
import torch.nn.functional as F
from torch import nn


def sample(value, shapes, locations, weights, points):
    """grid_sample of every level. value [B, S, M, D], locations [B, Lq, M, sum(points), 2] as shares, weights
    [B, Lq, M, sum(points)] -> [B, Lq, M * D].
    """
    batch, _, heads, depth = value.shape
    queries = locations.shape[1]
    levels = value.split([int(h) * int(w) for h, w in shapes], 1)
    total = 0
    for (h, w), level, place, weight in zip(shapes, levels, locations.split(points, 3), weights.split(points, 3)):
        grid = level.permute(0, 2, 3, 1).reshape(batch * heads, depth, int(h), int(w))
        place = (2 * place - 1).transpose(1, 2).flatten(0, 1)  # [B * M, Lq, K, 2]
        # [B * M, D, Lq, K]; in float32, as kernels do it
        samples = F.grid_sample(grid.float(), place.float(), align_corners=False).to(grid.dtype)
        total = total + (samples * weight.transpose(1, 2).reshape(batch * heads, 1, queries, -1)).sum(-1)
    return total.reshape(batch, heads * depth, queries).transpose(1, 2)


class Attention(nn.Module):
    """What all have in common: the linear layers, with random weights of a sensible size."""
    coordinates = 2

    def __init__(self, c=32, heads=4, levels=3, points=2, projections=('value_proj', 'output_proj'), queries_from=None):
        super().__init__()
        points = points if isinstance(points, list) else [points] * levels
        samples = heads * sum(points)
        self.sampling_offsets = nn.Linear(queries_from or c, self.coordinates * samples)
        self.attention_weights = nn.Linear(queries_from or c, samples)
        for name in projections:
            setattr(self, name, nn.Linear(c, c))
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.uniform_(-0.4, 0.4)
            self.sampling_offsets.bias.uniform_(-3, 3)

    def split(self, query, heads, points):
        batch, queries, _ = query.shape
        offsets = self.sampling_offsets(query).view(batch, queries, heads, sum(points), self.coordinates)
        weights = self.attention_weights(query).view(batch, queries, heads, sum(points)).softmax(-1)
        return offsets, weights


def by_level(offsets, levels):
    """[B, Lq, M, L * K, 2] -> [B, Lq, M, L, K, 2]"""
    return offsets.unflatten(3, (levels, -1))


def plain_locations(offsets, references, shapes, points, box_scale):
    """Of Deformable DETR; box_scale(sides) is what offsets are multiplied with beside the box."""
    sides = shapes.flip(1).to(offsets.dtype)
    levels = len(shapes)
    offsets = by_level(offsets, levels)
    places = references[:, :, None, :, None, :2]
    if references.shape[-1] == 2:
        places = places + offsets / sides[:, None, :]
    else:
        places = places + offsets * box_scale(sides[:, None, :]) * references[:, :, None, :, None, 2:]
    return places.flatten(3, 4)


class MSDeformAttn(Attention):
    """Deformable DETR; and of DINO with use_4D_normalizer."""

    def __init__(self, d_model=32, n_levels=3, n_heads=4, n_points=2, use_4D_normalizer=False):
        super().__init__(d_model, n_heads, n_levels, n_points)
        self.d_model, self.n_levels, self.n_heads, self.n_points = d_model, n_levels, n_heads, n_points
        self.use_4D_normalizer = use_4D_normalizer

    def forward(self, query, reference_points, input_flatten, input_spatial_shapes, input_level_start_index,
                input_padding_mask=None):
        value = self.value_proj(input_flatten)
        if input_padding_mask is not None:
            value = value.masked_fill(input_padding_mask[..., None], 0.0)
        points = [self.n_points] * self.n_levels
        offsets, weights = self.split(query, self.n_heads, points)
        scale = (lambda sides: 0.5 / sides) if self.use_4D_normalizer else (lambda _: 0.5 / self.n_points)
        places = plain_locations(offsets, reference_points, input_spatial_shapes, points, scale)
        output = sample(value.unflatten(2, (self.n_heads, -1)), input_spatial_shapes, places, weights, points)
        return self.output_proj(output)


class Gated(MSDeformAttn):
    """Computes something else: a gate behind the attention."""

    def forward(self, query, reference_points, input_flatten, input_spatial_shapes, input_level_start_index):
        return torch.sigmoid(query) * super().forward(query, reference_points, input_flatten, input_spatial_shapes,
                                                      input_level_start_index)


class Renamed(MSDeformAttn):
    """The same with names of its own."""

    def forward(self, q, where, maps, sizes, valid=None):
        return super().forward(q, where, maps, sizes, None, None if valid is None else ~valid)


class MultiScaleDeformableAttention(Attention):
    """mmcv: position added inside, dropout and residual behind."""

    def __init__(self, embed_dims=32, num_heads=4, num_levels=3, num_points=2, dropout=0.1, batch_first=False):
        super().__init__(embed_dims, num_heads, num_levels, num_points)
        self.embed_dims, self.num_heads = embed_dims, num_heads
        self.num_levels, self.num_points = num_levels, num_points
        self.dropout, self.batch_first = nn.Dropout(dropout), batch_first

    def forward(self, query, key=None, value=None, identity=None, query_pos=None, key_padding_mask=None,
                reference_points=None, spatial_shapes=None, level_start_index=None, **kwargs):
        value = query if value is None else value
        identity = query if identity is None else identity
        query = query if query_pos is None else query + query_pos
        if not self.batch_first:
            query, value = query.permute(1, 0, 2), value.permute(1, 0, 2)
        value = self.value_proj(value)
        if key_padding_mask is not None:
            value = value.masked_fill(key_padding_mask[..., None], 0.0)
        points = [self.num_points] * self.num_levels
        offsets, weights = self.split(query, self.num_heads, points)
        places = plain_locations(offsets, reference_points, spatial_shapes, points, lambda _: 0.5 / self.num_points)
        output = sample(value.unflatten(2, (self.num_heads, -1)), spatial_shapes, places, weights, points)
        output = self.output_proj(output)
        if not self.batch_first:
            output = output.permute(1, 0, 2)
        return self.dropout(output) + identity


class MSDeformableAttention3D(Attention):
    """BEVFormer: the references of a query are those of heights above it, taken by its points in turn."""

    def __init__(self, embed_dims=32, num_heads=4, num_levels=3, num_points=4):
        super().__init__(embed_dims, num_heads, num_levels, num_points, projections=('value_proj',))
        self.embed_dims, self.num_heads = embed_dims, num_heads
        self.num_levels, self.num_points = num_levels, num_points
        self.batch_first, self.output_proj = True, None

    def forward(self, query, key=None, value=None, identity=None, query_pos=None, key_padding_mask=None,
                reference_points=None, spatial_shapes=None, level_start_index=None, **kwargs):
        query = query if query_pos is None else query + query_pos
        value = self.value_proj(value).unflatten(2, (self.num_heads, -1))
        points = [self.num_points] * self.num_levels
        offsets, weights = self.split(query, self.num_heads, points)
        anchors = reference_points.shape[2]
        moves = by_level(offsets, self.num_levels) / spatial_shapes.flip(1)[:, None, :]
        moves = moves.unflatten(4, (self.num_points // anchors, anchors))
        places = (reference_points[:, :, None, None, None] + moves).flatten(3, 5)
        return sample(value, spatial_shapes, places, weights, points)


class DeformableDetrMultiscaleDeformableAttention(Attention):
    """transformers: the mask is of valid tokens, and there are two results."""

    def __init__(self, d_model=32, n_heads=4, n_levels=3, n_points=2):
        super().__init__(d_model, n_heads, n_levels, n_points)
        self.d_model, self.n_heads, self.n_levels, self.n_points = d_model, n_heads, n_levels, n_points

    def forward(self, hidden_states, attention_mask=None, encoder_hidden_states=None, encoder_attention_mask=None,
                position_embeddings=None, reference_points=None, spatial_shapes=None, spatial_shapes_list=None,
                level_start_index=None, output_attentions=False):
        if position_embeddings is not None:
            hidden_states = hidden_states + position_embeddings
        value = self.value_proj(encoder_hidden_states)
        if attention_mask is not None:
            value = value.masked_fill(~attention_mask[..., None], 0.0)
        points = [self.n_points] * self.n_levels
        offsets, weights = self.split(hidden_states, self.n_heads, points)
        places = plain_locations(offsets, reference_points, spatial_shapes, points, lambda _: 0.5 / self.n_points)
        output = sample(value.unflatten(2, (self.n_heads, -1)), spatial_shapes, places, weights, points)
        return self.output_proj(output), weights


class MSDeformableAttention(Attention):
    """RT-DETRv2; and of D-FINE without projections, the value being given by heads and levels."""

    def __init__(self, embed_dim=32, num_heads=4, num_levels=3, num_points=4, method='default', offset_scale=0.5,
                 projections=('value_proj', 'output_proj')):
        self.num_points_list = num_points if isinstance(num_points, list) else [num_points] * num_levels
        super().__init__(embed_dim, num_heads, num_levels, self.num_points_list, projections)
        self.num_heads, self.num_levels, self.offset_scale, self.method = num_heads, num_levels, offset_scale, method
        scale = torch.tensor([1 / n for n in self.num_points_list for _ in range(n)])
        self.register_buffer('num_points_scale', scale)

    def places(self, query, reference_points):
        offsets, weights = self.split(query, self.num_heads, self.num_points_list)
        moves = offsets * self.num_points_scale[:, None] * reference_points[:, :, None, :, 2:] * self.offset_scale
        return reference_points[:, :, None, :, :2] + moves, weights

    def forward(self, query, reference_points, value, value_spatial_shapes, value_mask=None):
        value = self.value_proj(value)
        if value_mask is not None:
            value = value * value_mask.to(value.dtype).unsqueeze(-1)
        places, weights = self.places(query, reference_points)
        output = sample(value.unflatten(2, (self.num_heads, -1)), value_spatial_shapes, places, weights,
                        self.num_points_list)
        return self.output_proj(output)


class DFineAttention(MSDeformableAttention):
    def __init__(self, **kwargs):
        super().__init__(num_points=[3, 6, 3], projections=(), **kwargs)

    def forward(self, query, reference_points, value, value_spatial_shapes):
        places, weights = self.places(query, reference_points)
        value = torch.cat(value, -1).permute(0, 3, 1, 2)  # from [B, M, D, pixels] of each level
        return sample(value, value_spatial_shapes, places, weights, self.num_points_list)


class DeformAttn(Attention):
    """TadTR: along time."""
    coordinates = 1

    def __init__(self, d_model=32, n_levels=3, n_heads=4, n_points=2):
        super().__init__(d_model, n_heads, n_levels, n_points)
        self.d_model, self.n_levels, self.n_heads, self.n_points = d_model, n_levels, n_heads, n_points

    def forward(self, query, reference_points, input_flatten, input_temporal_lens, input_level_start_index,
                input_padding_mask=None):
        value = self.value_proj(input_flatten)
        if input_padding_mask is not None:
            value = value.masked_fill(input_padding_mask[..., None], 0.0)
        points = [self.n_points] * self.n_levels
        offsets, weights = self.split(query, self.n_heads, points)
        offsets = by_level(offsets, self.n_levels)
        if reference_points.shape[-1] == 1:
            places = reference_points[:, :, None, :, None, :] + offsets / input_temporal_lens[:, None, None]
        else:
            places = reference_points[:, :, None, :, None, :1] + \
                offsets / self.n_points * reference_points[:, :, None, :, None, 1:] * 0.5
        places = torch.cat([places, torch.full_like(places, 0.5)], -1).flatten(3, 4)  # maps of one row
        shapes = torch.stack([torch.ones_like(input_temporal_lens), input_temporal_lens], 1)
        output = sample(value.unflatten(2, (self.n_heads, -1)), shapes, places, weights, points)
        return self.output_proj(output), (places, weights)
