"""The safetensors format: 8 bytes with the length of a JSON header, the header, the bytes of all tensors. Written out
here, so that torch alone suffices.
"""
import ctypes
import json
import os
import struct

import torch

NAMES = {torch.float64: 'F64', torch.float32: 'F32', torch.float16: 'F16', torch.bfloat16: 'BF16', torch.int64: 'I64',
         torch.int32: 'I32', torch.int16: 'I16', torch.int8: 'I8', torch.uint8: 'U8', torch.bool: 'BOOL'}
TYPES = {name: dtype for dtype, name in NAMES.items()}


def write(path, tensors, metadata):
    """Writes `tensors` (by name) and `metadata` (strings by name). The file appears whole or not at all."""
    kept = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    header, end = {'__metadata__': metadata}, 0
    for name, tensor in kept.items():
        begin, end = end, end + tensor.numel() * tensor.element_size()
        header[name] = {'dtype': NAMES[tensor.dtype], 'shape': list(tensor.shape), 'data_offsets': [begin, end]}
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)  # tensors begin at a multiple of 8 bytes
    partial = f'{path}.part'
    try:
        with open(partial, 'wb') as file:
            file.write(struct.pack('<Q', len(text)) + text)
            for tensor in kept.values():
                file.write(ctypes.string_at(tensor.data_ptr(), tensor.numel() * tensor.element_size()))
        os.replace(partial, path)
    finally:
        if os.path.exists(partial):
            os.remove(partial)


def read(path):
    """(tensors, metadata) of a file. ValueError if it is none."""
    with open(path, 'rb') as file:
        data = bytearray(file.read())
    try:
        first = 8 + struct.unpack('<Q', data[:8])[0]
        header = json.loads(data[8:first])
        metadata = header.pop('__metadata__', {})
        tensors = {}
        for name, entry in header.items():
            begin, end = (first + offset for offset in entry['data_offsets'])
            tensor = torch.frombuffer(bytearray(data[begin:end]), dtype=TYPES[entry['dtype']]) if end > begin else \
                torch.empty(0, dtype=TYPES[entry['dtype']])
            tensors[name] = tensor.reshape(entry['shape'])
    except (struct.error, KeyError, TypeError, AttributeError, RuntimeError, UnicodeDecodeError, ValueError) as error:
        raise ValueError(f'is no safetensors file: {error}') from error
    return tensors, metadata
