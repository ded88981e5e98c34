"""Path `tiki-taka` with arrays A and C outside: pulses go out as vectors, lines of A are read; traces have both."""

from importlib.resources import files

import numpy as np
import pytest

from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import ConfigError, load
from ohmgrad.golden.chip.memories import memories
from ohmgrad.golden.recorded import RecordedEngine
from ohmgrad.golden.recording import Recorder, bits_a_step
from ohmgrad.golden.replay import Difference, replay
from ohmgrad.rtl.array.port import ArrayPort
from ohmgrad.rtl.array.rails_port import RailPort

from .test_replay import altered

LOOP = {
    "parameters.count": 26, "parameters.groups": [[4, 5], [2, 3]], "perturbation.code": "rank-one",
    "update.path": "tiki-taka", "update.eta": 0.1, "device": {}, "fast": {"rate": 0.001, "slots": 4},
    "transfer.bits": 14, "cost.unit": 5e-3,
}  # fmt: skip
EXTERNAL = load(str(files("ohmgrad.examples") / "external.toml")).with_(**LOOP)
DIGITAL = {"update.path": "digital", "device": None, "fast": None, "transfer": None, "update.eta": 0.002}
ROWS, LINES = (4, 2), (5, 3)
BOUND = 20


def cells(vector):
    """Pulses of all cells of both groups: products of a row's and a line's, in their order."""
    rows, lines = np.split(vector, [sum(ROWS)])
    pairs = zip(np.split(rows, [ROWS[0]]), np.split(lines, [LINES[0]]), strict=True)
    return np.concatenate([np.outer(u, v).ravel() for u, v in pairs])


def columns(values, scan):
    """A column of each group, one after the other with every scan."""
    first, second = values[:20].reshape(4, 5), values[20:].reshape(2, 3)
    return np.concatenate([first[:, scan % 5], second[:, scan % 3]])


class Arrays:
    """A with soft bounds and C with constant steps, and a bowl whose cost is the distance of C's codes from others."""

    def __init__(self, chip):
        self.chip, self.engine, self.state = chip, RecordedEngine(chip), RecordedEngine(chip).initial()
        self.goal = np.random.default_rng(3).integers(-300, 301, 26)
        self.fast, self.slow, self.step = np.zeros(26), np.zeros(26, int), 0

    def __call__(self):
        """A step: totals, trace, readings and S of rail 0."""
        moved = self.chip.crossbar.amplitude * self.engine.perturbations(self.step)
        both = np.array([[min(65535, int(((self.slow + p * moved - self.goal) ** 2).sum() // 60)) for p in (1, -1)]])
        ahead = RecordedEngine(self.chip)  # trains do not wait for readings
        sent = ahead.run(self.state.copy(), both, sent=True, readings=np.zeros((1, 6), int)).sent[0]
        for pulses in map(cells, sent.reshape(5, 14)[:4]):
            self.fast += pulses - abs(pulses) * self.fast / BOUND
        readings = np.rint(columns(self.fast, self.step)).astype(int)[None]
        trace = self.engine.run(self.state, both, sent=True, readings=readings)
        np.testing.assert_array_equal(trace.sent[0, :56], sent[:56])
        self.slow += 8 * cells(trace.sent[0, 56:])
        self.step += 1
        return both, trace, readings


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A trace of 700 steps, its chip, and S."""
    path, chip = tmp_path_factory.mktemp("trace") / "trace.npz", Chip(EXTERNAL)
    arrays, costs = Arrays(chip), []
    with Recorder(path, chip, arrays.state, sent=True) as recorder:
        for step in range(700):
            both, trace, readings = arrays()
            costs.append(both[0, 0])
            state = arrays.state if step % 100 == 99 else None
            recorder.write(both, trace.cost, trace.sent, state, readings=readings)
    return path, chip, costs


def test_a_bowl_outside_is_learned(recorded):
    _, _, costs = recorded
    assert np.mean(costs[-20:]) < np.mean(costs[:20]) / 10


def test_every_pulse_is_compared(recorded):
    path, chip, _ = recorded
    found = replay(path, chip)
    kept = sum(memory.words for memory in memories(chip) if memory.field)
    assert found == (700, 700 * (1 + 5 * 14) + 7 * (kept + 1))
    assert not {"theta", "a", "reference"} & {memory.field for memory in memories(chip)}


@pytest.mark.parametrize(
    "entry, place, bit, sentence",
    [
        ("3/sent", 40 * 70 + 2 * 14 + 6, 1, "step 340, block pulses, word pulse 6 of slot 2: the trace has "),
        ("5/sent", 7 * 70 + 4 * 14 + 13, 0, "step 507, block transfer_vector, word pulse 13: the trace has "),
        ("6/readings", 99 * 6 + 1, 4, "step 699, block transfer_vector, word pulse 1: the trace has 0, and golden"),
        ("2/h", 9, 2, "step 299, block tiki_taka, word H 9: the trace has "),
    ],
)
def test_one_flipped_bit_is_found(recorded, tmp_path, entry, place, bit, sentence):
    path, chip, _ = recorded
    with pytest.raises(Difference, match=f"^{sentence}"):
        replay(altered(path, tmp_path / "altered.npz", entry, place, bit), chip)


def test_a_trace_has_the_readings_of_each_step():
    chip = Chip(EXTERNAL)
    assert bits_a_step(chip, sent=True) - bits_a_step(chip) == 8 * 5 * 14
    assert bits_a_step(chip) - bits_a_step(Chip(EXTERNAL.with_(**DIGITAL))) == 16 * (4 + 2)


@pytest.mark.parametrize("readings", [None, np.zeros((2, 8), int)], ids=["none", "of rows"])
def test_without_readings_golden_has_no_filter(readings):
    engine = RecordedEngine(Chip(EXTERNAL))
    with pytest.raises(ValueError, match=r"^The readings of lines have shape \(.*\); a run of 2 steps takes"):
        engine.run(engine.initial(), np.zeros((2, 2), int), readings=readings)


@pytest.mark.parametrize("rails, port", [(2, ArrayPort), (1, RailPort)])
def test_the_port_has_them(rails, port):
    rows = {line.split()[0] for line in port.__doc__.splitlines() if line.startswith("    ") and line.split()}
    members = port(Chip(EXTERNAL.with_(**{"array.rails": rails}))).members
    assert {"pulse", "train", "read", "reading", "enable"} <= {*members} <= rows
    assert not any(name.startswith("host_") for name in members)


def test_codes_of_single_parameters_have_no_vectors():
    with pytest.raises(ConfigError, match='"weight" with code = "random" does not go with update.path = "tiki-taka"'):
        EXTERNAL.with_(**{"perturbation.code": "random"})
