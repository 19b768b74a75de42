"""A detector as verif/network/README.md describes it, in plain PyTorch, for the tests."""
import torch
import torch.nn.functional as F
from torch import nn

from modules import MSDeformAttn


def inverse_sigmoid(x):
    x = x.clamp(1e-4, 1 - 1e-4)
    return torch.log(x / (1 - x))


def box_head(c):
    head = nn.Module()
    head.layers = nn.ModuleList([nn.Linear(c, c), nn.Linear(c, 4)])
    return head


def apply(head, rows):
    return head.layers[1](F.relu(head.layers[0](rows)))


class EncoderLayer(nn.Module):
    def __init__(self, c, ffn, activation):
        super().__init__()
        self.self_attn, self.activation = MSDeformAttn(c, 4, 4, 4), activation
        self.norm1, self.norm2, self.linear1, self.linear2 = nn.LayerNorm(c), nn.LayerNorm(c), nn.Linear(c, ffn), \
            nn.Linear(ffn, c)

    def forward(self, x, pos, references, memory, shapes):
        x = self.norm1(x + self.self_attn(x + pos, references, memory, shapes, None))
        return self.norm2(x + self.linear2(self.activation(self.linear1(x))))


class DecoderLayer(nn.Module):
    def __init__(self, c, ffn, activation):
        super().__init__()
        self.self_attn, self.cross_attn = nn.MultiheadAttention(c, 4, batch_first=True), MSDeformAttn(c, 4, 4, 4)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(c), nn.LayerNorm(c), nn.LayerNorm(c)
        self.linear1, self.linear2, self.activation = nn.Linear(c, ffn), nn.Linear(ffn, c), activation

    def forward(self, t, p, references, memory, shapes):
        t = self.norm2(t + self.self_attn(t + p, t + p, t)[0])
        t = self.norm1(t + self.cross_attn(t + p, references, memory, shapes, None))
        return self.norm3(t + self.linear2(self.activation(self.linear1(t))))


class Layers(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)


class Detector(nn.Module):
    """The detector of verif/network/README.md, behind a backbone: `tokens` [B, S, C] -> logits, boxes."""

    def __init__(self, c=64, ffn=256, encoder=3, decoder=2, queries=30, classes=5, shapes=None, keep=None,
                 activation=F.relu):
        super().__init__()
        self.queries, self.keep, self.shapes = queries, keep, shapes
        self.transformer = nn.Module()
        self.transformer.encoder = Layers([EncoderLayer(c, ffn, activation) for _ in range(encoder)])
        self.transformer.decoder = Layers([DecoderLayer(c, ffn, activation) for _ in range(decoder)])
        self.enc_class_embed, self.enc_bbox_embed = nn.Linear(c, classes), box_head(c)
        self.query_content, self.query_pos = nn.Linear(c, c), nn.Linear(128, c)
        self.class_embed = nn.ModuleList([nn.Linear(c, classes) for _ in range(decoder)])
        self.bbox_embed = nn.ModuleList([box_head(c) for _ in range(decoder)])
        if keep:
            self.score = nn.Linear(c, 1)
        tokens = int(shapes.prod(1).sum())
        for name, size in (('pos', c), ('reference_points', 2), ('anchors', 4)):
            self.register_buffer(name, torch.zeros(tokens, size))

    def sine(self, boxes):
        angles = boxes[..., None] * 6 * torch.pi / 1000 ** (2 * torch.arange(16) / 32)
        return torch.stack([angles.sin(), angles.cos()], -1).flatten(2).to(boxes.dtype)

    def forward(self, tokens):
        batch = tokens.shape[0]
        memory, pos = tokens, self.pos.expand(batch, -1, -1)
        references = self.reference_points.expand(batch, -1, -1)
        if self.keep:
            chosen = self.score(memory)[..., 0].topk(int(self.keep * memory.shape[1] + 0.5), 1)[1]
        else:
            chosen = torch.arange(memory.shape[1]).expand(batch, -1)

        def rows(tensor, chosen):
            return tensor.gather(1, chosen[..., None].expand(-1, -1, tensor.shape[2]))

        for layer in self.transformer.encoder.layers:
            x = layer(rows(memory, chosen), rows(pos, chosen), rows(references, chosen)[:, :, None].repeat(1, 1, 4, 1),
                      memory, self.shapes)
            memory = memory.scatter(1, chosen[..., None].expand_as(x), x)
        chosen = self.enc_class_embed(memory).max(2)[0].topk(self.queries, 1)[1]
        anchors = self.anchors.expand(batch, -1, -1)
        moved = apply(self.enc_bbox_embed, rows(memory, chosen)) + inverse_sigmoid(rows(anchors, chosen))
        boxes, t = moved.sigmoid(), self.query_content(rows(memory, chosen))
        for layer, classes, move in zip(self.transformer.decoder.layers, self.class_embed, self.bbox_embed):
            p = self.query_pos(self.sine(boxes))
            t = layer(t, p, boxes[:, :, None].repeat(1, 1, 4, 1), memory, self.shapes)
            boxes = (apply(move, t) + inverse_sigmoid(boxes)).sigmoid()
            logits = classes(t)
        return logits, boxes
