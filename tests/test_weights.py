"""Weights of other tools: read as they wrote them, mapped by name and shape, quantised to the nearest, written back."""

import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load, restored
from ohmgrad.golden.chip.dataset import split_of
from ohmgrad.golden.data import datasets
from ohmgrad.golden.engine import Engine
from ohmgrad.golden.errors import WeightsError
from ohmgrad.golden.programming import Verify, program
from ohmgrad.golden.weights.files import read, written
from ohmgrad.golden.weights.install import FIRST_ROUND, install
from ohmgrad.golden.weights.layers import layers_of
from ohmgrad.scripts.training.initial import lines

from .chips import small

EXAMPLES, FILES = Path(__file__).parents[1] / "examples", Path(__file__).parent / "weights_files"
XOR = load(EXAMPLES / "xor.toml")
PYTORCH = {
    "0.weight": [[-0.375, -0.09375], [1.09375, 0.40625]], "0.bias": [-0.15625, 0.4375],
    "2.weight": [[-0.78125, 0.90625]], "2.bias": [-1.0625],
}  # fmt: skip
"""What PyTorch printed of the network in `weights_files`, see make.py there."""
FORMS = ("npz", "csv", "pt", "onnx", "safetensors", "aihwkit.pt")
SEED = 15


def engine_of(config) -> Engine:
    return Engine(Chip(config), split_of(config))


def save(folder: Path, **arrays) -> Path:
    path = folder / "weights.npz"
    np.savez(path, **arrays)
    return path


def mapped(path: Path, *sizes: tuple[int, int]):
    """Weights, biases and form."""
    layers, form = layers_of(path, read(path), list(sizes))
    return [layer.weight.tolist() for layer in layers], [layer.bias.tolist() for layer in layers], form


# Reading.


@pytest.mark.parametrize("name", ["sequential.pt", "half.pt", "bfloat.pt", "strides.pt", "parameters.pt"])
def test_state_dicts_of_pytorch(name):
    """Of every type; rows or columns first, as views of a storage may have them."""
    found = read(FILES / name).arrays
    assert {name: array.tolist() for name, array in found.items()} == PYTORCH
    assert list(found) == list(PYTORCH)


def test_a_checkpoint_of_a_training_loop_whose_layers_are_registered_backwards():
    weights, biases, _ = mapped(FILES / "backwards.pt", (2, 2), (1, 2))
    assert weights == [PYTORCH["0.weight"], PYTORCH["2.weight"]]
    assert biases == [PYTORCH["0.bias"], PYTORCH["2.bias"]]


def test_onnx_of_pytorch():
    found = read(FILES / "sequential.onnx")
    assert [array.tolist() for array in found.arrays.values()] == list(PYTORCH.values())
    assert found.activations == ("tanh", "tanh")


def test_onnx_of_products_and_sums(tmp_path):
    """x W + b with W of shape (inputs, neurons), as other exporters have it; a layer without bias is linear here."""
    from onnx import helper, numpy_helper, save_model

    w, b, v = np.arange(6.0).reshape(2, 3), np.array([[1.0, 2.0, 3.0]]), np.array([[1.0], [2.0], [4.0]])
    constants = [numpy_helper.from_array(array, name) for name, array in (("w", w), ("b", b), ("v", v))]
    nodes = [
        helper.make_node("Flatten", ["x"], ["f"]), helper.make_node("MatMul", ["f", "w"], ["p"]),
        helper.make_node("Add", ["b", "p"], ["s"]), helper.make_node("Relu", ["s"], ["r"]),
        helper.make_node("MatMul", ["r", "v"], ["y"]),
    ]  # fmt: skip
    ports = [helper.make_tensor_value_info(name, 11, [1, size]) for name, size in (("x", 2), ("y", 1))]
    save_model(helper.make_model(helper.make_graph(nodes, "g", ports[:1], ports[1:], constants)), tmp_path / "m.onnx")
    found = read(tmp_path / "m.onnx")
    assert found.activations == ("relu", "linear")
    assert mapped(tmp_path / "m.onnx", (3, 2), (1, 3))[:2] == ([w.T.tolist(), v.T.tolist()], [[1, 2, 3], [0]])


def test_csv_of_a_spreadsheet(tmp_path):
    (tmp_path / "w.csv").write_bytes(b"\xef\xbb\xbfW1, 1,2\r\nW1,3 ,4e-1\r\n\r\nb1,-1,.5\r\n\"W2\",7,8\r\nb2,9\r\n")
    weights, biases, _ = mapped(tmp_path / "w.csv", (2, 2), (1, 2))
    assert (weights, biases) == ([[[1, 2], [3, 0.4]], [[7, 8]]], [[-1, 0.5], [9]])


# Mapping.


def test_weights_then_biases_of_one_length_go_where_their_names_say(tmp_path):
    """A dictionary with all weights before all biases, of equal lengths, its names in another order still."""
    arrays = {name: np.full((2, 2) if name[0] == "w" else 2, k) for k, name in enumerate(["w2", "w1", "b1", "b2"])}
    weights, biases, _ = mapped(save(tmp_path, **arrays), (2, 2), (2, 2))
    assert [w[0][0] for w in weights] == [1, 0] and [b[0] for b in biases] == [2, 3]


def test_arrays_without_names_pair_in_their_order(tmp_path):
    w1, w2, b1, b2 = np.ones((2, 2)), np.full((2, 2), 2.0), np.full(2, 3.0), np.full(2, 4.0)
    for order in ((w1, b1, w2, b2), (w1, w2, b1, b2)):
        np.savez(tmp_path / "w.npz", *order)
        weights, biases, _ = mapped(tmp_path / "w.npz", (2, 2), (2, 2))
        assert [w[0][0] for w in weights] == [1, 2] and [b[0] for b in biases] == [3, 4]


def test_ten_layers_are_ordered_by_number_not_by_letter(tmp_path):
    arrays = {f"layer{k}.weight": np.full((2, 2), k) for k in reversed(range(1, 12))}
    weights, _, _ = mapped(save(tmp_path, **arrays), *[(2, 2)] * 11)
    assert [w[0][0] for w in weights] == list(range(1, 12))


def test_scikit_learn_and_keras_have_neurons_in_columns(tmp_path):
    """Also where a matrix is square, so that its shape does not say."""
    matrix = np.array([[1.0, 2.0], [3.0, 4.0]])
    for name, bias in (("coefs_0", "intercepts_0"), ("dense/kernel:0", "dense/bias:0")):
        weights, biases, form = mapped(save(tmp_path, **{name: matrix, bias: np.array([5.0, 6.0])}), (2, 2))
        assert (weights, biases, form) == ([matrix.T.tolist()], [[5, 6]], "columns are neurons")


def test_shapes_decide_where_names_do_not(tmp_path):
    arrays = {"head.weight": np.ones((1, 3)), "body.weight": np.zeros((3, 2)), "body.bias": np.arange(3)}
    weights, biases, _ = mapped(save(tmp_path, **arrays), (3, 2), (1, 3))
    assert np.shape(weights[0]) == (3, 2) and biases == [[0, 1, 2], [0]]


@pytest.mark.parametrize("names", [("head", "body"), ("one", "two")])
def test_layers_that_fit_in_two_orders_are_refused(tmp_path, names):
    path = save(tmp_path, **{f"{name}.weight": np.full((2, 2), k) for k, name in enumerate(names)})
    a, b = (f"{name}.weight" for name in names)
    with pytest.raises(WeightsError, match=f"its layers fit the chip's in two orders: {a}, {b} or {b}, {a}; right are"):
        mapped(path, (2, 2), (2, 2))


def test_a_file_whose_order_contradicts_its_numbers_is_refused(tmp_path):
    (tmp_path / "w.csv").write_text("fc2.weight,1,1\nfc2.weight,1,1\nfc1.weight,2,2\nfc1.weight,2,2\n")
    with pytest.raises(WeightsError, match="in two orders: fc2.weight, fc1.weight or fc1.weight, fc2.weight"):
        mapped(tmp_path / "w.csv", (2, 2), (2, 2))


# Quantising.


@pytest.mark.parametrize("bits", [12, 13, 20, 27])
def test_cells_have_the_code_nearest_to_a_weight(bits):
    """By plain fractions: code = floor(w / unit + 1/2); but for half an LSB of the word, which is rounded too."""
    engine = engine_of(XOR.with_(**{"weights.bits": bits, "weights.dac_bits": 12}))
    weights = np.random.default_rng(SEED).uniform(-7, 7, 9)
    state, report = installed(engine, weights)
    unit = Fraction(8, 2**11)
    codes = [(Fraction(w) / unit + Fraction(1, 2)).__floor__() for w in weights.tolist()]
    got = (state.theta >> bits - 12).tolist()
    bound = unit / 2 + unit / 2 ** (bits - 11)
    assert all(abs(code * unit - Fraction(w)) <= bound for code, w in zip(got, weights.tolist(), strict=True))
    assert got == codes or bits == 13
    codes = got
    errors = np.array([float(code * unit - Fraction(w)) for code, w in zip(codes, weights.tolist(), strict=True)])
    for layer, error in zip(report["layers"], (errors[:6], errors[6:]), strict=True):
        assert layer["rms"] == pytest.approx(np.sqrt((error**2).mean())) and layer["largest"] == abs(error).max()
        assert layer["saturated"] == 0 and layer["scale"] == 1


def installed(engine, weights):
    """A state from weights in the order of the parameters."""
    from ohmgrad.golden.weights.contents import Contents
    from ohmgrad.golden.weights.tables import named

    return install(engine, Path("w.npz"), Contents(named(engine.chip, weights), True))


def test_weights_beyond_the_range_saturate_and_are_counted():
    engine = engine_of(XOR)
    state, report = installed(engine, np.array([9.0, -9, 0, 7.9, 0, 0, 100, 1, 1]))
    assert [layer["saturated"] for layer in report["layers"]] == [2, 1]
    assert report["layers"][1]["largest"] == pytest.approx(92, abs=0.01)
    assert state.theta[[0, 1, 6]].tolist() == [2**19 - 1, -(2**19 - 1), 2**19 - 1]


def test_relu_layers_are_scaled_where_tanh_ones_saturate():
    """Divided by a power of two, and the next layer's weights multiplied, its biases not: the same outputs."""
    weights = np.array([20.0, 5, 1, -3, 2, 0.5, 0.25, -0.5, 0.125])
    relu = engine_of(XOR.with_(**{"network.activation": ["relu", "tanh"]}))
    state, report = installed(relu, weights)
    # Of the samples of XOR, +-1, the largest output is 20 + 5 + 1: divided by 32.
    assert [layer["scale"] for layer in report["layers"]] == [32, 1]
    assert [layer["saturated"] for layer in report["layers"]] == [0, 2], "0.25 and -0.5 times 32 are 8 and -16"
    unit = 8 / 2**11
    expected = np.array([*weights[:6] / 32, 8 - unit, -8, 0.125])
    assert abs((state.theta >> 8) * unit - expected).max() <= unit / 2
    assert installed(engine_of(XOR), weights)[1]["layers"][0] | {"arrays": 0, "rms": 0} == {
        "arrays": 0, "scale": 1, "saturated": 1, "rms": 0, "largest": 20 - (8 - unit)
    }  # fmt: skip


def test_figures_are_those_of_the_network_in_floating_point():
    """By hand, for a network that solves XOR; and the chip's, which its converters keep near."""
    w, b = np.array([[4.0, 4.0], [-4.0, -4.0]]), np.array([-4.0, -4.0])
    v, c = np.array([[3.0, 3.0]]), np.array([3.0])
    x = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    y = np.tanh(np.tanh(x @ w.T + b) @ v.T + c)
    _, report = installed(engine_of(XOR), np.array([4, 4, -4, -4, -4, -4, 3, 3, 3.0]))
    split = datasets.load("xor", 4, 4, 1)
    order = [x.tolist().index(row) for row in split.train_x.tolist()]
    expected = np.mean((y[order] - split.train_t) ** 2)
    assert report["float"]["mean_squared_error"] == pytest.approx(expected, rel=1e-12)
    assert report["words"] == report["chip"] and report["programming"] is None
    assert report["chip"]["mean_squared_error"] == pytest.approx(expected, abs=0.02)


def test_of_values_none_are_right():
    engine = engine_of(XOR)
    _, report = install(engine, FILES / "sequential.pt", read(FILES / "sequential.pt"), classes=False)
    assert {report[key]["test_accuracy"] for key in ("float", "words", "chip")} == {None}
    assert "error 1.5206 of the file in floating point; error 1.5327 quantised" in lines(report, 1)[-1]


def test_activations_that_differ_are_said():
    _, report = install(engine_of(XOR.with_(**{"network.activation": ["tanh", "sigmoid"]})),
                        FILES / "sequential.onnx", read(FILES / "sequential.onnx"))  # fmt: skip
    assert report["activations"] == ["layer 1 is tanh in the file and sigmoid on the chip"]


# Writing.


@pytest.mark.parametrize("weights", [{}, {"weights.bits": 28}, {"weights.range": 3.0}, {"weights.bits": 12}])
@pytest.mark.parametrize("form", FORMS)
def test_words_come_back_as_they_were(tmp_path, form, weights):
    config = XOR.with_(**weights)
    engine, path = engine_of(config), tmp_path / f"w.{form}"
    bound = 2 ** (config.weights.bits - 1) - 1
    words = np.random.default_rng(SEED).integers(-bound, bound, 9, endpoint=True).astype(np.int32)
    words[:2] = bound, -bound
    path.write_bytes(written(engine.chip, words, path))
    state, report = install(engine, path, read(path))
    assert state.theta.tolist() == words.tolist() and not any(layer["saturated"] for layer in report["layers"])


def test_numbers_are_short_where_that_loses_nothing():
    for bits, storage in ((20, b"FloatStorage"), (28, b"DoubleStorage")):
        chip = Chip(XOR.with_(**{"weights.bits": bits}))
        words = np.full(9, 2 ** (bits - 1) - 1, np.int32)
        assert written(chip, words, Path("w.pt")).count(storage) == 4


def test_a_written_file_is_the_same_each_time():
    chip = Chip(XOR)
    for form in ("npz", "pt", "onnx", "csv", "h"):
        a, b = (written(chip, np.arange(9, dtype=np.int32), Path(f"w.{form}")) for _ in range(2))
        assert a == b, form


def test_onnx_for_others_gives_the_chips_outputs(tmp_path):
    """ONNX's own evaluator, on the sums of the digits chip, whose activations are tanh and sigmoid."""
    from onnx.reference import ReferenceEvaluator

    engine = engine_of(load(EXAMPLES / "digits.toml").with_(**{"data.train": 50, "data.test": 20}))
    state = engine.initial()
    (tmp_path / "w.onnx").write_bytes(written(engine.chip, state.theta, tmp_path / "w.onnx"))
    x = engine.split.test_x
    (out,) = ReferenceEvaluator(str(tmp_path / "w.onnx")).run(None, {"input": x.astype(np.float32)})
    assert abs(out - engine.outputs(state, x)).max() < 0.02


def test_the_header_holds_the_codes_of_the_cells(tmp_path):
    chip = small()
    words = engine_words(chip)
    (tmp_path / "w.h").write_bytes(written(chip, words, tmp_path / "w.h"))
    (tmp_path / "m.c").write_text(
        '#include <stdio.h>\n#include "w.h"\nint main(void) {\n  for (int j = 0; j < OHMGRAD_ROWS_1; j++) {\n'
        '    for (int c = 0; c < OHMGRAD_COLUMNS_1; c++) printf("%d ", ohmgrad_weight_1[j][c]);\n'
        '    printf("%d ", ohmgrad_bias_1[j]);\n  }\n'
        '  printf("%.17g %d %d", OHMGRAD_UNIT, OHMGRAD_LAYERS, (int)sizeof ohmgrad_bias_0);\n}\n'
    )
    subprocess.run(["gcc", "-Wall", "-Wextra", "-Wno-unused", "-Werror", "-o", "m", "m.c"], cwd=tmp_path, check=True)
    *codes, unit, layers, size = subprocess.check_output([tmp_path / "m"], text=True).split()
    assert list(map(int, codes)) == (chip.matrices(words)[1] >> 6).ravel().tolist()
    assert (float(unit), int(layers), int(size)) == (8 / 2**11, 3, 10)


def engine_words(chip):
    return np.random.default_rng(SEED).integers(-(2**17) + 1, 2**17, chip.layout.parameters).astype(np.int32)


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.toml")))
def test_a_description_in_a_checkpoint_is_the_chips(name):
    config = load(EXAMPLES / name)
    assert restored(config.model_dump_json(), "checkpoint") == config


# Programming.


@pytest.mark.parametrize("name", ["xor_filtered", "xor_tiki_taka"])
def test_devices_are_programmed_from_where_they_are(name):
    engine = engine_of(load(EXAMPLES / f"{name}.toml"))
    targets = np.random.default_rng(SEED).uniform(-2, 2, 9)
    state, report = installed(engine, targets)
    devices, drop = engine.chip.path.devices, engine.chip.crossbar.drop
    words = np.rint(targets / (engine.chip.config.weights.range / 2**17)).astype(int) + 2 ** (drop - 1)
    before = engine.initial()
    verify = Verify(20 * engine.chip.config.device.states, devices.step // 2, drop)
    done = program(devices, devices.sample(9), before.theta, words, verify, FIRST_ROUND)
    assert state.theta.tolist() == done.states.tolist() and done.pulses.sum() > 0
    got = report["programming"]
    assert got["total_pulses"] == done.pulses.sum() and got["rms"] == pytest.approx(np.sqrt((done.error**2.0).mean()))
    assert got["failed"] == 0 and got["stuck"] == 0
    others = [name for name in state.arrays if name != "theta"]
    assert others and all((state.arrays[name] == before.arrays[name]).all() for name in others)


def test_stuck_cells_take_no_pulse():
    engine = engine_of(load(EXAMPLES / "xor_filtered.toml").with_(**{"defects.stuck": 0.4, "seed": 3}))
    state, report = installed(engine, np.full(9, 1.5))
    stuck = engine.cells.sign == 0
    assert 0 < stuck.sum() < 9
    assert (state.theta[stuck] == engine.initial().theta[stuck]).all()
    assert abs((state.theta[~stuck] >> 6) / 256 - 1.5).max() < 0.1
    assert report["programming"]["stuck"] == stuck.sum()
    assert report["programming"]["failed"] == pytest.approx(stuck.mean())
    assert report["layers"][0]["largest"] > 0.5, "what stuck cells lack is counted"
