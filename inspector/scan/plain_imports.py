"""The imports that a pickle of plain data makes: containers, numbers, arrays, tensors, settings.

An import that is not listed here is suspicious, whatever it is: the inspector proves nothing about
unknown code. An entry belongs here when building it from opcodes runs no code that the pickle
chooses: containers and numbers by their documented constructors; the files of transformers 5.23 and
accelerate 1.15 were searched for `eval`, `exec`, imports by name and subprocesses.
Not listed on purpose: `torch.storage._load_from_bytes` (unpickles its argument);
`builtins.getattr`, `functools.partial`, `operator.*` (reach everything else); `numpy.testing` and
`numpy.f2py` (run text).
"""

from __future__ import annotations

from inspector.scan.opcodes import Import

_BUILTINS = (
    "bool bytearray bytes complex dict float frozenset int list object range set slice str tuple"
)
_ARRAYS = "_reconstruct scalar"
_STORAGES = (
    "BFloat16 Bool Byte Char ComplexDouble ComplexFloat Double Float Half Int Long QInt32 QInt8 "
    "QUInt2x4 QUInt4x2 QUInt8 Short"
)
_DTYPES = (
    "bfloat16 bool complex128 complex64 float16 float32 float64 float8_e4m3fn float8_e5m2 int16 "
    "int32 int64 int8 uint8 uint16 uint32 uint64"
)

_PLAIN = {
    "builtins": _BUILTINS,
    "__builtin__": f"{_BUILTINS} long unicode xrange",  # as protocols 0 to 2 write them
    "_codecs": "encode",  # how protocols 0 to 2 write bytes
    "collections": "Counter OrderedDict defaultdict deque",
    "copyreg": "_reconstructor",
    "copy_reg": "_reconstructor",
    "datetime": "date datetime time timedelta timezone",
    "decimal": "Decimal",
    "fractions": "Fraction",
    "pathlib": "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath",
    "argparse": "Namespace",
    "types": "SimpleNamespace",
    "numpy": "dtype ndarray",
    "numpy.core.multiarray": _ARRAYS,
    "numpy._core.multiarray": _ARRAYS,
    "numpy.core.numeric": "_frombuffer",
    "numpy._core.numeric": "_frombuffer",
    "numpy.random._pickle": "__bit_generator_ctor __generator_ctor __randomstate_ctor",
    "numpy.random._mt19937": "MT19937",
    "numpy.random._pcg64": "PCG64",
    "torch": f"{' '.join(f'{s}Storage' for s in _STORAGES.split())} {_DTYPES} Size Tensor device",
    "torch._tensor": "_rebuild_from_type_v2",
    "torch._utils": "_rebuild_parameter _rebuild_sparse_tensor _rebuild_tensor _rebuild_tensor_v2",
    "torch.nn.parameter": "Parameter",
    "torch.serialization": "_get_layout",
    "torch.storage": "TypedStorage UntypedStorage",
    # training_args.bin, as transformers' trainer writes it
    "transformers.training_args": "OptimizerNames TrainingArguments",
    "transformers.trainer_utils": (
        "FSDPOption HubStrategy IntervalStrategy SaveStrategy SchedulerType"
    ),
    "transformers.trainer_pt_utils": "AcceleratorConfig",
    "accelerate.state": "PartialState",
    "accelerate.utils.dataclasses": "DistributedType DynamoBackend",
}
PLAIN = frozenset(
    Import(module, name) for module, names in _PLAIN.items() for name in names.split()
)
