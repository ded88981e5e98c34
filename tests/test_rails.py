"""One rail after the other: codes of DACs by their equation, what golden shows of them, and what is refused."""

from fractions import Fraction
from importlib.resources import files
from math import floor

import numpy as np
import pytest

from ohmgrad.golden.blocks.array.rails import GAIN_BITS, OneRail, shown
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import ConfigError, load
from ohmgrad.golden.recorded import RecordedEngine
from ohmgrad.golden.state import FLAGS
from ohmgrad.rtl.array.rails_port import RailPort

EXTERNAL = load(str(files("ohmgrad.examples") / "external.toml")).with_(**{"array.rails": 1, "parameters.count": 40})
NETWORK = load(str(files("ohmgrad.examples") / "xor.toml")).with_(**{"array.kind": "external", "array.rails": 1})
FILTERED = {"update.path": "filtered", "update.eta": 0.02, "device": {"states": 100}}


def exact(rail, polarity, weight, sign, gain, offset):
    """A code, and whether it saturated, in rational numbers; halves away from zero."""
    code = weight + polarity * rail.amplitude * sign
    size = abs(Fraction(code * gain, 2**15))
    full = code + floor(size + Fraction(1, 2)) * (1 if code * gain > 0 else -1) + offset
    bound = 2 ** (rail.dac_bits - 1) - 1
    return max(-bound, min(bound, full)), abs(full) > bound


@pytest.mark.parametrize("bits", [2, 12, 16])
def test_codes_are_their_equation(bits):
    rng = np.random.default_rng(bits)
    rail = OneRail(bits, max(1, 1 << bits - 4) if bits > 4 else 1, 2, -1, 16, False, trim=True)
    half, most = 1 << bits - 1, 1 << GAIN_BITS - 1
    weights, offsets = rng.integers(-half, half, (2, 300), dtype=np.int32)
    gains, signs = rng.integers(-most, most, 300, dtype=np.int32), rng.integers(-1, 2, 300, dtype=np.int32)
    weights[:4], gains[:4] = [-half, half - 1, -half, 1], [-most, most - 1, most - 1, most // 2]
    for polarity in (1, 0, -1):
        entries = [weights, signs, gains, offsets]
        expected = [exact(rail, polarity, *map(int, entry)) for entry in zip(*entries, strict=True)]
        codes, over = shown(rail, polarity, *entries)
        np.testing.assert_array_equal(codes, [code for code, _ in expected])
        assert over == any(flag for _, flag in expected)
        inside = np.array([not flag for _, flag in expected])
        assert shown(rail, polarity, *(entry[inside] for entry in entries))[1] is False


def test_no_tables_leave_codes_as_they_are():
    rng = np.random.default_rng(1)
    rail = OneRail(12, 20, 2, -1, 16, False, trim=True)
    weights, signs = rng.integers(-2000, 2000, 50, dtype=np.int32), rng.integers(-1, 2, 50, dtype=np.int32)
    np.testing.assert_array_equal(shown(rail, -1, weights, signs)[0], weights - 20 * signs)


@pytest.mark.parametrize("mode", ["antithetic", "forward"])
def test_golden_raises_the_flag_at_the_step_whose_code_saturates(mode):
    """Weights at rest, one a step of the amplitude below full scale: only +a s can reach beyond it."""
    refresh = 1000 if mode == "forward" else None
    chip = Chip(EXTERNAL.with_(**{"cost.mode": mode, "cost.refresh": refresh, "update.eta": 1e-6}))
    engine = RecordedEngine(chip)
    place = int(np.argmin(engine.perturbations(0)))  # at first only w - a s is beyond it
    signs = np.array([engine.perturbations(step)[place] for step in range(30)])
    first = int(np.flatnonzero(signs > 0)[0]) if mode == "forward" else 0
    state = engine.initial()
    state.theta[:] = 0
    state.theta[place] = (2047 - 5) << chip.crossbar.drop
    flags = []
    for _ in range(30):
        codes = engine.codes(state)[0][place]
        engine.run(state, np.zeros((1, 2), np.int64))
        flags.append(state.flags >> FLAGS.index("parameter") & 1)
        assert codes == min(2047, 2042 + chip.crossbar.amplitude * signs[len(flags) - 1])
    assert flags == [step >= first for step in range(30)]


def test_in_pieces_golden_raises_the_flags_of_a_whole_run():
    engine = RecordedEngine(Chip(EXTERNAL.with_(**{"array.trim": True, "cost.mode": "forward", "weights.init": 1.9})))
    totals = np.random.default_rng(1).integers(0, 65536, (40, 2))
    whole, cut = engine.initial(), engine.initial()
    for state in (whole, cut):
        state.gain[::3], state.offset[::5] = 900, -40
    engine.run(whole, totals)
    for first in range(0, 40, 7):
        engine.run(cut, totals[first : first + 7])
    assert whole.flags == cut.flags
    np.testing.assert_array_equal(whole.theta, cut.theta)


def test_traces_have_the_codes_that_were_shown():
    engine = RecordedEngine(Chip(EXTERNAL))
    state = engine.initial()
    expected = engine.codes(state)[0].copy()
    sent = engine.run(state, np.zeros((1, 2), np.int64), sent=True).sent[0]
    np.testing.assert_array_equal(sent, expected)


def test_the_sum_of_readings_is_what_the_engine_sees():
    """So its words are wider, and one LSB is less of C."""
    chip, single = (Chip(EXTERNAL.with_(**{"array.readings": readings})) for readings in (8, 1))
    assert chip.cost.word.bits == single.cost.word.bits + 3 == 19
    assert chip.cost.word.unit == single.cost.word.unit / 8
    assert chip.gradient_unit == single.gradient_unit / 8


@pytest.mark.parametrize("overrides", [{}, {"array.trim": True}, FILTERED], ids=["digital", "trim", "filtered"])
def test_every_member_has_its_place_in_the_interface_document(overrides):
    rows = {line.split()[0] for line in RailPort.__doc__.splitlines() if line.startswith("    ") and line.split()}
    members = RailPort(Chip(EXTERNAL.with_(**overrides))).members
    assert {*members, *RailPort(Chip(NETWORK)).members} <= rows
    assert ("sign" in members) == bool(overrides == FILTERED) != ("code" in members)


@pytest.mark.parametrize(
    "overrides, sentence",
    [
        ({"array.rails": 3}, "array.rails: 3 is not one of the choices; allowed are 1, 2."),
        ({"array.readings": 3}, "array.readings: 3 is not one of the choices; allowed are 1, 2, 4, 8, 16."),
        (
            {"array.rails": 2, "array.readings": 4},
            "array.readings: 4 has no use with rails = 2; it is allowed with rails = 1.",
        ),
        (
            {"array.rails": None, "array.trim": True},
            "array.trim: true has no use with rails = 2; it is allowed with rails = 1.",
        ),
        (
            {"cost.word_bits": 22, "array.readings": 8},
            "array.readings: 8 with cost.word_bits = 22 makes sums of 25 bits, more than 24; "
            "allowed are powers of two up to 4.",
        ),
        (
            {**FILTERED, "array.trim": True},
            'array.trim: true is for codes of DACs, and with update.path = "filtered" weights are states of devices; '
            "allowed is false.",
        ),
    ],
)
def test_what_one_rail_has_not_is_refused(overrides, sentence):
    with pytest.raises(ConfigError) as error:
        EXTERNAL.with_(**overrides)
    assert str(error.value) == f"external: {sentence}"


def test_emulated_arrays_have_two_rails():
    with pytest.raises(ConfigError) as error:
        NETWORK.with_(**{"array.kind": "emulated"})
    sentence = '1 has no use with array.kind = "emulated", which has two rails; allowed is 2.'
    assert str(error.value) == f"xor: array.rails: {sentence}"


@pytest.mark.parametrize(
    "overrides, sentence",
    [
        (
            {"array.readings": 2},
            'array.readings: 2 sums up costs, and with cost.source = "outputs" codes of neurons come back; allowed is '
            "1, and cost.average for means of several readings.",
        ),
        (
            {"perturbation.method": "node", "cost.mode": "forward"},
            'perturbation.method: "node" takes line codes of the last sweep, which with array.rails = 1 and cost.mode '
            '= "forward" may be of the perturbed rail; allowed is "weight", or cost.mode = "antithetic".',
        ),
    ],
)
def test_what_a_network_with_one_rail_has_not_is_refused(overrides, sentence):
    with pytest.raises(ConfigError) as error:
        NETWORK.with_(**overrides)
    assert str(error.value) == f"xor: {sentence}"


def test_networks_have_neurons_at_the_port_in_place_of_a_cost():
    one, cost = RailPort(Chip(NETWORK)).members, RailPort(Chip(EXTERNAL)).members
    assert {*one} - {*cost} == {"line", "hidden", "adc"}
    assert {*cost} - {*one} == {"sample", "cost"}
