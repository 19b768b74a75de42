"""Layers of deformable attention out of a PyTorch model, as files that quillgen reads.

    with quillgen_export.capture(model, images=8) as c:
        model(**inputs)
    c.save("layers")
"""
from .calls import Call, Signature, register
from .capture import Capture, capture
from .errors import ExportError

__all__ = ['Call', 'Capture', 'ExportError', 'Signature', 'capture', 'register']
__version__ = '0.1.0'
