"""The cost unit's S and C~ follow the equations, saturation included, and so does `golden.cost`."""

import cocotb
import numpy as np
from cocotb.triggers import gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run, words
from ohmgrad.golden.cost import ANTITHETIC, FORWARD, L1, MSE, Cost, difference, error
from ohmgrad.golden.memory_map import SAMPLE_WORD, record_words
from ohmgrad.rtl.cost import CostUnit

# Function, mode, bits of C~, bits of outputs and targets, outputs.
GRID = {
    "mse": (MSE, FORWARD, 20, 10, 4),
    "mse_antithetic": (MSE, ANTITHETIC, 20, 10, 4),
    "mse_one": (MSE, ANTITHETIC, 8, 6, 1),
    "mse_two_words": (MSE, FORWARD, 24, 10, 10),
    "mse_widest": (MSE, ANTITHETIC, 31, 14, 3),
    "mse_narrow": (MSE, ANTITHETIC, 4, 2, 9),
    "l1": (L1, ANTITHETIC, 12, 8, 8),
    "l1_one": (L1, FORWARD, 15, 14, 1),
    "l1_three_words": (L1, FORWARD, 9, 7, 17),
}
BATCHES, MEASUREMENTS = 5, 6


def make(name: str) -> CostUnit:
    """The block of one configuration."""
    return CostUnit(Cost(*GRID[name]))


def test_cost():
    run(__file__, make, GRID)


def expect(cost: Cost, outputs: np.ndarray, targets: np.ndarray) -> list[int]:
    """S of both rails, C~ and whether it saturates; outputs of shape (outputs, 2)."""
    errors = outputs.astype(int) - targets[: cost.outputs, np.newaxis].astype(int)
    parts = errors**2 if cost.function == MSE else 2 * abs(errors)
    sums = parts.sum(axis=0)
    bound = 2 ** (cost.bits - 1) - 1
    raw = int(sums[0] - sums[1])
    clipped = max(-bound, min(bound, raw))

    golden = [sum(error(cost.function, o, t) for o, t in zip(rail, targets, strict=False))
              for rail in outputs.T]  # fmt: skip
    golden.append(difference(cost.bound, *golden))
    check("golden.cost sum0, sum1, cost", 0, [*sums, clipped], golden)
    return [*sums, clipped, raw != clipped]


@cocotb.test()
@over(GRID)
async def costs_follow_the_equation(dut, name):
    block = make(name)
    cost = block.cost
    bench = Bench(dut, name, block)
    target, output, result = bench.source("target"), bench.source("output"), bench.sink("result")
    await bench.start()
    top = 2 ** (cost.output_bits - 1) - 1
    width = record_words(cost.outputs) * SAMPLE_WORD
    for batch in range(BATCHES):
        if batch:
            bench.stall()
        targets = extremes(bench.rng, cost.output_bits, (MEASUREMENTS, width))
        outputs = extremes(bench.rng, cost.output_bits, (MEASUREMENTS, cost.outputs, 2))
        # The largest sums, of either rail, and targets met exactly.
        targets[:2], outputs[0], outputs[1] = top, (-top, top), (top, -top)
        outputs[2] = targets[2, : cost.outputs, np.newaxis]
        _, _, got = await gather(
            target.send(words(targets.ravel(), SAMPLE_WORD)),
            output.send([{"rail0": int(r0), "rail1": int(r1)} for r0, r1 in outputs.reshape(-1, 2)]),
            result.receive(MEASUREMENTS),
        )
        await result.silent()
        for place, shown in enumerate(got):
            expected = expect(cost, outputs[place], targets[place])
            for field, value in zip(("sum0", "sum1", "cost", "saturated"), expected, strict=True):
                check(f"cost {name} {field}", batch * MEASUREMENTS + place, value, shown[field])
