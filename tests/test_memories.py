"""The table of memories says what golden, RTL and host have, and nothing else does."""

import re

import pytest

from ohmgrad.golden.chip.memories import memories
from ohmgrad.golden.chip.memory_map import ADDRESS_BITS, INDEX_BITS, Region, Register, address
from ohmgrad.golden.link.frames import sizes
from ohmgrad.rtl.top import Top, verilog

from .chips import FILTERED, LOOP, engine, engine_members, small
from .verilog_modules import module_at

MEANS = {"transfer.chopper": 0.1, "transfer.means": 2, "transfer.fraction": 1, "average": {}, "engine.lanes": 4}
CHIPS = {
    "digital": ({}, "theta g memory"),
    "momentum": ({"update.momentum": 0.9, "update.eta": 0.004, "array.latency": 3}, "theta g m memory pending"),
    "replay": ({"engine.window": 4, "engine.gradient": "replay"}, "theta memory"),
    "filtered": ({**FILTERED, "engine.lanes": 16}, "theta g h memory"),
    "tiki-taka": (LOOP, "theta h a reference cursor memory"),
    "means": ({**LOOP, **MEANS}, "theta h a reference mean past chopper cursor memory average"),
    "low-pass": ({"defects.bandwidth": 2.0}, "theta g memory"),
}


@pytest.fixture(params=CHIPS)
def case(request):
    overrides, fields = CHIPS[request.param]
    return small(**overrides), set(fields.split())


def test_names_regions_and_symbols_are_each_one_memory(case):
    table = memories(case[0])
    for what in ("name", "symbol"):
        assert len({getattr(memory, what) for memory in table}) == len(table)
    regions = [memory.region for memory in table if memory.region is not None]
    assert len({*regions}) == len(regions) and not {Region.REGISTERS, Region.LINK} & {*regions}
    assert all(region.name.lower() == memory.name for memory in table if (region := memory.region) is not None)


def test_golden_has_these_arrays(case):
    chip, fields = case
    state = engine(chip).initial()
    assert state.arrays.keys() == fields == {memory.field for memory in memories(chip) if memory.restorable}
    for memory in state.memories:
        words = state.arrays[memory.field]
        assert (words.shape, words.dtype) == ((memory.entries,), memory.dtype), memory.name
        assert abs(words).max(initial=0) <= memory.bound < 2**63


def test_golden_stays_within_the_bounds(case):
    learner = engine(case[0])
    state = learner.initial()
    learner.run(state, 300)
    for memory in state.memories:
        assert abs(state.arrays[memory.field]).max(initial=0) <= memory.bound, memory.name


def test_the_host_is_answered_of_these(case):
    chip = case[0]
    found = {memory.region: memory.words for memory in memories(chip) if memory.region is not None}
    assert sizes(chip) == found | {Region.REGISTERS: len(Register), Region.LINK: 6}
    ports = {name for name in engine_members(chip) if name.startswith("host_")}
    assert ports == {memory.port for memory in memories(chip) if memory.region is not None}
    assert all(words <= 1 << INDEX_BITS for words in found.values())


@pytest.mark.parametrize("name", ["momentum", "means"])
def test_they_stand_in_the_verilog_where_the_table_says(name):
    chip = small(**CHIPS[name][0])
    text = verilog(Top(chip))
    for memory in (memory for memory in memories(chip) if memory.lanes):
        module = module_at(text, ["chip", *memory.path.split(".")])
        rams = re.findall(r"ohmgrad_ram #\((.*?)\)\s+(lane\d+) \(", module, re.S)
        assert sorted(lane for _, lane in rams) == sorted(f"lane{k}" for k in range(memory.lanes)), memory.name
        for settings, _ in rams:
            width, depth = (int(re.search(rf"{key}\(32'd(\d+)\)", settings)[1]) for key in ("WIDTH", "DEPTH"))
            assert (width, depth) == (memory.bits, memory.depth), memory.name


def test_addresses_fill_the_words_of_the_link():
    assert ADDRESS_BITS == 32 and INDEX_BITS == 24
    assert address(Region.LINK, 5) == 0x0F000005, "where hosts of the first version look for a board's version"
    assert max(Region) < 1 << (ADDRESS_BITS - INDEX_BITS)
