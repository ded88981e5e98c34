"""The cursor walks through `golden.blocks.lib.layout.Layout.cursor`, and a lane memory keeps what was written."""

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run
from ohmgrad.cocotb_tests.streams import pack, unpack
from ohmgrad.golden.blocks.lib.layout import Layout
from ohmgrad.rtl.lib.layout import Cursor, LaneMemory, lane_words

LAYERS = [
    (1, 1), (2, 1), (3, 1), (3, 2), (1, 4, 1), (2, 2, 1), (3, 3, 3), (15, 4), (16, 3), (17, 2, 5), (30, 3, 2), (1, 40),
    (2, 1, 1, 1, 9), (49, 4, 4), (64, 16, 10), (100, 1),
]  # fmt: skip
CURSORS = {
    f"cursor{lanes}_{'_'.join(map(str, layers))}": Layout(layers, lanes) for lanes in (1, 4, 16) for layers in LAYERS
}
# Layers, lanes, bits of an entry.
MEMORIES = {
    "memory1": ((2, 2, 1), 1, 12),
    "memory4_one_word": ((2, 1), 4, 4),
    "memory4": ((3, 2, 2), 4, 32),
    "memory16_multiple": ((7, 4), 16, 9),
    "memory16": ((7, 5, 3), 16, 18),
}
SWEEPS = 3
CLOCKS = 500


def make(name: str) -> Cursor | LaneMemory:
    """The component of one configuration."""
    if name in CURSORS:
        return Cursor(CURSORS[name])
    layers, lanes, bits = MEMORIES[name]
    return LaneMemory(Layout(layers, lanes), bits)


def test_layout():
    run(__file__, make, [*CURSORS, *MEMORIES])


@cocotb.test()
@over(CURSORS)
async def walks(dut, name):
    layout = CURSORS[name]
    bench = Bench(dut, name, make(name))
    following = bench.signal("next")
    fields = {f: bench.signal(f) for f in ("layer", "base", "close", "carry", "advance", "closes_layer", "end")}
    signed = ("base", "end")
    edge = RisingEdge(dut.clk)
    await bench.start()
    for sweep in range(SWEEPS):
        row = 0
        for number, operation in enumerate(layout.cursor()):
            following.value = 0
            while bench.rng.random() < 0.3 * sweep:
                await edge
            following.value = 1
            await edge
            expected = operation._asdict()
            del expected["word"]
            row += operation.close
            expected["closes_layer"] = operation.close and row == layout.rows[operation.layer]
            if operation.close:
                expected["end"] = layout.columns[operation.layer] - 1 - operation.base
            row *= not expected["closes_layer"]
            for field, value in expected.items():
                got = fields[field].value
                got = got.to_signed() if field in signed else int(got)
                check(f"{name} sweep {sweep} {field}", number, int(value), got)
    following.value = 0


@cocotb.test()
@over(MEMORIES)
async def remembers(dut, name):
    """Reads and writes at once, at the same word among others; then through the host port."""
    block = make(name)
    layout, bits = block.layout, block.bits
    bench = Bench(dut, name, block)
    rng, host, edge = bench.rng, bench.host(), RisingEdge(dut.clk)
    members = ("read", "read_word", "write", "write_word", "data", "value")
    read, read_word, write, write_word, data, value = map(bench.signal, members)
    shape = lane_words(bits, layout.lanes)
    await bench.start()
    memory = extremes(rng, bits, (layout.words, layout.lanes))
    await host.write(memory.ravel())
    shown = None
    for clock in range(CLOCKS):
        source, target = (int(word) for word in rng.integers(layout.words, size=2))
        row = extremes(rng, bits, layout.lanes)
        reading, writing = (int(strobe) for strobe in rng.integers(2, size=2))
        read.value, read_word.value = reading, source
        write.value, write_word.value, data.value = writing, target, pack(shape, row)
        await edge
        if shown is not None:
            check(f"{name} value", clock, shown, unpack(shape, int(value.value)))
        if reading:  # what is written in this clock comes inverted, as the bits that it had
            shown = ~memory[source] if writing and source == target else memory[source].copy()
        if writing:
            memory[target] = row
    write.value = 0
    await edge
    check(f"{name} host", CLOCKS, memory, await host.read(memory.size))
    lane = int(rng.integers(memory.size))
    await host.write([1], first=lane)
    memory.ravel()[lane] = 1
    check(f"{name} host", CLOCKS + 1, memory, await host.read(memory.size))
    assert np.unique(memory).size > 2
