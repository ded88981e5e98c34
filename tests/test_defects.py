"""Arrays with defects against the equations of `golden.defects.array`, and without any against the ideal one."""

from math import exp

import numpy as np
import pytest
from typer.testing import CliRunner

from ohmgrad.fpga.errors import NotEmulated
from ohmgrad.golden.blocks.measure.neuron import ACTIVATIONS
from ohmgrad.golden.chip.config import ConfigError
from ohmgrad.golden.defects.draws import Defects
from ohmgrad.golden.defects.hardware import hardware
from ohmgrad.scripts.cli import app
from ohmgrad.scripts.generate import generate
from ohmgrad.scripts.training import checkpoint
from ohmgrad.scripts.training.train import train

from .chips import FILTERED, LOOP, SMALL, engine, small
from .config_files import DIGITAL
from .reference import key, mix

UPDATE_NOISE, DEFECT = 6, 7
STATIC = {
    "defects.activation_spread": 0.2, "defects.dac_nonlinearity": 0.3, "defects.adc_nonlinearity": -0.2,
    "defects.stuck": 0.2, "defects.flipped": 0.3,
}  # fmt: skip
NOISE = {
    "defects.cost_noise": 0.01, "defects.cost_drift": 5.0, "defects.bandwidth": 1.5, "defects.update_noise": 0.01,
}  # fmt: skip
MODES = {
    "digital": {},
    "filtered": FILTERED,
    "forward": {"cost.mode": "forward", "cost.refresh": 3, "cost.average": 4, "cost.average_c0": 16,
                "perturbation.tau_x": 6, "array.latency": 2, "update.momentum": 0.5},
    "analog": {"cost.mode": "analog", "cost.average": 2, "perturbation.tau_x": 12, "perturbation.method": "node",
               "cost.bits": 15},
}  # fmt: skip


def normals(words, number: int) -> float:
    """Draw of a key from its words: eight bytes, each of mean 127.5 and variance (256^2 - 1) / 12."""
    drawn = [mix(words, 2 * number + half) >> 8 * byte & 255 for half in (0, 1) for byte in range(4)]
    return (sum(drawn) - 8 * 127.5) / (8 * (256**2 - 1) / 12) ** 0.5


def assert_equal(a, b):
    for name, array in a.arrays.items():
        assert array.tolist() == getattr(b, name).tolist(), name
    assert (a.step, a.flags) == (b.step, b.flags)


@pytest.mark.parametrize("mode", MODES)
def test_no_defects_are_the_ideal_array(mode):
    """A section of zeros, and the loop of defects when all of them are zero: bit for bit, saturated ADCs included."""
    changes = {**MODES[mode], "weights.init": 7.0 if mode != "filtered" else 2.0}
    ideal = engine(small(**changes))
    zeros = engine(small(**changes, **dict.fromkeys({**STATIC, **NOISE}, 0)))
    bare = engine(small(**changes))
    none = Defects(77, 0, 0, 0, 0, (1 << bare.chip.cost.sum_bits) - 1, 0.0, 0.0, 0.0, 0, 0)
    bare.cells = hardware(bare.chip, none, bare.initial().theta, bare.learning.bounds())
    want = ideal.initial()
    trace = ideal.trace(want, 300)
    assert abs(trace.adc).max() == (511 if mode != "filtered" else abs(trace.adc).max())
    for learner in (zeros, bare):
        state = learner.initial()
        got = learner.trace(state, 300)
        assert_equal(state, want)
        for name in ("adc", "act", "sums", "cost"):
            assert (getattr(got, name) == getattr(trace, name)).all(), name
        assert learner.error(state) == ideal.error(want)
        assert learner.calibrate(state) == ideal.calibrate(want)


@pytest.mark.parametrize("mode", [*MODES, "tiki-taka"])
def test_a_run_in_pieces_is_the_same_run(mode, tmp_path):
    """Also through a checkpoint."""
    changes = LOOP if mode == "tiki-taka" else MODES[mode]
    learner = engine(small(**changes, **STATIC, **NOISE, **{"update.schedule": [[300, 0.04]]}))
    whole = learner.initial()
    start, pieces = whole.copy(), whole.copy()
    learner.run(whole, 600)
    for steps in (1, 2, 247, 350):
        checkpoint.save_checkpoint(tmp_path / "state.npz", learner.chip, pieces, checkpoint.Figures())
        pieces = checkpoint.load_checkpoint(tmp_path / "state.npz", learner.chip)
        learner.run(pieces, steps)
    assert_equal(pieces, whole)
    assert whole.memory.shape == (3,) and whole.memory[2] and (whole.theta != start.theta).any()
    other = engine(small(**changes, **STATIC, **NOISE, seed=78))
    assert (other.cells.sign != learner.cells.sign).any()


@pytest.mark.parametrize("mode", ["digital", "forward"])
def test_both_rails_by_the_equations(mode):
    """Codes of all neurons from the lines before them, in floating point.

    An ADC code is within half an LSB of the bent sum, and 2**-7 for levels and bends that are kept to 2**-8.
    """
    learner = engine(small(**MODES[mode], **STATIC))
    chip, array, state = learner.chip, learner.cells, learner.initial()
    state.theta[:] = np.random.default_rng(4).integers(-(2**17), 2**17, 37)
    sign, held = array.sign, (learner.initial().theta >> 6) * (array.sign == 0)
    words = key(77, DEFECT, 0)
    drawn = 0.2 * np.array([[normals(words, 4 * j + d) for d in range(4)] for j in range(9)])
    unit, polarity = chip.neuron.adc_unit, 0 if mode == "forward" else -1
    checked = 0
    for step in range(20):
        theta, signs = state.theta >> 6, learner.perturbations(step)
        trace = learner.trace(state, 1)
        for rail, p in enumerate((1, polarity)):
            weights = chip.matrices(sign * (theta + p * chip.crossbar.amplitude * signs) + held)
            x, neuron = learner.inputs[trace.sample[0]], 0
            for matrix, name, full in zip(weights, chip.config.activations, (127, 127, 511), strict=True):
                u = np.append(x, 127) / 127
                total = matrix @ (u + 0.3 * (u**3 - u)) * 127 / 2**chip.crossbar.adc_shift
                v = np.clip(total / 511, -1, 1)
                bent = 511 * (v - 0.2 * (v**3 - v))
                part = slice(neuron, neuron + len(matrix))
                adc, act = trace.adc[0, part, rail], trace.act[0, part, rail]
                assert abs(adc - bent).max() <= 0.5 + 2**-7
                a, b, x0, y0 = drawn[part].T
                values = (1 + a) * ACTIVATIONS[name]((1 + b) * (adc * unit - x0)) + y0
                assert (act == np.rint(full * np.clip(values, -1, 1))).all()
                x, neuron, checked = act, part.stop, checked + len(matrix)
    assert checked == 20 * 2 * 9 and np.unique(sign).tolist() == [-1, 0, 1]


def test_outputs_are_those_of_the_unperturbed_rail():
    changes = {"cost.mode": "forward", "data.order": "cyclic", "perturbation.tau_theta": 8, **STATIC}
    learner = engine(small(**changes))
    state = learner.initial()
    outputs, error = learner.outputs(state, learner.split.train_x), learner.error(state)
    trace = learner.trace(state, 4)
    assert (outputs[:, 0] == trace.act[:, -1, 1] / 511).all()
    assert error == pytest.approx(((outputs - learner.split.train_t) ** 2).sum(1).mean())
    assert error == engine(small(**changes, **NOISE)).error(learner.initial()), "no noise in what is measured"


def test_stuck_weights_never_change_the_output():
    """Neither their words nor perturbations do, but words are updated; without stuck ones there would be a gradient."""
    learner = engine(small(**{"defects.stuck": 0.5, "cost.average": 16}))
    state = learner.initial()
    stuck = learner.cells.sign == 0
    before = learner.outputs(state, learner.split.train_x)
    state.theta[stuck] = np.random.default_rng(1).integers(-(2**17), 2**17, stuck.sum())
    assert (learner.outputs(state, learner.split.train_x) == before).all() and 5 < stuck.sum() < 32
    state.theta[~stuck] //= 2
    assert (learner.outputs(state, learner.split.train_x) != before).any()
    old = state.theta.copy()
    learner.run(state, 200)
    assert (state.theta[stuck] != old[stuck]).any()
    whole = engine(small(**{"defects.stuck": 1.0}))
    state = whole.initial()
    assert not whole.trace(state, 200).cost.any() and (state.theta == whole.initial().theta).all()


def test_flipped_weights_are_mirrored():
    """The first layer's sums with all weights and perturbations negated; outputs are those of minus the weights."""
    flipped, plain = engine(small(**{"defects.flipped": 1.0})), engine(small())
    states = flipped.initial(), plain.initial()
    for state in states:
        state.theta &= -64  # whole steps of the DAC, so that minus the word is minus the weight
    traces = flipped.trace(states[0].copy(), 1), plain.trace(states[1].copy(), 1)
    assert (traces[0].adc[0, :5] == -traces[1].adc[0, :5]).all() and traces[0].adc[0, :5].any()
    states[1].theta[:] = -states[0].theta
    x = plain.split.train_x
    assert (flipped.outputs(states[0], x) == plain.outputs(states[1], x)).all()


@pytest.mark.parametrize("mode", ["antithetic", "forward", "analog"])
def test_low_pass(mode):
    """y <- y + (S - y) (1 - exp(-t / tau)), in floating point; C0 first, and only where it is taken.

    A state in 2**-8 is off by up to 2**-9 / share and its reading by 1/2 more, on both sides of a difference.
    """
    changes = {"cost.mode": mode, "perturbation.tau_x": 6, "cost.bits": 22, "update.eta": 1e-4}
    changes |= {"cost.refresh": 3} if mode == "forward" else {}
    learner = engine(small(**changes, **{"defects.bandwidth": 2.5}))
    trace = learner.trace(learner.initial(), 500)
    share = 1 - exp(-1 / (5 if mode == "antithetic" else 2.5))
    share, decay = round(share * 2**20) / 2**20, round(10 / 11 * 2**16) / 2**16
    y = c0 = c = last = 0.0
    for n, (s0, s1) in enumerate(trace.sums.tolist()):
        if mode == "forward" and n % 3 == 0:
            y += (s1 - y) * share
            c0 = y
        y += (s0 - y) * share
        now = y
        if mode == "antithetic":
            y += (s1 - y) * share
            c0 = y
        c = now - c0 if mode != "analog" else (decay * (c + now - last) if n % 6 else 0.0)
        last = now
        assert trace.cost[n] == pytest.approx(c, abs=2 * (0.5 + 2**-9 / share) + 0.6), n
    assert abs(trace.cost - (trace.sums[:, 0] - trace.sums[:, 1])).max() > 1000


@pytest.mark.parametrize("mode", ["antithetic", "forward"])
def test_ramp(mode):
    """10 C in 10**6 steps are 20 511^2 / 10**6 of S a step; antithetically half a step lies between the rails."""
    changes = {"cost.mode": mode, "defects.cost_drift": 10.0, "update.eta": 1e-4}
    learner = engine(small(**changes, **({"cost.refresh": 50, "perturbation.tau_x": 50} if mode == "forward" else {})))
    state = learner.initial()
    trace, slope = learner.trace(state, 2000), 20 * 511**2 / 1e6
    plain, n = trace.sums[:, 0] - trace.sums[:, 1], np.arange(2000)
    want = -slope / 2
    if mode == "forward":
        plain, want = trace.sums[:, 0] - trace.sums[n - n % 50, 1], slope * (n % 50)
    assert abs(trace.cost - plain - want).max() <= 1  # both ends are rounded
    # 40 C0 are rounded, or 2000 costs on both rails: of their errors a mean.
    assert (trace.cost - plain).mean() == pytest.approx(np.mean(want), abs=5 * (1 / 12 / 40) ** 0.5)


@pytest.mark.parametrize(
    ("key_", "value", "text"),
    [
        ("cost_noise", 9e-7, "9e-07 is less than half an LSB of S; allowed are 0 and numbers from 9.6e-07."),
        ("update_noise", 3e-5, "3e-05 is less than half an LSB of theta; allowed are 0 and numbers from 3.1e-05."),
    ],
)
def test_noise_that_rounding_would_hide_is_refused(key_, value, text):
    with pytest.raises(ConfigError) as refused:
        small(**{f"defects.{key_}": value})
    assert str(refused.value) == f"small: defects.{key_}: {text}"


def test_the_rtl_has_no_defects(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sentence = "defects: the emulated array of the RTL has none; it is allowed with --on golden."
    (tmp_path / "chip.toml").write_text(DIGITAL.replace("[engine]", "[defects]\n\n[engine]"))
    for call in ("train chip.toml --on sim", "generate chip.toml -o out", "verify chip.toml"):
        result = CliRunner().invoke(app, call.split())
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == f"ohmgrad: chip.toml: {sentence}\n"
    chip = small(**{"defects.stuck": 0.1})
    for call in (lambda: generate(chip, tmp_path / "out"), lambda: train(chip.config, "sim", tmp_path / "run")):
        with pytest.raises(NotEmulated, match=f"^small: {sentence}$"):
            call()
    assert [path.name for path in tmp_path.iterdir()] == ["chip.toml"]
    assert SMALL.defects is None
