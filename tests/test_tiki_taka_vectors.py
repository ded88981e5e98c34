"""Tiki-Taka against runs recorded with aihwkit: pulses, lines, signs exactly, H, means, weights to float32 rounding."""

import numpy as np
import pytest

from ohmgrad.golden.analog.periphery import Periphery
from ohmgrad.golden.analog.update import Update
from ohmgrad.golden.learn.filter_line import LINE, SWEEP
from ohmgrad.golden.learn.on_array import Buffered, Chopped, Dynamic, TTv2

from .aihwkit_vectors import NO_FOLDER, device_from_params, load, names

SETTINGS = {"buffered": Buffered, "chopped": Chopped, "dynamic": Dynamic}


def pick(kind, values):
    """The fields of a dataclass, taken from a dictionary that has more."""
    return kind(**{name: values[name] for name in kind.__dataclass_fields__ if name in values})


def layer_of(data, p):
    """The layer that an experiment's parameters describe, in its initial state."""
    devices = [device_from_params(d) for d in p["compound"]["unit_cell_devices"]]
    settings = pick(SETTINGS[p["kind"]], {**p, "transfer_every": int(p["transfer_every"])})
    assert settings.transfer_every == p["transfer_every"] and p["compound"]["transfer_forward"]["is_perfect"]
    layer = TTv2(*p["shape"], *devices, settings=settings, update=pick(Update, p["update"]),
                 read=Periphery(is_perfect=True))  # fmt: skip
    layer.fast.weights[...], layer.slow.weights[...], layer.h[...] = data["A0"], data["C0"], data["H0"]
    return layer


def check_signs(memory, data, p, t):
    """What the step t is about to use; random signs are taken from the record."""
    if "in_chop" in data:
        if p["in_chop_random"]:
            memory.line_sign[...], memory.word_sign[...] = data["in_chop"][t], data["out_chop"][t]
            memory.flipped[...] = data["switched"][t] if "switched" in data else False
        assert memory.line_sign.tolist() == data["in_chop"][t].tolist()
        assert memory.word_sign.tolist() == data["out_chop"][t].tolist()
        assert memory.cursor[SWEEP] == data["transfer_counter"][t]
    if "switched" in data:
        assert memory.flipped.tolist() == data["switched"][t].astype(bool).tolist()
    if data["line"][t] >= 0:
        assert memory.cursor[LINE] == data["line"][t]


@NO_FOLDER
def test_the_vectors_are_complete():
    kinds = [name.split("_")[1] for name in names("ttv2_*")]
    assert [kinds.count(kind) for kind in ("buffer", "chopped", "agad")] == [30, 18, 10]


@pytest.mark.parametrize("name", names("ttv2_*"))
def test_run(name):
    """All steps of one run.

    The README of the vectors states 1e-5 of a pulse for most runs, 1e-3 after hundreds of float32 additions; a pulse
    more or less, anywhere, is 1.
    """
    data, p = load(name)
    layer, fired = layer_of(data, p), 0
    close, given, perfect = np.testing.assert_allclose, p["mode"] == "given_A", 1e-3
    pulse = p["thres_scale"] * p["granularity"]["C"] if p["kind"] == "buffered" else 1.0
    nothing = np.zeros(p["shape"][1]), np.zeros(p["shape"][0])
    for t in range(p["steps"]):
        check_signs(layer.memory, data, p, t)
        if given:
            layer.fast.weights[...] = data["A"][t]
        x, d = (data["X"][t], data["D"][t]) if "X" in data else nothing
        before = layer.slow.weights.copy()
        layer.update(x, d, p["lr"])
        fired += np.count_nonzero(before != layer.slow.weights)
        close(layer.slow.weights / p["dw_min_C"], data["C"][t] / p["dw_min_C"], 0, perfect, err_msg=f"C, step {t}")
        close(layer.h / pulse, data["H"][t] / pulse, 0, perfect, err_msg=f"H, step {t}")
        if "A" in data:
            close(layer.fast.weights / p["dw_min_A"], data["A"][t] / p["dw_min_A"], 0, perfect, err_msg=f"A, step {t}")
        for mine, theirs in (("mean", "running_mean"), ("past", "past_mean")) if "running_mean" in data else ():
            mean = getattr(layer.memory, mine)
            mean = mean.T if p["transfer_columns"] else mean
            close(mean, data[theirs][t], 0, 1e-6, err_msg=f"{theirs}, step {t}")
        if "W" in data:
            close(layer.weights, data["W"][t], 0, 1e-6, err_msg=f"W, step {t}")
    assert fired > 10
