"""Throughput of correlator and filter, memory passes of the window, and its logic; rows as in `benchmark`."""

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
from amaranth.hdl import Const, Module
from amaranth.lib.wiring import Component, connect, flipped
from amaranth.sim import Simulator

from ...golden.blocks.lib.layout import Layout
from ...golden.blocks.perturb.codes import RANDOM, Codes, pattern_signs
from ...golden.blocks.tiki_taka.lines import Lines
from ...golden.blocks.update.correlator import Correlator
from ...golden.blocks.update.ttv2 import SUBTRACT, Ttv2
from ...golden.blocks.update.window import Window
from ...rtl.update.correlator import CorrelatorMemory
from ...rtl.update.ttv2 import FilterMemory
from ...rtl.update.window import WindowProducts
from .rows import Row, row


class Counted(CorrelatorMemory):
    """A correlator whose memory can be watched.

    Attributes
    ----------
    memory : rtl.lib.layout.LaneMemory
        There after elaboration.
    """

    memory: Any

    def elaborate(self, platform):
        m = super().elaborate(platform)
        self.memory = m.submodules.memory
        return m


def correlator_words_per_clock() -> Iterator[Row]:
    """Parameters correlated a clock and a lane, passes back to back, from the first word in to the last one out."""
    passes = 8
    for layers in ((31, 32), (64, 16, 10)):
        layout = Layout(layers, 16)
        words, size = layout.words * passes, layout.parameters
        signs = np.random.default_rng(size).choice([-1, 1], (words, layout.lanes))
        streams = {"cost": [{"cost": 1, "clear": 0}] * passes, "factors": signs.tolist()}
        clocks, _, _ = _simulate(Counted(Correlator(16, 21), layout), streams, words)
        value = size * passes / (clocks * layout.lanes)
        reference = f"1: every lane at every clock; {passes} passes of {size} parameters, {layout.words} words each"
        yield row(f"correlator_words_per_clock_n{size}", value, "1/clock/lane", reference, value, "higher")


def correlator_window_passes() -> Iterator[Row]:
    """Passes over the memory of G for the costs of 32 patterns, one by one and as a window; both give the same G."""
    layout, size, bits = Layout((7, 5, 3), 4), 32, 8
    codes = Codes(RANDOM, 1, layout.parameters)
    costs = np.random.default_rng(1).integers(-127, 128, size).tolist()
    signs = [np.pad(pattern_signs(codes, p), (0, -codes.size % layout.lanes)) for p in range(size)]
    words = size * layout.words
    streams = {"cost": [{"cost": c, "clear": 0} for c in costs], "factors": np.reshape(signs, (words, -1)).tolist()}
    _, single, plain = _simulate(Counted(Correlator(bits, bits + 5), layout), streams, words)
    window = Window(size, bits, bits, codes)
    fused = Fused(window, Counted(Correlator(bits, bits + 5, window=size), layout, window.bits))
    streams = {
        "cost": [{"cost": c, "pattern": p, "used": 1, "flush": p == size - 1} for p, c in enumerate(costs)],
        "command": [{"use": p == size - 1, "clear": 0} for p in range(size)],
    }
    _, reads, together = _simulate(fused, streams, words)
    if plain[-layout.words :] != together[-layout.words :]:
        raise AssertionError("a window and single passes leave different G")
    value, reference = reads / layout.words, f"{single / layout.words:g} one by one, counted in the same simulation"
    yield row("correlator_window_passes", value, "passes", reference, single / reads, "lower")


def window_luts_per_lane() -> Iterator[Row]:
    """LUTs of a lane's sum of 32 costs on ECP5, RAM and what its write ports take included, against a tree."""
    from ..long_runs.logic_cost import SIZE, WIDTHS, measure

    for bits in WIDTHS:
        sums, tree = measure(f"window random: sums, C~ {bits}", "ECP5"), measure(f"plain tree, C~ {bits}", "ECP5")
        value, other = sums["luts_per_lane"], tree["luts_per_lane"]
        reference = (
            f"{other:,.0f} of a plain tree of {SIZE} adders (about 2,000 in the specification); "
            f"{value - sums['write_luts'] / sums['lanes']:.0f} without the write ports of LUT RAM"
        )
        yield row(f"window_luts_per_lane_c{bits}", value, "LUT4", reference, other / value, "lower")


def engine_core_luts() -> Iterator[Row]:
    """LUTs on ECP5 of engines without an array, registers and guard included, against the same chip with its array."""
    from ..long_runs.engine_core import ALONE, CHIP, EXTERNAL, SMALL, Case, measure

    whole = measure(Case("xor", CHIP, {}), "ECP5", place=False)["total_luts"]
    for label, case in (("xor", Case("xor", ALONE, EXTERNAL)), ("external_cost", Case("external", ALONE, SMALL))):
        value = measure(case, "ECP5", place=False)["total_luts"]
        reference = f"{whole:,} of XOR's chip, 9 parameters on one lane, with the emulated array"
        yield row(f"engine_core_luts_{label}", value, "LUT4", reference, whole / value, "lower")


def ttv2_words_per_clock() -> Iterator[Row]:
    """Words of H filtered a clock and a lane, from the first reading in to the last pulses out, by length of the lines.

    Each line comes twice in a row: with lines of one word, each word's new value is needed in the next clock.
    """
    lanes, passes = 16, 8
    for count, length, means in ((32, 32, 0), (64, 16, 0), (64, 16, 5), (257, 128, 0)):
        lines = Lines(((count, length),), lanes)
        rng, size, words = np.random.default_rng(length), count * length, lines.words[0]
        numbers = np.repeat(np.arange(count), 2)
        if size < 4096:
            numbers = np.tile(numbers, passes)
        options = {"switched": 0, "hold": 0} if means else {}
        commands = [
            {"start": int(k) * words, "words": words, "value": 99, "chopper": 0, "update": 1, **options}
            for k in numbers
        ]
        total = len(commands) * words
        streams = {"command": commands, "reading": rng.integers(-255, 256, (total, lanes)).tolist()}
        block = FilterMemory(Ttv2(16, 9, SUBTRACT, 0, (), mean=means), lines)
        clocks, _, pulses = _simulate(block, streams, total, "pulses")
        if not np.any(pulses):
            raise AssertionError("the filter gives no pulses")
        value = len(commands) * length / (clocks * lanes)
        reference = f"1: every lane at every clock; {len(commands)} readings of {count} lines of {length}"
        label = f"ttv2_words_per_clock_{count}x{length}{'_agad' if means else ''}"
        yield row(label, value, "1/clock/lane", reference, value, "higher")


class Fused(Component):
    """A window and its correlator.

    Members
    -------
    cost : `cost` of `WindowProducts`.
    command, gradient : `cost` and `gradient` of `CorrelatorMemory`.
    """

    def __init__(self, window: Window, correlator: Counted):
        self.products, self.correlator = WindowProducts(window, correlator.layout), correlator
        members = correlator.signature.members
        super().__init__(
            {
                "cost": self.products.signature.members["cost"],
                "command": members["cost"],
                "gradient": members["gradient"],
            }
        )

    def elaborate(self, platform):
        m, ports = Module(), cast(Any, self)
        m.submodules.products, m.submodules.correlator = self.products, self.correlator
        inner = cast(Any, self.correlator)
        connect(m, flipped(ports.cost), cast(Any, self.products).cost)
        connect(m, cast(Any, self.products).product, inner.products)
        connect(m, flipped(ports.command), inner.cost)
        connect(m, flipped(ports.gradient), inner.gradient)
        return m

    @property
    def memory(self):
        """Memory of G."""
        return self.correlator.memory


def _simulate(
    block: Counted | Fused | FilterMemory, streams: dict[str, list], count: int, result: str = "gradient"
) -> tuple[int, int, list[list[int]]]:
    """Feed streams without pause and take `count` words of the stream `result`.

    Returns
    -------
    clocks : int
        From the first word or command that goes in to the last word that comes out.
    reads : int
        Words read from the memory of G, if the block shows it.
    words : list
        The words that came out.
    """
    reads, clocks, words = 0, 0, []

    def source(stream: Any, payloads: list):
        async def drive(ctx):
            for payload in payloads:
                ctx.set(stream.payload, payload)
                ctx.set(stream.valid, 1)
                await ctx.tick().until(stream.ready)
            ctx.set(stream.valid, 0)

        return drive

    async def sink(ctx):
        nonlocal reads, clocks
        out = getattr(block, result)
        read = block.memory.read if isinstance(block, Counted | Fused) else Const(0)
        ctx.set(out.ready, 1)
        async for _, _, valid, reading, *payload in ctx.tick().sample(out.valid, read, *out.payload):
            clocks += 1
            reads += reading
            if valid:
                words.append(payload)
                if len(words) == count:
                    return

    simulator = Simulator(block)
    simulator.add_clock(1e-6)
    for name, payloads in streams.items():
        simulator.add_testbench(source(getattr(block, name), payloads), background=True)
    simulator.add_testbench(sink)
    simulator.run()
    return clocks, reads, words
