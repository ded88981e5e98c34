"""The cost unit's S and C~ follow the equations, readings and saturation included, and so does
`golden.blocks.measure.cost`.
"""

from fractions import Fraction
from math import floor

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge, gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run, words
from ohmgrad.cocotb_tests.streams import pack
from ohmgrad.golden.blocks.measure.cost import ANALOG, ANTITHETIC, FORWARD, L1, MSE, Cost, difference, error
from ohmgrad.golden.chip.memory_map import SAMPLE_WORD, Register, record_words
from ohmgrad.rtl.measure.cost import CostUnit

# Function, mode, bits of C~, bits of outputs and targets, outputs, decay.
GRID = {
    "mse": (MSE, FORWARD, 20, 10, 4),
    "mse_antithetic": (MSE, ANTITHETIC, 20, 10, 4),
    "mse_one": (MSE, ANTITHETIC, 8, 6, 1),
    "mse_two_words": (MSE, FORWARD, 24, 10, 10),
    "mse_widest": (MSE, ANTITHETIC, 31, 14, 3),
    "mse_narrow": (MSE, ANTITHETIC, 4, 2, 9),
    "mse_analog": (MSE, ANALOG, 20, 10, 4),
    "l1": (L1, ANTITHETIC, 12, 8, 8),
    "l1_one": (L1, FORWARD, 15, 14, 1),
    "l1_three_words": (L1, FORWARD, 9, 7, 17),
    "l1_analog": (L1, ANALOG, 12, 14, 2),
}
SINGLE = ("mse_antithetic", "mse_one", "l1_one", "l1_three_words", "l1_analog")
GRID |= {f"single_{name}": GRID[name] for name in SINGLE}
"""Costs that are always of one reading."""
ALTERNATING = ("mse_antithetic", "mse_two_words", "l1_analog")
GRID |= {f"alternating_{name}": GRID[name] for name in ALTERNATING}
"""Costs whose readings are of one rail, each."""
BATCHES, MEASUREMENTS = 8, 6
DECAYS = (0, 1, 32768, 59578, 65535)


def make(name: str) -> CostUnit:
    """The block of one configuration."""
    return CostUnit(Cost(*GRID[name]), name.startswith("single"), name.startswith("alternating"))


def test_cost():
    run(__file__, make, GRID)


def nearest(x: Fraction) -> int:
    """Nearest integer, halves away from zero."""
    return floor(x + Fraction(1, 2)) if x >= 0 else -floor(Fraction(1, 2) - x)


class Equations:
    """What the docstring of `golden.blocks.measure.cost` says, in fractions, with the golden model beside it."""

    def __init__(self, cost: Cost, memory: list[int]):
        self.cost, self.memory = cost, list(memory)

    def sums(self, outputs: np.ndarray, targets: np.ndarray) -> list[int]:
        """S of both rails; outputs of shape (outputs, 2)."""
        cost = self.cost
        errors = outputs.astype(int) - targets[: cost.outputs, np.newaxis].astype(int)
        parts = errors**2 if cost.function == MSE else 2 * abs(errors)
        golden = [sum(error(cost.function, o, t) for o, t in zip(rail, targets, strict=False)) for rail in outputs.T]
        check("golden.blocks.measure.cost sums", 0, parts.sum(0), golden)
        return [int(part) for part in parts.sum(axis=0)]

    def step(self, settings: dict, readings: list[dict], sums: list[list[int]]) -> tuple[int, bool]:
        """C~ of one step from its readings and their sums, and whether it saturates."""
        cost, last = self.cost, readings[-1]
        totals = [
            sum(s[rail] for reading, s in zip(readings, sums, strict=True) if reading[f"take{rail}"]) for rail in (0, 1)
        ]
        golden_memory = np.array(self.memory, np.int64)
        average_1 = settings["average_c0"] if cost.mode == FORWARD else settings["average"]
        mean_0, mean_1 = Fraction(totals[0], 1 << settings["average"]), Fraction(totals[1], 1 << average_1)
        if cost.mode == ANTITHETIC:
            raw, memory = nearest(mean_0 - mean_1), self.memory
        elif cost.mode == FORWARD:
            memory = [totals[1] if last["refresh"] else self.memory[0], self.memory[1]]
            raw = nearest(mean_0 - Fraction(memory[0], 1 << average_1))
        else:
            level = int(mean_0 * 256)
            passed = Fraction(settings["decay"], 65536) * (self.memory[1] + level - self.memory[0])
            memory = [level, 0 if last["changed"] else nearest(passed)]
            raw = nearest(Fraction(memory[1], 256))
        golden = difference(cost.mode, settings["decay"], settings["average"], average_1, *totals,
                            last["refresh"], last["changed"], golden_memory)  # fmt: skip
        if not last["drop"]:
            self.memory = memory
            check("golden.blocks.measure.cost difference, memory", 0, [raw, *memory], [golden, *golden_memory])
        bound = 2 ** (cost.bits - 1) - 1
        return max(-bound, min(bound, raw)), abs(raw) > bound


def plan(cost: Cost, rng: np.random.Generator, settings: dict) -> list[list[dict]]:
    """Readings of a batch of steps."""
    steps = []
    for _ in range(MEASUREMENTS):
        refresh, changed, drop = (bool(rng.random() < 0.4) for _ in range(3))
        counts = [1 << settings["average"], 1 << settings["average_c0" if cost.mode == FORWARD else "average"]]
        count = 1 if drop else max(counts) if cost.mode == FORWARD and refresh else counts[0]
        steps.append([
            {"take0": k < counts[0], "take1": k < counts[1], "last": k == count - 1,
             "refresh": refresh, "changed": changed, "drop": drop}
            for k in range(count)
        ])  # fmt: skip
    return steps


def apart(cost: Cost, step: list[dict]) -> list[dict]:
    """Readings of one rail, each, in place of those of both; one of no step stays as it is."""
    if step[0]["drop"]:
        return step
    used = {0: True, 1: cost.mode == ANTITHETIC or (cost.mode == FORWARD and step[0]["refresh"])}
    cut = [
        one | {"take0": rail == 0, "take1": rail == 1}
        for one in step for rail in used if one[f"take{rail}"] and used[rail]
    ]  # fmt: skip
    return [one | {"last": k == len(cut) - 1} for k, one in enumerate(cut)]


@cocotb.test()
@over(GRID)
async def costs_follow_the_equation(dut, name):
    block = make(name)
    cost = block.cost
    bench = Bench(dut, name, block)
    rng, edge = bench.rng, RisingEdge(dut.clk)
    reading, target, output = bench.source("reading"), bench.source("target"), bench.source("output")
    result = bench.sink("result")
    load, register, value = map(bench.signal, ("load", "load_register", "load_value"))
    load.value = 0
    bench.signal("settings").value = 0
    await bench.start()
    top = 2 ** (cost.output_bits - 1) - 1
    width = record_words(cost.outputs) * SAMPLE_WORD
    equations = Equations(cost, [0, 0])
    for batch in range(BATCHES):
        settings = dict.fromkeys(block.settings.shape().members, 0)
        settings["decay"] = int(rng.choice(DECAYS))
        if batch:
            bench.stall()
            if not block.single:
                settings |= {key: int(rng.integers(5)) for key in ("average", "average_c0")}
            # The host writes the memory, of which the mode may have less: C0, and in analog mode C~, of either sign.
            memory = [int(rng.integers(2 ** (cost.sum_bits + 4))), int(extremes(rng, cost.sum_bits + 8))]
            has = {ANTITHETIC: 0, FORWARD: 1, ANALOG: 2}[cost.mode]
            equations.memory = [*memory[:has], 0, 0][:2]
            words_64 = [word & (2**64 - 1) for word in memory]
            load.value = 1
            for number, word in enumerate(words_64):
                for half in range(2):
                    register.value = Register.MEMORY_0_LOW + 2 * number + half
                    value.value = word >> (32 * half) & 0xFFFFFFFF
                    await edge
            load.value = 0
        bench.signal("settings").value = pack(block.settings.shape(), settings)
        steps = plan(cost, rng, settings)
        if block.alternates:
            steps = [apart(cost, step) for step in steps]
        flat = [one for step in steps for one in step]
        targets = extremes(rng, cost.output_bits, (len(flat), width))
        outputs = extremes(rng, cost.output_bits, (len(flat), cost.outputs, 2))
        # The largest sums, of either rail, and targets met exactly.
        for place, rails in ((0, (-top, top)), (1, (top, -top))):
            if place < len(flat):
                targets[place], outputs[place] = top, rails
        if len(flat) > 2:
            outputs[2] = targets[2, : cost.outputs, np.newaxis]
        _, _, _, got = await gather(
            reading.send(flat),
            target.send(words(targets.ravel(), SAMPLE_WORD)),
            output.send([{"rail0": int(r0), "rail1": int(r1)} for r0, r1 in outputs.reshape(-1, 2)]),
            result.receive(len(steps)),
        )
        await result.silent()
        at = 0
        for number, (step, shown) in enumerate(zip(steps, got, strict=True)):
            own = range(at, at + len(step))
            at += len(step)
            sums = [equations.sums(outputs[k], targets[k]) for k in own]
            expected, saturated = equations.step(settings, step, sums)
            rail, wanted = outputs[own[-1], :, 0], targets[own[-1], : cost.outputs]
            if cost.outputs == 1:
                right = (rail[0] > 0) == (wanted[0] > 0)
            else:
                right = rail.argmax() == wanted.argmax()
            of_rail0 = [s[0] for s, one in zip(sums, step, strict=True) if one["take0"] or not block.alternates]
            sum1 = sums[-1][1] if step[-1]["take1"] or not block.alternates else 0
            fields = {"sum0": of_rail0[-1], "sum1": sum1, "right": right, "drop": step[-1]["drop"]}
            if not step[-1]["drop"]:
                fields |= {"cost": expected, "saturated": saturated}
            for field, number_ in fields.items():
                check(f"cost {name} {field}", batch * MEASUREMENTS + number, number_, shown[field])
        await edge
        memory = bench.signal("memory").value.to_unsigned()
        halves = [memory & (2**64 - 1), memory >> 64]
        check(f"cost {name} memory", batch, [word & (2**64 - 1) for word in equations.memory][0], halves[0])
        check(f"cost {name} memory", batch, [word & (2**64 - 1) for word in equations.memory][1], halves[1])
