"""Files of weights that cannot be used: each ends in one sentence with the file and what is wrong; nothing is run or
left behind.
"""

import io
import json
import pickle
import pickletools
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ohmgrad.fpga.errors import Failure
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.errors import WeightsError
from ohmgrad.golden.weights import torch_file, torch_pickle
from ohmgrad.golden.weights.files import read, written
from ohmgrad.golden.weights.layers import layers_of
from ohmgrad.scripts.training.train import train

FILES, XOR = Path(__file__).parent / "weights_files", load(Path(__file__).parents[1] / "examples/xor.toml")
SIZES = [(2, 2), (1, 2)]
GOOD = {"W1": np.eye(2), "b1": np.zeros(2), "W2": np.ones((1, 2)), "b2": np.zeros(1)}


def npz(**changed):
    """The good arrays, some changed; None leaves one out."""
    buffer = io.BytesIO()
    np.savez(buffer, **{name: array for name, array in (GOOD | changed).items() if array is not None})
    return buffer.getvalue()


def members():
    with zipfile.ZipFile(FILES / "sequential.pt") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(compression=zipfile.ZIP_STORED, **changed):
    """PyTorch's file with some members changed, by the ends of their names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members().items():
            new = changed.get(name.partition("/")[2].replace("/", "_").replace(".", "_"), data)
            if new is not None:
                archive.writestr(name, new)
    return buffer.getvalue()


def overlapping():
    """An archive of a hundred members that are one and the same in the file, of three million bytes as it says."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("w/data/0", b"0")
        member = archive.infolist()[0]
        member.file_size = member.compress_size = 3 * 10**6
        archive.filelist = [member] * 100
    return buffer.getvalue()


def program(old: bytes, new: bytes):
    """PyTorch's pickle with some bytes replaced."""
    data = members()["sequential/data.pkl"]
    assert data.count(old)
    return repacked(data_pkl=data.replace(old, new))


class Runs:
    """A pickle that would make a folder."""

    def __reduce__(self):
        return Path.mkdir, (Path("was_run"),)


def onnx(nodes, external=False, **constants):
    from onnx import TensorProto, helper, numpy_helper

    tensors = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    if external:
        tensors[0].data_location = TensorProto.EXTERNAL
    ports = [helper.make_tensor_value_info(name, 1, [1, 2]) for name in "xy"]
    made = [helper.make_node(kind, inputs, [output], **given) for kind, inputs, output, given in nodes]
    return helper.make_model(helper.make_graph(made, "g", ports[:1], ports[1:], tensors)).SerializeToString()


W = np.eye(2, dtype=np.float32)
SHAPE = b"K\x00K\x02K\x02\x86"
"""In PyTorch's pickle: from number 0 on, of shape (2, 2)."""
FRONT = "torch.save(model.state_dict(), FILE)"
CASES = {
    # Any form.
    "no_suffix": ("weights", b"", "it ends in none of .npz, .csv, .pt, .pth, .onnx, .safetensors, by which"),
    "other_suffix": ("w.mat", b"MATLAB", "it ends in none of .npz"),
    # NumPy.
    "empty": ("w.npz", b"", "it is damaged, or no .npz file; right is what numpy.savez wrote"),
    "cut_off": ("w.npz", lambda: npz()[:-30], "it is damaged, or no .npz file"),
    "byte_changed": ("w.npz", lambda: npz().replace(struct.pack("<d", 1), struct.pack("<d", 2), 1), "it is damaged"),
    "objects": ("w.npz", lambda: npz(W1=np.array([Runs()])), "an array in it is pickled objects; right are arrays of"),
    "no_arrays": ("w.npz", lambda: npz(**dict.fromkeys(GOOD)), "it has no arrays; right are names such as fc1.weight"),
    "nan": ("w.npz", lambda: npz(W1=np.array([[1, 2], [3, np.nan]])), '"W1"[1, 1] is nan; right are finite numbers'),
    "infinite": ("w.npz", lambda: npz(b1=np.array([np.inf, 0])), '"b1"[0] is inf; right are finite numbers'),
    "complex": ("w.npz", lambda: npz(W1=np.eye(2) * 1j), '"W1" is of type complex128; right are real numbers'),
    "words": ("w.npz", lambda: npz(b1=np.array(["a", "b"])), '"b1" is of type <U1; right are real numbers'),
    "convolution": ("w.npz", lambda: npz(W1=np.ones((2, 1, 3, 3))), '"W1" has shape (2, 1, 3, 3); right are matrices'),
    "scalar": ("w.npz", lambda: npz(b2=np.float64(3)), '"b2" has shape (); right are matrices'),
    "no_kind": ("w.npz", lambda: npz(epoch=np.ones(2)), '"epoch" says neither weight nor bias; right are names'),
    "bias_alone": ("w.npz", lambda: npz(W1=None), '"b1" has no weights beside it'),
    "two_biases": ("w.npz", lambda: npz(bias1=np.zeros(2)), '"bias1" and "b1" are of one layer'),
    "bias_matrix": ("w.npz", lambda: npz(b1=np.eye(2)), '"b1" has shape (2, 2); right is a vector of biases'),
    "weight_vector": ("w.npz", lambda: npz(W2=np.ones(2)), '"W2" has shape (2,); right is a matrix of weights'),
    "bias_too_long": ("w.npz", lambda: npz(b1=np.zeros(3)), "no order of them is that of the chip's layers (2, 2) and"),
    "too_wide": ("w.npz", lambda: npz(W1=np.ones((2, 4))), "W1 of shape (2, 4), W2 of shape (1, 2): no order"),
    "layer_too_many": ("w.npz", lambda: npz(W3=np.ones((1, 1))), "it has 3 layers: W1 of shape (2, 2), W2 of shape"),
    "layer_missing": ("w.npz", lambda: npz(W2=None, b2=None), "it has 1 layer: W1 of shape (2, 2); the chip has 2:"),
    "nameless": ("w.npz", lambda: npz(**dict.fromkeys(GOOD), arr_0=np.eye(2), arr_1=np.ones((1, 2)), arr_2=np.ones(2)),
                 "it has 2 matrices and 1 vectors without names"),
    "checkpoint_of_another_version": (
        "w.npz", lambda: npz(config=np.array("{}"), theta=np.zeros(9, np.int32)), "it is a checkpoint of a chip that"
    ),
    # CSV.
    "csv_word": ("w.csv", b"W1,1,2\nW1,3,x\n", 'line 2, column 3: "x" is no number'),
    "csv_ragged": ("w.csv", b"W1,1,2\nW1,3\n", 'line 2 has 1 numbers, the rows of "W1" above it 2; right is the name'),
    "csv_nan": ("w.csv", b"W1,1,nan\n", '"W1"[0, 1] is nan'),
    "csv_no_numbers": ("w.csv", b"W1\n", "line 1 has no numbers; right is the name of an array, then the numbers"),
    "csv_no_name": ("w.csv", b",1,2\n", "line 1 has no name"),
    "csv_latin": ("w.csv", "W\xe9,1\n".encode("latin-1"), "byte 1 is not UTF-8; right is CSV in UTF-8"),
    "csv_empty": ("w.csv", b"", "it has no arrays"),
    "csv_header": ("w.csv", b"name,c0,c1\nW1,1,2\n", 'line 1, column 2: "c0" is no number'),
    # PyTorch.
    "old_form": ("w.pt", FILES / "old_form.pt", "it is no zip archive, but cut off or of the form before PyTorch 1.6"),
    "whole_model": ("w.pt", FILES / "whole_model.pt", 'it asks for "torch.nn.modules.container.Sequential", and'),
    "script": ("w.pt", FILES / "script.pt", f"it is a TorchScript program; right is a file of {FRONT}"),
    "quantized": ("w.pt", FILES / "quantized.pt", 'it asks for "torch._utils._rebuild_qtensor", and nothing'),
    "pickle": ("w.pt", pickle.dumps(GOOD), "it is no zip archive"),
    "runs": ("w.pt", lambda: repacked(data_pkl=pickle.dumps(Runs(), 2)), "and nothing that a file names is run"),
    "runs_protocol_5": ("w.pt", lambda: repacked(data_pkl=pickle.dumps(Runs())), "its pickle has the opcode FRAME"),
    "system": ("w.pt", lambda: program(b"ctorch._utils\n_rebuild_tensor_v2\n", b"cos\nsystem\n"), '"os.system", and'),
    "builtin": ("w.pt", lambda: program(b"ccollections\nOrderedDict\n", b"cbuiltins\neval\n"), '"builtins.eval", and'),
    "instance": ("w.pt", lambda: repacked(data_pkl=b"(ios\nsystem\n."), "its pickle has the opcode INST, and nothing"),
    "extension": ("w.pt", lambda: repacked(data_pkl=b"\x80\x02\x82\x01."), "its pickle has the opcode EXT1"),
    "memory": ("w.pt", lambda: repacked(data_pkl=b"\x80\x02}r\xff\xff\xff\x7f."), "its pickle is damaged; right is"),
    "underflow": ("w.pt", lambda: repacked(data_pkl=b"\x80\x02R."), "its pickle is damaged"),
    "unended": ("w.pt", lambda: repacked(data_pkl=members()["sequential/data.pkl"][:-1]), "its pickle is damaged"),
    "no_pickle": ("w.pt", lambda: repacked(data_pkl=None), "data.pkl is missing in the archive"),
    "no_numbers": ("w.pt", lambda: repacked(data_0=None), 'the numbers of "0.weight" are missing or cut off'),
    "few_numbers": ("w.pt", lambda: repacked(data_0=b"1234"), 'the numbers of "0.weight" are missing or cut off'),
    "big_endian": ("w.pt", lambda: repacked(byteorder=b"big"), "its bytes are in big-endian order"),
    "members_that_overlap": ("w.pt", lambda: overlapping(), "unpacked it has 300000000 bytes; right are up to"),
    "compressed": ("w.pt", lambda: repacked(zipfile.ZIP_DEFLATED), "in the archive is compressed, which torch.save"),
    "beyond": ("w.pt", lambda: program(SHAPE, b"K\x01K\x02K\x02\x86"), '"0.weight" reaches beyond its storage'),
    "vast": ("w.pt", lambda: program(SHAPE, b"K\x00K\x02K\xff\x86"), '"0.weight" reaches beyond its storage'),
    "list": ("w.pt", lambda: repacked(data_pkl=b"\x80\x02]."), "it holds a list; right is a dictionary of tensors by"),
    "number_inside": ("w.pt", lambda: repacked(data_pkl=b"\x80\x02}X\x01\0\0\0aK\x01s."), '"a" is no tensor but a int'),
    "empty_dict": ("w.pt", lambda: repacked(data_pkl=b"\x80\x02}."), "it holds no tensors"),
    # ONNX.
    "onnx_noise": ("w.onnx", b"\xff\xff\xff\xff", "it is no ONNX file (DecodeError); right is what exporters write"),
    "onnx_softmax": ("w.onnx", lambda: onnx([("MatMul", ["x", "w"], "p", {}), ("Softmax", ["p"], "y", {})], w=W),
                     "operator Softmax cannot be taken where it stands; right is one chain of Gemm"),
    "onnx_branch": ("w.onnx", lambda: onnx([("MatMul", ["x", "w"], "p", {}), ("Relu", ["x"], "y", {})], w=W),
                    "operator Relu is not behind the one before it"),
    "onnx_no_constant": ("w.onnx", lambda: onnx([("MatMul", ["x", "x"], "y", {})]), "has the values on the right"),
    "onnx_alpha": ("w.onnx", lambda: onnx([("Gemm", ["x", "w"], "y", {"alpha": 0.5})], w=W), "transA, alpha or beta"),
    "onnx_left": ("w.onnx", lambda: onnx([("MatMul", ["w", "x"], "y", {})], w=W), "has the values on the right of the"),
    "onnx_external": ("w.onnx", lambda: onnx([("MatMul", ["x", "w"], "y", {})], True, w=W), '"w" is in another file'),
    "onnx_nothing": ("w.onnx", lambda: onnx([]), "its graph has 1 inputs and 0 operators"),
    # safetensors.
    "safetensors_noise": ("w.safetensors", b"noise", "it is no safetensors file of numbers ("),
    "safetensors_lengths": ("w.safetensors", lambda: _tensors([9]), "it is no safetensors file of numbers ("),
}  # fmt: skip
"""Name, content (bytes, a file of `weights_files`, or what makes it), and what the sentence says."""


def _tensors(shape: list[int]) -> bytes:
    """One tensor of this shape, in four bytes."""
    text = json.dumps({"W": {"dtype": "F32", "shape": shape, "data_offsets": [0, 4]}}).encode()
    return struct.pack("<Q", len(text)) + text + b"\0" * 4


@pytest.mark.parametrize("case", CASES)
def test_one_sentence(tmp_path, monkeypatch, case):
    name, content, problem = CASES[case]
    monkeypatch.chdir(tmp_path)
    path = tmp_path / name
    path.write_bytes(content.read_bytes() if isinstance(content, Path) else content() if callable(content) else content)
    with pytest.raises(WeightsError) as error:
        layers_of(path, read(path), SIZES)
    text = str(error.value)
    assert text.startswith(f"{path}: ") and problem in text, text
    assert text.endswith(".") and "\n" not in text
    assert [file.name for file in tmp_path.iterdir()] == [name], "something was run, or left behind"


@pytest.mark.filterwarnings("ignore:invalid escape sequence")
def test_bytes_that_change_anywhere_run_nothing(tmp_path, monkeypatch):
    """Of PyTorch's pickle; what still is one has other numbers, or other names."""
    monkeypatch.chdir(tmp_path)
    data, rng, refused = members()["sequential/data.pkl"], np.random.default_rng(4), 0
    for _ in range(300):
        changed = bytearray(data)
        for place in rng.integers(0, len(data), rng.integers(1, 4)):
            changed[place] = rng.integers(256)
        Path("w.pt").write_bytes(repacked(data_pkl=bytes(changed)))
        try:
            layers_of(Path("w.pt"), torch_file.read(Path("w.pt")), SIZES)
        except WeightsError:
            refused += 1
    assert refused > 150 and [file.name for file in tmp_path.iterdir()] == ["w.pt"]


def test_what_is_admitted_changes_nothing_of_ours():
    """BUILD sets attributes of what is there: of functions and classes of ours it must not."""
    for stand_in in torch_pickle.ADMITTED.values():
        with pytest.raises((AttributeError, TypeError)):
            stand_in.changed = True
    opcodes = {opcode.name for opcode, _, _ in pickletools.genops(members()["sequential/data.pkl"])}
    assert opcodes < torch_pickle.OPCODES


def test_a_run_that_is_refused_leaves_nothing(tmp_path):
    path = tmp_path / "w.npz"
    path.write_bytes(npz(W1=np.ones((2, 4))))
    with pytest.raises(WeightsError, match="no order of them"):
        train(XOR, "golden", tmp_path / "run", init=path)
    with pytest.raises(Failure, match="--init is where a run begins, and --resume goes on with one; allowed is one of"):
        train(XOR, "golden", tmp_path / "run", resume=True, init=path)
    assert [file.name for file in tmp_path.iterdir()] == ["w.npz"]


def test_no_file_fills_the_memory(tmp_path, monkeypatch):
    path = tmp_path / "w.csv"
    with open(path, "wb") as file:
        file.truncate(2**28 + 1)
    with pytest.raises(WeightsError, match="it has 268435457 bytes; right are up to 268435456"):
        read(path)
    np.savez_compressed(tmp_path / "w.npz", W1=np.zeros(10**6))
    monkeypatch.setattr("ohmgrad.golden.weights.tables.MOST", 7 * 10**6)
    with pytest.raises(WeightsError, match="unpacked it has 8000128 bytes; right are up to 7000000"):
        read(tmp_path / "w.npz")


def test_a_form_that_is_not_written_is_refused():
    from ohmgrad.golden.chip.chip import Chip

    with pytest.raises(WeightsError, match=r"^w\.mat: it ends in none of \.npz, .*, by which weights are written\.$"):
        written(Chip(XOR), np.zeros(9, np.int32), Path("w.mat"))
