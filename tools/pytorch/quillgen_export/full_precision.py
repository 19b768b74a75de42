"""A module that works in half precision, run once more in float32: a result in half precision is too far from that of
double precision to prove anything.
"""
import torch

try:
    from torch.func import functional_call
except ImportError:  # before PyTorch 2
    from torch.nn.utils.stateless import functional_call

HALVES = {torch.float16: 'float16', torch.bfloat16: 'bfloat16'}


def tensors_in(thing):
    if isinstance(thing, torch.Tensor):
        yield thing
    elif isinstance(thing, (tuple, list)):
        for part in thing:
            yield from tensors_in(part)
    elif isinstance(thing, dict):
        yield from tensors_in(list(thing.values()))


def in_float32(thing):
    """The same, halves in it replaced."""
    if isinstance(thing, torch.Tensor):
        return thing.detach().float() if thing.dtype in HALVES else thing.detach()
    if type(thing) in (tuple, list):
        return type(thing)(in_float32(part) for part in thing)
    if type(thing) is dict:
        return {key: in_float32(part) for key, part in thing.items()}
    return thing


def was_halved(result, seen):
    """The name of the half precision that a call worked in, or None."""
    for tensor in tensors_in([result, seen]):
        if tensor.dtype in HALVES:
            return HALVES[tensor.dtype]
    return None


def run_again(module, args, kwargs):
    """Runs the module with arguments, parameters and buffers in float32, without autocast: (args, kwargs, result)."""
    args, kwargs = in_float32(args), in_float32(kwargs)
    state = in_float32({**dict(module.named_parameters()), **dict(module.named_buffers())})
    device = next(iter(state.values())).device.type
    with torch.autocast(device, enabled=False):
        return args, kwargs, functional_call(module, state, args, kwargs)
