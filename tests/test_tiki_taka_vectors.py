"""Tiki-Taka against aihwkit's recorded runs: pulses, lines and signs exactly, H, means and weights to float32 rounding."""

import json
from pathlib import Path

import numpy as np
import pytest

from ohmgrad.golden.analog.devices import ConstantStep, SoftBounds
from ohmgrad.golden.analog.periphery import Periphery
from ohmgrad.golden.analog.update import Update
from ohmgrad.golden.learn.filter_line import LINE, SWEEP
from ohmgrad.golden.learn.on_array import Buffered, Chopped, Dynamic, TTv2

FOLDER = Path(__file__).parents[2] / "shared" / "reference" / "aihwkit"
FILES = sorted(FOLDER.glob("ttv2_*.npz"))
SETTINGS = {"buffered": Buffered, "chopped": Chopped, "dynamic": Dynamic}
DEVICES = {"ConstantStepDevice": ConstantStep, "SoftBoundsDevice": SoftBounds}


def pick(kind, values):
    """The fields of a dataclass, taken from a dictionary that has more."""
    return kind(**{name: values[name] for name in kind.__dataclass_fields__ if name in values})


def layer_of(p):
    """The layer that an experiment's `params` describe, its weights still zero."""
    devices = [pick(DEVICES[d["class"]], {**d, "drift": None}) for d in p["compound"]["unit_cell_devices"]]
    settings = pick(SETTINGS[p["kind"]], {**p, "transfer_every": int(p["transfer_every"])})
    return TTv2(*p["shape"], *devices, settings=settings, seed=1, update=pick(Update, p["update"]),
                read=Periphery(is_perfect=p["compound"]["transfer_forward"]["is_perfect"]))  # fmt: skip


@pytest.mark.skipif(not FILES, reason="aihwkit's vectors (shared/reference/aihwkit) are not beside the project")
def test_all_vectors_are_here():
    kinds = [path.stem.split("_")[1] for path in FILES]
    assert [kinds.count(kind) for kind in ("buffer", "chopped", "agad")] == [30, 18, 10]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_run(path):
    data = np.load(path)
    p = json.loads(str(data["params"]))
    layer, memory = layer_of(p), None
    memory = layer.memory
    lined = (lambda v: v.T) if p["transfer_columns"] else (lambda v: v)
    layer.a[...], layer.c[...] = data["A0"], data["C0"]
    memory.h[...] = lined(data["H0"])
    threshold = p["thres_scale"] * p["granularity"]["C"] if p["kind"] == "buffered" else 1.0
    pulses = 0
    c = data["C0"]
    for t in range(p["steps"]):
        if p["mode"] == "given_A":
            layer.a[...] = data["A"][t]
        if "in_chop" in data:
            if p["in_chop_random"]:
                memory.line_sign[...], memory.word_sign[...] = data["in_chop"][t], data["out_chop"][t]
                if "switched" in data:
                    memory.flipped[...] = data["switched"][t]
            assert memory.line_sign.tolist() == data["in_chop"][t].tolist(), t
            assert memory.word_sign.tolist() == data["out_chop"][t].tolist(), t
            assert memory.cursor[SWEEP] == data["transfer_counter"][t], t
        if "switched" in data:
            assert memory.flipped.tolist() == data["switched"][t].astype(bool).tolist(), t
        if data["line"][t] >= 0:
            assert memory.cursor[LINE] == data["line"][t], t
        closed = p["mode"] == "closed_loop"
        x, d = (data["X"][t], data["D"][t]) if closed else (np.zeros(p["shape"][1]), np.zeros(p["shape"][0]))
        before = layer.c.copy()
        layer.update(x, d, p["lr"])
        fired = np.sign(layer.c - before)
        assert (fired == np.sign(np.float32(data["C"][t]) - np.float32(c))).all(), t
        pulses += np.count_nonzero(fired)
        c = data["C"][t]
        if closed:
            np.testing.assert_allclose(layer.a, data["A"][t], atol=1e-3 * p["dw_min_A"], err_msg=str(t))
        # In units of a pulse: 1e-5 in most sets, 1e-3 after hundreds of float32 additions.
        np.testing.assert_allclose(layer.h / threshold, data["H"][t] / threshold, atol=1e-4, err_msg=str(t))
        np.testing.assert_allclose(layer.c, data["C"][t], atol=1e-3 * p["dw_min_C"], err_msg=str(t))
        if "running_mean" in data:
            np.testing.assert_allclose(memory.mean, lined(data["running_mean"][t]), atol=1e-6)
            np.testing.assert_allclose(memory.past, lined(data["past_mean"][t]), atol=1e-6)
        if "W" in data:
            np.testing.assert_allclose(layer.weights, data["W"][t], atol=1e-6)
    assert pulses > 10
