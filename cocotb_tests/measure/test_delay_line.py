"""The delay line delays costs as `golden.blocks.measure.delay_line` does, forgets them when it is cleared, and
shows them to the host.
"""

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, RisingEdge

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run
from ohmgrad.golden.blocks.measure.delay_line import arrive
from ohmgrad.rtl.measure.delay_line import DelayLine

# Latency, bits.
GRID = {"one": (1, 20), "five": (5, 4), "longest": (15, 31)}
STEPS = 100


def make(name: str) -> DelayLine:
    """The block of one configuration."""
    return DelayLine(*GRID[name])


def test_delay_line():
    run(__file__, make, GRID)


@cocotb.test()
@over(GRID)
async def costs_arrive_late(dut, name):
    latency, bits = GRID[name]
    bench = Bench(dut, name, make(name))
    edge, falling, rng = RisingEdge(dut.clk), FallingEdge(dut.clk), bench.rng
    cost, delayed, at, write, clear = map(bench.signal, ("cost", "delayed", "step", "write", "clear"))
    for port in (write, clear, bench.signal("host.select"), bench.signal("host.write")):
        port.value = 0
    await bench.start()
    host = bench.host()
    for batch, first in enumerate((0, 1000)):
        costs = dict.fromkeys(range(first - 16, first), 0)
        if batch == 0:
            costs |= {step: int(value) for step, value in zip(costs, extremes(rng, bits, 16), strict=True)}
            await host.write([costs[first - 16 + (k - first) % 16] for k in range(16)])
        else:
            clear.value = 1
            await edge
            clear.value = 0
        pending = np.zeros(latency, np.int32)
        for step in range(first - latency, first):
            arrive(pending, step, costs[step])
        for step in range(first, first + STEPS):
            costs[step] = int(extremes(rng, bits))
            cost.value, at.value = costs[step], step % 16
            write.value = 0
            while rng.random() < 0.3:
                await edge
            await falling
            check(f"delay line {name}", step, costs[step - latency], delayed.value.to_signed())
            arrived = arrive(pending, step, costs[step])
            check(f"golden.blocks.measure.delay_line {name}", step, costs[step - latency], arrived)
            write.value = 1
            await edge
            write.value = 0
        end = first + STEPS
        kept = [costs[end - 16 + (k - end) % 16] for k in range(16)]
        check(f"delay line {name} host", end, kept, await host.read(16))
