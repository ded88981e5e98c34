"""Traces of runs are replayed word for word; one bit that is wrong is found, with its step, block and word.

The arrays are functions of this file, of which the engine knows nothing.
"""

import re
import zipfile
from importlib.resources import files

import numpy as np
import pytest
from typer.testing import CliRunner

from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.engine import Engine
from ohmgrad.golden.recorded import RecordedEngine
from ohmgrad.golden.recording import Recorder, TraceError, bits_a_step
from ohmgrad.golden.replay import Difference, replay
from ohmgrad.scripts.cli import app

EXAMPLES = files("ohmgrad.examples")
EXTERNAL = load(str(EXAMPLES / "external.toml"))
FILTERED = {"update.path": "filtered", "update.eta": 0.02, "device": {"states": 100}, "perturbation.tau_theta": 2}
LOOP = {"update.path": "tiki-taka", "perturbation.code": "rank-one", "fast": {"zero_shift": 100}, "update.eta": 0.1}


def record(path, chip, steps, each=50, cut=False):
    """A trace of an engine on a bowl, whose cost is the distance of its codes from others."""
    engine = RecordedEngine(chip)
    state, rng = engine.initial(), np.random.default_rng(3)
    goal = rng.integers(-400, 401, chip.layout.parameters)
    weights = np.zeros(chip.layout.parameters, np.int64)  # of devices outside: a pulse is a step of 8
    try:
        with Recorder(path, chip, state, sent=True) as recorder:
            for n in range(steps):
                now = state.theta >> chip.crossbar.drop if "theta" in state.arrays else weights
                moved = chip.crossbar.amplitude * engine.perturbations(n)
                both = [[min(65535, int(((now + p * moved - goal) ** 2).sum() // 2000)) for p in (1, -1)]]
                trace = engine.run(state, np.array(both), sent=True)
                weights += 8 * trace.sent[0]
                recorder.write(both, trace.cost, trace.sent, state if n % each == each - 1 else None)
                if cut and n == steps - 10:
                    raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    return state


@pytest.fixture(scope="module")
def million(tmp_path_factory):
    """A trace of a million words, and its chip."""
    path = tmp_path_factory.mktemp("trace") / "trace.npz"
    record(path, Chip(EXTERNAL), 3400)
    return path


def altered(path, to, name, place, bit):
    """A copy of a trace in which one bit of an entry is another, with the checksum that goes with it."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w") as new:
        for entry in old.infolist():
            content = bytearray(old.read(entry))
            if entry.filename == f"{name}.npy":
                array = np.load(old.open(entry))
                start = len(content) - array.nbytes
                content[start + place * array.itemsize] ^= 1 << bit
            new.writestr(entry.filename, bytes(content))
    return to


def test_a_million_words_are_equal(million):
    found = replay(million, Chip(EXTERNAL))
    assert found.steps == 3400 and found.words > 10**6


@pytest.mark.parametrize(
    "entry, place, bit, sentence",
    [
        ("0/sent", 17 * 300 + 4, 0, "step 17, block optimizer, word weight 4: "),
        ("30/cost", 33, 3, "step 1533, block cost unit, word C~: "),
        ("40/totals", 2 * 20 + 1, 0, "step 2020, block cost unit, word C~: "),
        ("67/theta", 299, 0, "step 3399, block optimizer, word theta 299: "),
        ("20/g", 8, 1, "step 1049, block correlator, word G 8: "),
        ("20/flags", 0, 1, "step 1049, block engine, word flags: the trace has 2, and golden makes 0 of its costs."),
    ],
)
def test_one_flipped_bit_is_found(million, tmp_path, entry, place, bit, sentence):
    with pytest.raises(Difference, match=f"^{re.escape(sentence)}"):
        replay(altered(million, tmp_path / "altered.npz", entry, place, bit), Chip(EXTERNAL))


def test_of_devices_outside_every_pulse_is_compared(tmp_path):
    chip = Chip(EXTERNAL.with_(**FILTERED))
    state = record(tmp_path / "trace.npz", chip, 200)
    assert "theta" not in state.arrays
    assert replay(tmp_path / "trace.npz", chip).steps == 200
    with np.load(tmp_path / "trace.npz") as trace:
        sent = np.concatenate([trace[f"{k}/sent"] for k in range(4)])
    assert not sent[::2].any() and set(np.unique(sent)) == {-1, 0, 1}
    k, step = 2, 101
    place = int(np.flatnonzero(sent[step])[0])
    path = altered(tmp_path / "trace.npz", tmp_path / "altered.npz", f"{k}/sent", (step - 50 * k) * 300 + place, 1)
    with pytest.raises(Difference, match=f"^step {step}, block filter, word pulse {place}: "):
        replay(path, chip)


@pytest.mark.parametrize("overrides", [{}, LOOP], ids=["filtered", "tiki-taka"])
def test_an_emulated_chip_is_replayed_from_its_costs_alone(tmp_path, overrides):
    """The engine's own words, and what pulses make of emulated devices, follow from S; so golden's own runs are such
    traces too.
    """
    chip = Chip(load(str(EXAMPLES / "xor_filtered.toml")).with_(**overrides))
    from ohmgrad.golden.data import datasets

    data = chip.config.dataset
    engine = Engine(chip, datasets.load(data.set, data.train, data.test, chip.config.seed))
    state = engine.initial()
    with Recorder(tmp_path / "trace.npz", chip, state) as recorder:
        for _ in range(4):
            trace = engine.trace(state, 250)
            recorder.write(trace.sums << chip.sequencer.average, trace.cost, state=state)
    assert replay(tmp_path / "trace.npz", chip) == (1000, 4 * (250 + sum(a.size for a in state.arrays.values()) + 1))


def test_a_trace_that_was_cut_ends_in_a_sentence(million, tmp_path):
    chip = Chip(EXTERNAL)
    record(tmp_path / "stopped.npz", chip, 100, each=20, cut=True)
    with pytest.raises(TraceError, match="stopped.npz: the trace was cut at step 91; allowed is a whole one.$"):
        replay(tmp_path / "stopped.npz", chip)
    (tmp_path / "half.npz").write_bytes(million.read_bytes()[: million.stat().st_size // 2])
    with pytest.raises(TraceError, match="half.npz: no trace, or one whose recorder was killed before"):
        replay(tmp_path / "half.npz", chip)
    content = bytearray(million.read_bytes())
    content[len(content) // 2] ^= 4
    (tmp_path / "altered.npz").write_bytes(content)
    with pytest.raises(TraceError, match=r"altered.npz: the piece from step \d+ is damaged \(.*CRC"):
        replay(tmp_path / "altered.npz", chip)


def test_a_trace_of_another_chip_is_refused(million):
    with pytest.raises(TraceError, match="the trace is of another chip \\(external\\), or of external before its"):
        replay(million, Chip(EXTERNAL.with_seed(2)))


def test_what_a_trace_takes_is_stated(million):
    with np.load(million) as trace:
        stored = sum(trace[f"0/{name}"].nbytes for name in ("totals", "cost", "sent"))
    assert bits_a_step(Chip(EXTERNAL), sent=True) == 8 * stored / 50 == 32 + 64 + 300 * 16


def test_the_command_says_what_it_found(million, tmp_path):
    chip = str(EXAMPLES / "external.toml")
    done = CliRunner().invoke(app, ["replay", str(million), chip])
    assert done.exit_code == 0 and "3,400 steps, 1,0" in done.stdout
    broken = altered(million, tmp_path / "broken.npz", "0/sent", 5, 2)
    done = CliRunner().invoke(app, ["replay", str(broken), chip])
    assert done.exit_code == 1 and "ohmgrad: step 0, block optimizer, word weight 5: the trace has" in done.output
