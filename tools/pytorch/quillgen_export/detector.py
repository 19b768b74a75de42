"""The detector that verif/network/README.md describes, in double precision: computed from the tensors of a file."""
import math

import torch
import torch.nn.functional as F

from .recompute import recompute

ACTIVATIONS = {'relu': F.relu, 'gelu': F.gelu, 'silu': F.silu}


def inverse_sigmoid(x):
    x = x.clamp(1e-4, 1 - 1e-4)
    return torch.log(x / (1 - x))


def sine(boxes):
    """32 numbers a coordinate, sine and cosine in turn: [Q, 4] -> [Q, 128]."""
    angle = boxes[..., None] * 6 * math.pi / 1000 ** (2 * torch.arange(16, dtype=torch.float64) / 32)
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(1)


def nearest_rows(rows, among):
    """Of each row, the number of the one among others that is nearest: [Q, C], [S, C] -> [Q]."""
    return torch.cdist(rows.double(), among).argmin(1)


class Detector:
    """One image: `queries` has the rows that each deformable attention is given, `chosen` the tokens that became
    queries, `logits` and `boxes` the results; `faults`, in words, choices that the model made in another way.
    """

    def __init__(self, tensors, metadata, source, of_model):
        """`of_model` has the rows that each attention of the model was given, by path. They decide which tokens were
        chosen, since two of nearly the same score may change places.
        """
        self.t, self.metadata, self.of_model = {k: v.double() for k, v in tensors.items()}, metadata, of_model
        self.activation = ACTIVATIONS[metadata['activation']]
        self.queries, self.faults = {}, []
        self.memory = source.double()
        for i in range(int(metadata['encoder_layers'])):
            self._encode(f'encoder.layers.{i}.')
        self._propose()
        for i in range(int(metadata['decoder_layers'])):
            self._decode(i)

    def linear(self, name, rows):
        return F.linear(rows, self.t[f'{name}.weight'], self.t[f'{name}.bias'])

    def mlp(self, first, second, rows, activation):
        return self.linear(second, activation(self.linear(first, rows)))

    def norm(self, name, rows):
        return F.layer_norm(rows, rows.shape[1:], self.t[f'{name}.weight'], self.t[f'{name}.bias'],
                            float(self.metadata['norm_eps']))

    def attention(self, name, query, references):
        self.queries[name] = query
        own = {key[len(name) + 1:]: tensor for key, tensor in self.t.items() if key.startswith(f'{name}.')}
        return recompute({'query': query, 'reference_points': references, 'input_flatten': self.memory,
                          'spatial_shapes': self.t['spatial_shapes'], **own}, self.metadata)

    def _encode(self, name):
        given = self.of_model[f'{name}self_attn']
        rows = slice(None) if 'keep' not in self.metadata else self._listed(given)
        x = self.memory[rows]
        x = self.norm(f'{name}norm1', x + self.attention(f'{name}self_attn', x + self.t['pos'][rows],
                                                         self.t['reference_points'][rows]))
        hidden = self.mlp(f'{name}linear1', f'{name}linear2', x, self.activation)
        self.memory = self.memory.clone()
        self.memory[rows] = self.norm(f'{name}norm2', x + hidden)

    def _listed(self, given):
        """Tokens that the encoder works on; those of the first layer stay."""
        if not hasattr(self, 'list'):
            self.list = nearest_rows(given, self.memory + self.t['pos'])
            self._check_highest('score', self.linear('score', self.memory)[:, 0], self.list)
        return self.list

    def _check_highest(self, what, scores, chosen):
        """The chosen are those of highest score, but for a tie."""
        left = torch.ones(len(scores), dtype=torch.bool)
        left[chosen] = False
        if len(set(chosen.tolist())) < len(chosen) or left.any() and \
                scores[left].max() - scores[chosen].min() > 1e-3 * scores.abs().max():
            self.faults.append(f'the tokens chosen by {what} are not those of highest score')

    def _propose(self):
        scores = self.linear('enc_class_embed', self.memory).max(1)[0]
        boxes = torch.sigmoid(self.mlp('enc_bbox_embed.layers.0', 'enc_bbox_embed.layers.1', self.memory, F.relu) +
                              inverse_sigmoid(self.t['anchors']))
        content = self.linear('query_content', self.memory)
        first = self.of_model['decoder.layers.0.cross_attn.reference_points']
        self.chosen = nearest_rows(first[:, 0, :4] if first.dim() == 3 else first, boxes)
        self._check_highest('enc_class_embed', scores, self.chosen)
        self.boxes, self.target = boxes[self.chosen], content[self.chosen]

    def _decode(self, index):
        name, t = f'decoder.layers.{index}.', self.target
        position = self.linear('query_pos', sine(self.boxes))
        heads = int(self.metadata['n_heads'])
        weight, bias = self.t[f'{name}self_attn.in_proj_weight'], self.t[f'{name}self_attn.in_proj_bias']
        q, k, v = (F.linear(rows, w, b).unflatten(1, (heads, -1)).transpose(0, 1) for rows, w, b in
                   zip((t + position, t + position, t), weight.chunk(3), bias.chunk(3)))
        mixed = (q @ k.transpose(1, 2) / math.sqrt(q.shape[2])).softmax(2) @ v
        t = self.norm(f'{name}norm2', t + self.linear(f'{name}self_attn.out_proj', mixed.transpose(0, 1).flatten(1)))
        t = self.norm(f'{name}norm1', t + self.attention(f'{name}cross_attn', t + position, self.boxes))
        t = self.norm(f'{name}norm3', t + self.mlp(f'{name}linear1', f'{name}linear2', t, self.activation))
        moved = self.mlp(f'bbox_embed.{index}.layers.0', f'bbox_embed.{index}.layers.1', t, F.relu)
        self.boxes = torch.sigmoid(moved + inverse_sigmoid(self.boxes))
        self.target, self.logits = t, self.linear(f'class_embed.{index}', t)
