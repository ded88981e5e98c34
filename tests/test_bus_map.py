"""Where registers and memories stand on a bus: apart from each other, sized to the chip, inside 32 bits."""

from importlib.resources import files

import pytest

from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.chip.memories import memories
from ohmgrad.golden.chip.memory_map import Region, Register
from ohmgrad.golden.link.bus_map import MEMORIES, OWN, WORD, Access, bus_map

EXAMPLES = sorted(path.name for path in files("ohmgrad.examples").iterdir() if path.name.endswith(".toml"))


def example(name, **overrides):
    return Chip(load(str(files("ohmgrad.examples") / name)).with_(**overrides))


@pytest.mark.parametrize("name", EXAMPLES)
def test_nothing_stands_on_anything_else(name):
    chip = example(name)
    map_ = bus_map(chip)
    assert map_.bits <= 32
    assert {item.memory.name for item in map_.ranges} == {m.name for m in memories(chip) if m.region is not None}
    ends = MEMORIES
    for item in map_.ranges:
        assert item.base >= ends and item.base % item.size == 0
        assert WORD * item.memory.words <= item.size < 2 * WORD * max(1, item.memory.words)
        ends = item.base + item.size
    assert ends <= 1 << map_.bits
    places = [entry.address for entry in map_.registers]
    assert sorted(set(places)) == sorted(places) and max(places) < MEMORIES
    native = [entry for entry in map_.registers if entry.address < OWN]
    assert all(entry.address == WORD * Register[entry.name] for entry in native)


def test_the_largest_chip_fits():
    keys = {"parameters.count": 2**20, "update.momentum": 0.5, "update.eta": 1e-4}
    assert bus_map(example("external.toml", **keys)).bits <= 32


def test_what_a_chip_has_not_is_not_there():
    plain, rich = (
        {entry.name for entry in bus_map(example("xor.toml", **keys)).registers}
        for keys in ({}, {"cost.mode": "analog", "perturbation.tau_x": 4, "data.order": "cyclic"})
    )
    assert rich - plain == {"SAMPLE_INDEX", "MEMORY_0_LOW", "MEMORY_0_HIGH", "MEMORY_1_LOW", "MEMORY_1_HIGH"}
    assert "PULSES" not in plain and "BRING_UP" not in plain


def test_samples_are_written_only():
    (samples,) = (item for item in bus_map(example("xor.toml")).ranges if item.memory.region == Region.SAMPLES)
    assert samples.access == Access.WRITE
