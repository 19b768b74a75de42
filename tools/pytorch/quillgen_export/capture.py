"""Watches the attention modules of a model while it runs, and keeps what they were given."""
import fnmatch
import os
import warnings

import torch

from . import network, safetensors_file
from .calls import by_name, meaning_of
from .errors import ExportError
from .full_precision import run_again, was_halved
from .layer import layers_of, settled

WATCHED = ('sampling_offsets', 'attention_weights', 'value_proj', 'output_proj')


def attention_modules(model):
    """(path, module) of those that have sampling_offsets and attention_weights, each once."""
    for path, module in model.named_modules():
        if all(isinstance(getattr(module, name, None), torch.nn.Module) for name in WATCHED[:2]):
            yield path or type(module).__name__, module


class Seen:
    """What the sub-modules of a module were given and gave in the call under way: (input, output) by name."""

    def __init__(self, module):
        self.module, self.calls, self.handles = module, {}, []
        for name in WATCHED:
            part = getattr(module, name, None)
            if isinstance(part, torch.nn.Module):
                self.handles.append(part.register_forward_hook(self._hook(name)))

    def _hook(self, name):
        def hook(_, inputs, output):
            self.calls[name] = (inputs[0] if inputs else None, output)
        return hook

    def remove(self):
        for handle in self.handles:
            handle.remove()
        self.calls = {}


class Capture:
    """Made by `capture`. Within `with`, calls of the model are kept; `save` writes them."""

    def __init__(self, model, images, only):
        self.model, self.images = model, images
        self.layers = {}  # by (path, number of the call within one of the model): a list with a Layer per image
        self.heads = {}  # results of class_embed.N of a detector, by name: one an image
        self._call_numbers, self._restore = {}, []
        self._watched = [(path, module) for path, module in attention_modules(model) if fnmatch.fnmatch(path, only)]
        if not self._watched:
            raise ExportError(f'{type(model).__name__}: has no module {"" if only == "*" else only + " "}with '
                              f'sampling_offsets and attention_weights; print its named_modules() to see what it has')

    def __enter__(self):
        meanings = [meaning_of(path, module, module.forward) for path, module in self._watched]
        handle = self.model.register_forward_pre_hook(lambda *_: self._call_numbers.clear())
        self._restore += [handle.remove, *network.watch_heads(self.model, self.images, self.heads)]
        for (path, module), meaning in zip(self._watched, meanings):
            self._watch(path, module, meaning)
        return self

    def __exit__(self, *_):
        while self._restore:
            self._restore.pop()()

    def _watch(self, path, module, meaning):
        # In the way of forward itself, since hooks are given no arguments by name before PyTorch 2.
        forward, seen = module.forward, Seen(module)
        own = module.__dict__.get('forward')
        state = {'again': False}

        def watched(*args, **kwargs):
            if state['again'] or not self._wanted(path):
                return forward(*args, **kwargs)
            seen.calls = {}
            result = forward(*args, **kwargs)
            state['again'] = True
            try:
                with torch.no_grad():
                    self._keep(path, module, meaning, forward, seen, args, kwargs, result)
            finally:
                state['again'], seen.calls = False, {}
            return result

        def restore():
            seen.remove()
            if own is None:
                del module.forward
            else:
                module.forward = own

        module.forward = watched
        self._restore.append(restore)

    def _wanted(self, path):
        number = self._call_numbers[path] = self._call_numbers.get(path, -1) + 1
        return len(self.layers.setdefault((path, number), [])) < self.images

    def _keep(self, path, module, meaning, forward, seen, args, kwargs, result):
        name = f'{path} ({type(module).__name__})'
        number = self._call_numbers[path]
        if module.training and number == 0 and not self.layers[path, 0]:
            warnings.warn(f'{name}: is in train mode, where dropout changes results; call model.eval() first')
        note = None
        if halved := was_halved(result, seen.calls):
            seen.calls = {}
            args, kwargs, result = run_again(module, args, kwargs)
            note = f'ran in {halved}; run again in float32, on the same inputs, for this file'
        call = meaning(module, by_name(forward, args, kwargs), result)
        if call.output is None:
            call.output = result[0] if isinstance(result, (tuple, list)) else result
        kept = self.layers[path, number]
        for layer in layers_of(name, module, call, seen.calls, self.images - len(kept)):
            layer.metadata.update({'layer': path, 'model': type(self.model).__name__, 'made_by': 'quillgen_export',
                                   **({'note': note} if note else {})})
            kept.append(layer)

    def save(self, folder):
        """Writes a file for each module, call and image into `folder`: `PATH.imageN.safetensors`, or
        `PATH.callK.imageN.safetensors` of a module that a forward calls several times. Every file holds the result of
        the module, `expected_output`, which must be what its tensors give in float64. ExportError if not, and then
        nothing is written. Gives the paths of the files.
        """
        files = {}
        for (path, number), layers in self.layers.items():
            call = f'.call{number}' if (path, 1) in self.layers else ''
            for image, layer in enumerate(layers):
                files[f'{path}{call}.image{image}.safetensors'.replace('/', '_')] = settled(layer, image)
        if not files:
            raise ExportError(f'{type(self.model).__name__}: none of its attention modules was called; call the model '
                              f'inside of the with statement, and save behind it')
        os.makedirs(folder, exist_ok=True)
        for name, (tensors, metadata) in files.items():
            safetensors_file.write(os.path.join(folder, name), tensors, metadata)
        return [os.path.join(folder, name) for name in files]

    def save_network(self, folder, boxes=None, labels=None, **given):
        """Writes a whole detector of the kind that verif/network/README.md describes: `network.safetensors`, for
        --network, and `scenes.safetensors`, for --input, with the tokens of the images and what the model made of them.
        `boxes` [images, objects, 4] and `labels` [images, objects], -1 for none, are the objects of the images. Where
        the model does not tell, these may be given: `anchors` [S, 4], `pos` [S, C], `reference_points` [S, 2], `keep`,
        `activation`. ExportError, with nothing written, if the model computes anything else. Gives the two paths.
        """
        return network.save_network(self.model, self.layers, self.heads, folder, boxes, labels, **given)


def capture(model, images=8, only='*'):
    """Keeps, while the model runs within `with`, what its attention modules are given: of each module and call the
    first `images` images (members of the batch that the module sees). `only` is a pattern of paths, as `decoder.*`.
    """
    if not (isinstance(images, int) and images > 0):
        raise ExportError(f'images = {images}: must be a whole number from 1')
    return Capture(model, images, only)
