"""An array outside, for benches: it takes what a sweep sends, and answers with a cost.

`train` is what the bench beside generated Verilog runs: the array there is a few lines of the user's own.
"""

from pathlib import Path
from typing import Protocol

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, gather
from numpy.typing import NDArray

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.host import Host, readings, restore, start
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.memory_map import START, Region, Register
from ohmgrad.golden.recorded import RecordedEngine
from ohmgrad.golden.recording import Recorder
from ohmgrad.rtl.top import EngineTop


class Array(Protocol):
    """What a bench needs of an array; codes are those of the cells' DACs."""

    def apply(self, words: NDArray[np.int32]) -> None:
        """Take what a sweep sends, shape (P,): codes of the weights, or with `update.path = "filtered"` pulses."""
        ...

    def cost(self, moved: NDArray[np.int32], sample: int) -> int:
        """S of one rail, a word of `cost.word_bits`, with the cells' codes moved by so much, shape (P,).

        `sample` is the number of the sample presented, which counts up.
        """
        ...


class Outside:
    """Streams between an engine and an array outside.

    Parameters
    ----------
    bench : Bench
        Drivers of the ports of a `rtl.top.EngineTop`.
    chip : Chip
        With an external cost.
    """

    def __init__(self, bench: Bench, chip: Chip):
        self.chip = chip
        self.sign, self.sample = bench.sink("array.sign"), bench.sink("array.sample")
        self.streams = {name: bench.sink(f"array.{name}") for name in chip.path.streams}
        self.cost = bench.source("array.cost")

    async def take(self) -> dict[str, NDArray[np.int32]]:
        """What the next sweep sends: words by stream, of `sample` its number and whether it is the next."""
        words = self.chip.layout.words
        counts = {name: 1 if name == "transfer" else words for name in self.streams}
        sign, sample, *sent = await gather(
            self.sign.receive(words), self.sample.receive(1),
            *(stream.receive(counts[name]) for name, stream in self.streams.items()),
        )  # fmt: skip
        got = {"sign": np.ravel(sign), "sample": np.array([sample[0].number, sample[0].next])}
        return got | {name: np.ravel(words) for name, words in zip(self.streams, sent, strict=True)}

    async def give(self, both: tuple[int, int]) -> None:
        """Answer S of both rails."""
        await self.cost.send([{"rail0": int(both[0]), "rail1": int(both[1])}])


async def listen(bench: Bench, heard: list[list[int]]) -> None:
    """Gather what the telemetry of an engine says: step, C~ and totals of each step."""
    layout = bench.block.signature.members["telemetry"].signature.members["payload"].shape
    while True:
        await FallingEdge(bench.dut.clk)
        if int(bench.signal("telemetry.valid").value):
            told = layout.from_bits(int(bench.signal("telemetry.payload").value))
            heard.append([told.step, told.cost, told.total0, told.total1])


async def train(dut, chip: Chip, array: Array, steps: int, trace: Path) -> list[int]:
    """Let generated Verilog train an array, and record it.

    Parameters
    ----------
    dut : handle of the top module
        `rtl.top.EngineTop` of the chip.
    chip : Chip
        With an external cost.
    array : Array
    steps : int
    trace : Path
        Where the trace goes, for `golden.replay`.

    Returns
    -------
    list of int
        S of rail 0 at each step, its last reading.
    """
    bench, host, engine = Bench(dut, "", EngineTop(chip)), Host(dut, ""), RecordedEngine(chip)
    outside, heard, costs = Outside(bench, chip), [], []
    dut.array__busy.value = dut.array__saturated.value = 0
    await bench.start()
    state = engine.initial()
    await restore(host, chip, state)
    await host.write(Region.REGISTERS, [1], Register.PULSES)  # of no use where there are none
    cocotb.start_soon(listen(bench, heard))
    running = cocotb.start_soon(start(host, START, steps))
    with Recorder(trace, chip, state, sent=True) as recorder:
        for step in range(steps + 1):
            for reading in range(readings(chip, step) if step < steps else 1):
                sent = await outside.take()
                words = sent[chip.path.streams[0]][: chip.layout.parameters].astype(np.int32)
                if step and not reading:  # what the step before has led to
                    _, cost, *totals = heard[step - 1]
                    recorder.write([totals], [cost], words[None])
                array.apply(words)
                both = answer(array, chip, sent)
                await outside.give(both)
            costs.append(both[0])
    await running
    return costs[:-1]


def answer(array: Array, chip: Chip, sent: dict[str, NDArray[np.int32]]) -> tuple[int, int]:
    """S of both rails of an array, for what a sweep sends."""
    moved = chip.crossbar.amplitude * sent["sign"][: chip.layout.parameters].astype(np.int32)
    number = int(sent["sample"][0])
    return array.cost(moved, number), array.cost(chip.polarity * moved, number)
