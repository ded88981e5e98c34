"""The port towards the array: what is in it for each path, its strobes, and that any array that has it will do."""

import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, connect, flipped
from amaranth.sim import Simulator as Clocks

from ohmgrad.fpga.host.golden import compare
from ohmgrad.fpga.simulation.simulator import Simulator
from ohmgrad.fpga.simulation.verilate import QUICK
from ohmgrad.golden.chip.memories import memories
from ohmgrad.rtl.array.emulated import EmulatedArray
from ohmgrad.rtl.array.port import ArrayPort
from ohmgrad.rtl.engine import Engine
from ohmgrad.rtl.lib.streams import decouple
from ohmgrad.rtl.top import Top, verilog

from .chips import FILTERED, LOOP, engine, small

ANY = {"line", "hidden", "sign", "adc", "settle", "convert", "busy", "saturated"}
PATHS = {
    "digital": ({}, {"weight"}),
    "filtered": (FILTERED, {"pulses", "transfer", "host_theta"}),
    "tiki-taka": (LOOP, {"pulse", "train", "read", "reading", "host_theta", "host_fast", "host_reference"}),
    "average": ({"average": {}}, {"weight", "average", "host_average"}),
}


@pytest.mark.parametrize(("overrides", "own"), PATHS.values(), ids=PATHS)
def test_members(overrides, own):
    assert {*ArrayPort(small(**overrides)).members} == ANY | own


@pytest.mark.parametrize("overrides", [overrides for overrides, _ in PATHS.values()], ids=PATHS)
def test_every_member_has_its_place_in_the_interface_document(overrides):
    rows = {line.split()[0] for line in ArrayPort.__doc__.splitlines() if line.startswith("    ") and line.split()}
    members = ArrayPort(small(**overrides)).members
    assert {name for name in members if not name.startswith("host_")} <= rows and "host_<name>" in rows


@pytest.mark.parametrize("settle", [0, 5])
def test_strobes_of_settling_and_conversion(settle):
    """Of a first sweep that no array answers: it settles so long, and its conversions may be taken, once."""
    block = Engine(small(**{"engine.settle": settle, "engine.settings": "constants", "engine.calibration": False}))
    seen = []

    async def bench(clock):
        for name in ("sign", "line", "hidden", "weight"):
            clock.set(getattr(block.array, name).ready, 1)
        clock.set(block.target, 3)
        await clock.tick()
        clock.set(block.start, 1)
        await clock.tick()
        clock.set(block.start, 0)
        for _ in range(80):
            await clock.tick()
            seen.append((clock.get(block.array.settle), clock.get(block.array.convert)))

    clocks = Clocks(block)
    clocks.add_clock(1e-8)
    clocks.add_testbench(bench)
    clocks.run()
    converts = [k for k, (_, convert) in enumerate(seen) if convert]
    assert len(converts) == 1
    assert [k for k, (settling, _) in enumerate(seen) if settling] == list(range(converts[0] - settle, converts[0]))


class Distant(Component):
    """An array behind registers both ways on every stream towards it: it is not the one that the chip emulates."""

    def __init__(self, chip):
        self.chip = chip
        super().__init__({"array": In(ArrayPort(chip))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.inner = inner = EmulatedArray(self.chip)
        for name in ("line", "hidden", "sign", *self.chip.path.streams):
            decouple(m, getattr(self.array, name), getattr(inner.array, name))
        decouple(m, inner.array.adc, self.array.adc)
        m.d.comb += [self.array.busy.eq(inner.array.busy), self.array.saturated.eq(inner.array.saturated)]
        for memory in memories(self.chip):
            if memory.owner == "array":
                connect(m, flipped(getattr(self.array, memory.port)), getattr(inner.array, memory.port))
        return m


def test_any_array_with_the_port_will_do(tmp_path):
    learner = engine(small(**FILTERED))
    state = learner.initial()
    host = Simulator(learner.chip, verilog(Top(learner.chip, Distant(learner.chip))), tmp_path, QUICK)
    host.load(state, learner.inputs, learner.targets)
    host.run(200)
    learner.run(state, 200)
    compare(state, host.state())
