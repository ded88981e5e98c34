"""What the pickle in a PyTorch file may do and make: dictionaries, lists, numbers, strings, and notes of tensors.

A pickle is a program. Its opcodes and the names in it are held against the lists here before any of it is run; of the
names each makes a dictionary, or notes where a tensor lies.
"""

import pickle
import pickletools
from collections import OrderedDict
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from ..chip.rules import show
from ..errors import WeightsError
from .contents import MOST, refusal

BFLOAT = "bfloat16"
"""Upper halves of float32, a type that NumPy lacks."""
STORAGES = {
    "DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2", "BFloat16Storage": BFLOAT,
    "LongStorage": "<i8", "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "<i1", "ByteStorage": "<u1",
}  # fmt: skip
OPCODES = frozenset(
    "PROTO STOP MARK GLOBAL REDUCE BUILD BINPERSID EMPTY_DICT SETITEM SETITEMS EMPTY_LIST APPEND APPENDS EMPTY_TUPLE "
    "TUPLE TUPLE1 TUPLE2 TUPLE3 NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT BINUNICODE BINPUT "
    "LONG_BINPUT BINGET LONG_BINGET".split()
)
"""What `torch.save` writes for dictionaries, lists, numbers, strings and tensors."""
SYNTAX = (
    pickle.UnpicklingError, EOFError, MemoryError, OverflowError, RecursionError, ArithmeticError, AttributeError,
    LookupError, TypeError, ValueError,
)  # fmt: skip
"""What a damaged pickle may raise."""
RIGHT = "right is a file of torch.save(model.state_dict(), FILE)"


class Storage(NamedTuple):
    """A storage that a tensor is in: member of the archive, type and numbers."""

    key: str
    kind: str
    size: int


class Tensor(NamedTuple):
    """A tensor that was noted: where it lies in its storage."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class Rebuild:
    """Notes a tensor, in place of `torch._utils._rebuild_tensor_v2`; nothing can be changed in it."""

    __slots__ = ()

    def __call__(self, storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> Tensor:
        """The tensor, if these are numbers that can be one."""
        numbers = (offset, *shape, *strides)
        if not isinstance(storage, Storage) or not all(type(n) is int and 0 <= n <= MOST for n in numbers):
            raise pickle.UnpicklingError("a tensor has no such place in its storage")
        if type(shape) is not tuple or type(strides) is not tuple or len(shape) != len(strides):
            raise pickle.UnpicklingError("a tensor has a shape without strides")
        return Tensor(storage, offset, shape, strides)


class Parameter:
    """Passes a tensor on, in place of `torch._utils._rebuild_parameter`."""

    __slots__ = ()

    def __call__(self, tensor: Any, *_: Any) -> Any:
        """The tensor."""
        return tensor


ADMITTED = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): Rebuild(),
    ("torch._utils", "_rebuild_parameter"): Parameter(),
} | {("torch", name): kind for name, kind in STORAGES.items()}
"""What the file may name, and what it gets."""


class Restricted(pickle.Unpickler):
    """Unpickler that takes nothing from any module."""

    def find_class(self, module: str, name: str, /) -> Any:
        if (module, name) not in ADMITTED:
            raise pickle.UnpicklingError(f"{module}.{name}")
        return ADMITTED[module, name]

    def persistent_load(self, pid: Any, /) -> Storage:
        tag, kind, key, _, size = pid
        if tag != "storage" or kind not in STORAGES.values() or type(key) is not str or type(size) is not int:
            raise ValueError
        return Storage(key, kind, size)


def unpickled(path: Path, data: bytes) -> Any:
    """What the pickle makes, once every opcode was seen to be on the list."""
    asks = f"and nothing that a file names is run; {RIGHT}"
    try:
        for opcode, argument, _ in pickletools.genops(data):
            if opcode.name not in OPCODES:
                raise refusal(path, f"its pickle has the opcode {opcode.name}, {asks}")
            if opcode.name == "GLOBAL" and tuple(str(argument).split(" ", 1)) not in ADMITTED:
                raise refusal(path, f"it asks for {show(str(argument).replace(' ', '.'))}, {asks}")
            if opcode.name == "LONG_BINPUT" and int(str(argument)) > len(data):
                raise ValueError
        return Restricted(BytesIO(data)).load()
    except SYNTAX as error:
        if isinstance(error, WeightsError):
            raise
        raise refusal(path, "its pickle is damaged; right is what torch.save wrote") from None
