"""What the arguments of a module mean. Modules are told apart by the names of the parameters of their `forward`."""
import inspect
from dataclasses import dataclass, field
from typing import Any, Optional

from .errors import ExportError


@dataclass
class Call:
    """What one call of an attention module was given, the batch B first. What is left None is what its sub-modules were
    given: `sampling_offsets` the query, `value_proj` the source.
    """
    reference_points: Any  # [B or 1, Lq, L, 2 or 4], or another shape of verif/reference/README.md behind B
    spatial_shapes: Any  # [L, 2] as (height, width), or [L]
    query: Any = None  # [B, Lq, C], positional embedding added
    source: Any = None  # [B, S, C], tokens of all levels; or a list with [B, heads, C / heads, pixels] of each level
    mask: Any = None  # [B or 1, S]
    mask_of_valid: bool = False  # what true stands for: a valid token, or a padded one
    residual: Any = None  # [B, Lq, C] that the module may add to its result
    output: Any = None  # [B, Lq, C]; otherwise the result of the module, or the first of several
    heads: Optional[int] = None  # otherwise n_heads or num_heads of the module
    points: Any = None  # otherwise num_points_list, n_points_list, n_points or num_points of the module
    metadata: dict = field(default_factory=dict)  # more for the file, such as offset_scale


@dataclass(frozen=True)
class Signature:
    """Names of the parameters of `forward` that have a meaning; None where there is no such parameter."""
    reference_points: str
    spatial_shapes: str
    source: str
    mask: Optional[str] = None
    mask_of_valid: bool = False
    query: str = 'query'
    residual: Optional[str] = None  # added to the result; where it is not given, the query is

    def fits(self, names):
        return {self.reference_points, self.spatial_shapes, self.source, self.query} <= set(names)

    def __call__(self, module, arguments, result):
        query, source = arguments[self.query], arguments[self.source]
        source = query if source is None else source
        residual = None
        if self.residual in arguments:
            residual = arguments[self.residual] if arguments[self.residual] is not None else query
        output = result[0] if isinstance(result, (tuple, list)) else result
        if not getattr(module, 'batch_first', True):
            source, output = source.transpose(0, 1), output.transpose(0, 1)
            residual = residual if residual is None else residual.transpose(0, 1)
        return Call(arguments[self.reference_points], arguments[self.spatial_shapes], source=source,
                    mask=arguments.get(self.mask), mask_of_valid=self.mask_of_valid, residual=residual, output=output)


SIGNATURES = (
    # Deformable DETR and what descends from it: DINO, Mask2Former; TadTR, of one dimension
    Signature('reference_points', 'input_spatial_shapes', 'input_flatten', 'input_padding_mask'),
    Signature('reference_points', 'input_temporal_lens', 'input_flatten', 'input_padding_mask'),
    # mmcv, detrex, GroundingDINO; MSDeformableAttention3D of BEVFormer
    Signature('reference_points', 'spatial_shapes', 'value', 'key_padding_mask', residual='identity'),
    # transformers: Deformable DETR, RT-DETR, RT-DETRv2, D-FINE
    Signature('reference_points', 'spatial_shapes', 'encoder_hidden_states', 'attention_mask', mask_of_valid=True,
              query='hidden_states'),
    # RT-DETR, RT-DETRv2, D-FINE, DEIM
    Signature('reference_points', 'value_spatial_shapes', 'value', 'value_mask', mask_of_valid=True),
)

_registered = {}  # by class, or name of a class


def register(module_class, meaning):
    """Says what the arguments of a class of modules mean. `module_class` is the class or its name, `meaning` a
    `Signature` with names of parameters, or a function (module, arguments, result) -> Call, `arguments` being those of
    `forward` by name. It goes before what is known.
    """
    if not callable(meaning):
        raise TypeError('meaning must be a Signature, or a function (module, arguments, result) -> Call')
    _registered[module_class] = meaning


def meaning_of(path, module, forward):
    """The function that makes a Call, of a module whose `forward` is given."""
    for kind in type(module).__mro__:
        for key in (kind, kind.__name__):
            if key in _registered:
                return _registered[key]
    parameters = inspect.signature(forward).parameters
    for signature in SIGNATURES:
        if signature.fits(parameters):
            return signature
    names = ', '.join('*' * (p.kind == p.VAR_POSITIONAL) + '**' * (p.kind == p.VAR_KEYWORD) + p.name
                      for p in parameters.values())
    raise ExportError(f'{path} ({type(module).__name__}): has sampling_offsets and attention_weights, and its '
                      f'forward({names}) is none that is known: say which argument is which with '
                      f'quillgen_export.register({type(module).__name__}, quillgen_export.Signature(..)), or leave the '
                      f'module out with capture(.., only=..)')


def by_name(forward, args, kwargs):
    """Arguments of a call by the names of their parameters, defaults and those of **kwargs included."""
    signature = inspect.signature(forward)
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    arguments = dict(bound.arguments)
    for name, parameter in signature.parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            arguments.update(arguments.pop(name))
    return arguments
