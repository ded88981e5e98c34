"""State dicts of PyTorch, in the zip form that `torch.save` writes since 1.6, without PyTorch.

A file is a zip archive of stored members: `NAME/data.pkl`, a pickle of the dictionary in which a tensor is a call of
`torch._utils._rebuild_tensor_v2` on a storage, and `NAME/data/KEY`, the storages' bytes.
"""

import struct
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..chip.rules import show
from .contents import MOST, Contents, checked, refusal
from .torch_pickle import BFLOAT, RIGHT, Tensor, unpickled

HOLDERS = ("state_dict", "model_state_dict", "model")
"""Names under which checkpoints of training loops keep the state dict."""


def read(path: Path) -> Contents:
    """Arrays of a state dict, or of the one inside a checkpoint of a training loop.

    Raises
    ------
    WeightsError
        The file is none, is of the old form, asks for what is not on the lists of `golden.weights.torch_pickle`, or
        holds what is no tensor of real numbers.
    """
    data = path.read_bytes()
    if not zipfile.is_zipfile(BytesIO(data)):
        raise refusal(path, f"it is no zip archive, but cut off or of the form before PyTorch 1.6; {RIGHT}")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            if (size := sum(member.file_size for member in archive.infolist())) > MOST:
                raise refusal(path, f"unpacked it has {size} bytes; right are up to {MOST}")
            if any(name.endswith("/constants.pkl") for name in archive.namelist()):
                raise refusal(path, f"it is a TorchScript program; {RIGHT}")
            members = {name.partition("/")[2]: _stored(path, archive, name) for name in archive.namelist()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, struct.error) as error:
        raise refusal(path, f"the zip archive is damaged ({error}); right is what torch.save wrote") from None
    if "data.pkl" not in members:
        raise refusal(path, "data.pkl is missing in the archive; right is what torch.save wrote")
    if members.get("byteorder", b"little") != b"little":
        raise refusal(path, "its bytes are in big-endian order; right is a file from a little-endian machine")
    tensors = _state_dict(path, unpickled(path, members["data.pkl"]))
    return Contents({name: checked(path, name, _array(path, members, name, t)) for name, t in tensors.items()}, True)


def _stored(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    """A member that is not compressed, so that what is unpacked is no larger than the file."""
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise refusal(path, f"{show(name)} in the archive is compressed, which torch.save does not do")
    return archive.read(name)


def _state_dict(path: Path, found: Any) -> dict[str, Tensor]:
    """The dictionary of tensors."""
    right = "right is a dictionary of tensors by name, as torch.save(model.state_dict(), FILE) writes it"
    if not isinstance(found, dict):
        raise refusal(path, f"it holds a {type(found).__name__}; {right}")
    held = [found[name] for name in HOLDERS if isinstance(found.get(name), dict)]
    if len(held) == 1:
        found = held[0]
    for name, value in found.items():
        if type(name) is not str or not isinstance(value, Tensor):
            raise refusal(path, f"{show(name)} is no tensor but a {type(value).__name__}; {right}")
    if not found:
        raise refusal(path, f"it holds no tensors; {right}")
    return found


def _array(path: Path, members: dict[str, bytes], name: str, tensor: Tensor) -> NDArray[Any]:
    """The numbers of a tensor."""
    storage, data = tensor.storage, members.get(f"data/{tensor.storage.key}")
    kind = np.dtype("<u2" if storage.kind == BFLOAT else storage.kind)
    if data is None or len(data) < storage.size * kind.itemsize:
        raise refusal(path, f"the numbers of {show(name)} are missing or cut off; right is what torch.save wrote")
    numbers = np.frombuffer(data, kind, storage.size)
    last = tensor.offset + sum((n - 1) * stride for n, stride in zip(tensor.shape, tensor.strides, strict=True))
    if 0 in tensor.shape:
        return np.zeros(tensor.shape)
    if last >= storage.size or np.prod(tensor.shape, dtype=object) > storage.size:
        raise refusal(path, f"{show(name)} reaches beyond its storage; right is what torch.save wrote")
    steps = tuple(stride * kind.itemsize for stride in tensor.strides)
    array = np.lib.stride_tricks.as_strided(numbers[tensor.offset :], tensor.shape, steps, writeable=False).copy()
    return (array.astype("<u4") << 16).view("<f4") if storage.kind == BFLOAT else array


def written(arrays: dict[str, NDArray[np.floating]]) -> bytes:
    """A file that `torch.load(FILE, weights_only=True)` reads as a state dict of these arrays, float32 or float64."""
    program = [b"\x80\x02ccollections\nOrderedDict\n)R("]
    for key, (name, array) in enumerate(arrays.items()):
        kind = b"DoubleStorage" if array.dtype == np.float64 else b"FloatStorage"
        strides = [int(step) // array.itemsize for step in np.ascontiguousarray(array).strides]
        program += [
            _text(name), b"ctorch._utils\n_rebuild_tensor_v2\n((", _text("storage"), b"ctorch\n" + kind + b"\n",
            _text(str(key)), _text("cpu"), _integer(array.size), b"tQ", _integer(0), *_tuple(array.shape),
            *_tuple(strides), b"\x89ccollections\nOrderedDict\n)RtR",
        ]  # fmt: skip
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        members = {"data.pkl": b"".join([*program, b"u."]), "byteorder": b"little", "version": b"3\n"}
        data = (np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes() for array in arrays.values())
        for name, content in (members | {f"data/{key}": numbers for key, numbers in enumerate(data)}).items():
            archive.writestr(zipfile.ZipInfo(f"weights/{name}"), content)  # of 1980: the same bytes each time
    return buffer.getvalue()


def _text(text: str) -> bytes:
    return b"X" + struct.pack("<I", len(text.encode())) + text.encode()


def _integer(number: int) -> bytes:
    return b"J" + struct.pack("<i", number)


def _tuple(numbers: Any) -> list[bytes]:
    return [b"(", *map(_integer, numbers), b"t"]
