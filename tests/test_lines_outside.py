"""Node perturbation of an array outside: it gives its line codes beside its cost, and traces have both."""

from importlib.resources import files

import numpy as np
import pytest

from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import ConfigError, load
from ohmgrad.golden.data import datasets
from ohmgrad.golden.engine import Engine
from ohmgrad.golden.recorded import RecordedEngine
from ohmgrad.golden.recording import Recorder, bits_a_step
from ohmgrad.golden.replay import Difference, replay
from ohmgrad.rtl.array.port import ArrayPort
from ohmgrad.rtl.array.rails_port import RailPort

EXAMPLES = files("ohmgrad.examples")
GROUPS = [(3, 5), (2, 4)]
NODE = {
    "parameters.count": 23, "parameters.groups": [list(group) for group in GROUPS], "perturbation.method": "node",
    "engine.lanes": 4,
}  # fmt: skip
EXTERNAL = load(str(EXAMPLES / "external.toml")).with_(**NODE)


def cut(values):
    """A vector with a value for each parameter as matrices of the groups, as in [rows, columns]."""
    first, second = values[:15], values[15:]
    return first.reshape(3, 5), second.reshape(2, 4)


@pytest.mark.parametrize("method", ["node", "node-by-layer"])
def test_rows_are_perturbed_and_factors_are_outer_products_with_the_lines(method):
    """G is the sum of C~ s x^T over the steps, group by group; s is on the last line of each."""
    chip = Chip(EXTERNAL.with_(**{"perturbation.tau_theta": 9, "perturbation.method": method}))
    engine, rng = RecordedEngine(chip), np.random.default_rng(1)
    activity, totals = rng.integers(-128, 128, (8, 9)), rng.integers(0, 2**16, (8, 2))
    state = engine.initial()
    costs, expected = engine.run(state, totals, activity=activity).cost, [np.zeros(shape) for shape in GROUPS]
    for step, codes in enumerate(activity):
        for k, (signs, x) in enumerate(zip(cut(engine.perturbations(step)), (codes[:5], codes[5:]), strict=True)):
            assert not signs[:, :-1].any()
            assert set(abs(signs[:, -1])) == {int(method == "node" or step % 2 == k)}
            expected[k] += costs[step] * np.outer(signs[:, -1], x)
    np.testing.assert_array_equal(state.g, np.concatenate([matrix.ravel() for matrix in expected]))


class Net:
    """Two inputs, two tanh neurons, a linear one, each with a bias: what it costs on the four samples of XOR."""

    def __init__(self, chip):
        self.chip, self.one = chip, chip.crossbar.one

    def __call__(self, codes, sample):
        """S of a word of cost, and the codes of all lines."""
        w = codes * self.chip.weight_unit
        x = np.array([1 - 2 * (sample & 1), 1 - 2 * (sample >> 1 & 1), 1.0])
        hidden = np.append(np.tanh(w[:6].reshape(2, 3) @ x), 1.0)
        out, target = w[6:] @ hidden, -x[0] * x[1]
        lines = np.rint(np.concatenate([x, hidden]) * self.one).astype(int)
        return min(65535, round((out - target) ** 2 / 2 / self.chip.config.cost.unit)), lines


def test_a_net_outside_learns_by_its_nodes():
    """XOR, of which MGD knows the cost, and the lines' codes."""
    groups = {"parameters.count": 9, "parameters.groups": [[2, 3], [1, 3]]}
    rates = {"update.eta": 0.02, "perturbation.tau_theta": 4, "weights.range": 8.0, "weights.init": 1.0}
    chip = Chip(EXTERNAL.with_(**groups, **rates))
    engine, net = RecordedEngine(chip), Net(chip)
    state, costs = engine.initial(), []
    for step in range(6000):
        both = [net(codes, step % 4) for codes in engine.codes(state)]
        costs.append(both[0][0])
        engine.run(state, np.array([[s for s, _ in both]]), activity=both[1][1][None])
    before, after = np.mean(costs[:40]), np.mean(costs[-40:])
    assert after < before / 50, (before, after)


@pytest.mark.parametrize("example", ["xor", "xor_tiki_taka"])
def test_an_emulated_chip_is_replayed_from_its_costs_and_lines(tmp_path, example):
    """The lines of golden's own network are its samples, its hidden neurons' codes on rail 1, and biases."""
    chip = Chip(load(str(EXAMPLES / f"{example}.toml")).with_(**{"perturbation.method": "node"}))
    data = chip.config.dataset
    engine = Engine(chip, datasets.load(data.set, data.train, data.test, chip.config.seed))
    state, one = engine.initial(), np.full((100, 1), chip.crossbar.one)
    with Recorder(tmp_path / "trace.npz", chip, state) as recorder:
        for _ in range(3):
            trace = engine.trace(state, 100)
            lines = np.hstack([engine.inputs[trace.sample], one, trace.act[:, :-1, 1], one])
            recorder.write(trace.sums << chip.sequencer.average, trace.cost, state=state, activity=lines)
    assert replay(tmp_path / "trace.npz", chip).steps == 300
    with Recorder(tmp_path / "other.npz", chip, engine.initial()) as recorder:
        state = engine.initial()
        trace = engine.trace(state, 100)
        lines = np.hstack([engine.inputs[trace.sample], one, trace.act[:, :-1, 1], one])
        lines[57, 0] ^= 1
        recorder.write(trace.sums << chip.sequencer.average, trace.cost, state=state, activity=lines)
    with pytest.raises(Difference, match=r"^step (57|99), block (optimizer|cost unit|tiki_taka), word "):
        replay(tmp_path / "other.npz", chip)


def test_a_trace_has_the_codes_of_all_lines():
    plain = Chip(EXTERNAL.with_(**{"perturbation.method": "weight"}))
    assert bits_a_step(Chip(EXTERNAL)) - bits_a_step(plain) == 16 * 9


@pytest.mark.parametrize("activity", [None, np.zeros((3, 8), int)], ids=["none", "too few"])
def test_without_lines_golden_has_no_factors(activity):
    engine = RecordedEngine(Chip(EXTERNAL))
    with pytest.raises(ValueError, match=r"^The codes of lines have shape \(.*\); a run of 3 steps takes \(3, 9\).$"):
        engine.run(engine.initial(), np.zeros((3, 2), int), activity=activity)


@pytest.mark.parametrize("rails, port", [(2, ArrayPort), (1, RailPort)])
def test_the_port_has_them(rails, port):
    rows = {line.split()[0] for line in port.__doc__.splitlines() if line.startswith("    ") and line.split()}
    rail = EXTERNAL.with_(**{"array.rails": rails})
    member = port(Chip(rail.with_(**{"array.input_bits": 5}))).members["activity"]
    assert "activity" in rows and member.signature.members["payload"].shape.size == 8 * 5
    assert "activity" not in port(Chip(rail.with_(**{"perturbation.method": "weight"}))).members


@pytest.mark.parametrize("groups", [None, [3, [4, 5]]], ids=["none", "mixed"])
def test_rows_and_columns_are_needed(groups):
    with pytest.raises(ConfigError, match='method: "node" needs rows and columns; it is allowed with parameters.group'):
        EXTERNAL.with_(**{"parameters.groups": groups})
