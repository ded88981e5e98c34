"""An array outside, for benches: it takes what a sweep sends, and answers with a cost.

`train` is what the bench beside generated Verilog runs: the array there is a few lines of the user's own.
"""

from pathlib import Path
from typing import Protocol, runtime_checkable

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, gather
from numpy.typing import NDArray

from ohmgrad.cocotb_tests import bus_host
from ohmgrad.cocotb_tests.bus_host import BusHost
from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import words
from ohmgrad.cocotb_tests.host import Host, rails_used, readings, restore, start
from ohmgrad.cocotb_tests.outside_loop import Loop
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.memory_map import SAMPLE_WORD, START, Region, Register, record_words
from ohmgrad.golden.recorded import RecordedEngine
from ohmgrad.golden.recording import Recorder
from ohmgrad.rtl.array.port import sample_members
from ohmgrad.rtl.bus.slave import NATIVE
from ohmgrad.rtl.top import EngineTop

Sent = dict[str, NDArray[np.int32]]
"""What a sweep has sent, by stream."""


class Array(Protocol):
    """What a bench needs of an array; codes are those of the cells' DACs."""

    def apply(self, words: NDArray[np.int32]) -> None:
        """Take what a sweep sends, shape (P,): codes of the weights, or with `update.path = "filtered"` pulses.

        With one rail codes have their perturbation already, and come once for each rail.
        """
        ...

    def cost(self, moved: NDArray[np.int32], sample: int) -> int:
        """S of one rail, a word of `cost.word_bits`, with the cells' codes moved by so much more, shape (P,).

        `sample` is the number of the sample presented, which counts up.
        """
        ...


@runtime_checkable
class Lined(Protocol):
    """What it needs of an array besides with node perturbation."""

    def activity(self) -> NDArray[np.integer]:
        """Codes of all lines when `cost` was asked last, shape (lines,).

        Group by group, the last line of each too; integers of `array.input_bits`.
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
        names = self.names()
        self.streams, self.cost = {name: bench.sink(f"array.{name}") for name in names}, bench.source("array.cost")
        self.activity = bench.source("array.activity") if chip.lined else None
        self.loop = Loop(bench, chip) if "train" in chip.path.streams else None

    def names(self) -> list[str]:
        """Streams that come."""
        return [*self.sampled(), "sign", *self.pulsed()]

    def pulsed(self) -> tuple[str, ...]:
        """Streams of the update path that have so many words a sweep."""
        streams = self.chip.path.streams
        return () if "train" in streams else streams

    def sampled(self) -> list[str]:
        """Streams of samples."""
        return ["sample", *sample_members(self.chip)]

    async def take(self, *names: str) -> Sent:
        """What comes on these streams in a sweep, or in a presentation of one."""
        samples, length = self.chip.samples, self.chip.layout.words
        counts = {"sample": 1, "transfer": 1, "line": record_words(samples.inputs)}
        counts["target"] = record_words(samples.outputs)
        got = await gather(*(self.streams[name].receive(counts.get(name, length)) for name in names))
        sent = dict(zip(names, got, strict=True))
        if "sample" in sent:
            (sample,) = sent["sample"]
            sent["sample"] = [int(getattr(sample, field)) for field in sample.shape().members]
        return {name: np.ravel(payloads).astype(np.int64) for name, payloads in sent.items()}

    async def serve(self, array: Array, rails: int) -> tuple[Sent, list[int]]:
        """Let an array answer a sweep, of which the costs of these rails are used, bit by bit.

        Returns
        -------
        dict of str to array
            Words by stream; of `sample` its number, whether it is the next, and the rails that are used. As of
            `Loop.serve` too.
        list of int
            S of both rails.
        """
        size = self.chip.layout.parameters
        sent, looped = await gather(self.take(*self.streams), self.move(array))
        if self.loop is None:
            array.apply(sent[self.pulsed()[0]][:size])
        moved, number = self.chip.crossbar.amplitude * sent["sign"][:size], int(sent["sample"][0])
        both = [array.cost(polarity * moved, number) for polarity in (1, self.chip.polarity)]
        _, codes = await gather(
            self.cost.send([dict(zip(("rail0", "rail1"), both, strict=True))]), self.carry(array)
        )  # fmt: skip
        return sent | codes | looped, both

    def traced(self, sent: Sent) -> NDArray[np.int32]:
        """What a trace has of a sweep, see `golden.step.Trace.sent`."""
        if self.loop:
            return np.ravel(sent["vectors"])
        name = self.pulsed()[0]
        return sent["code" if self.chip.rail and name == "weight" else name][: self.chip.layout.parameters]

    async def move(self, array: object) -> Sent:
        """Serve what a sweep asks of arrays A and C, if there are such."""
        return await self.loop.serve(array) if self.loop else {}

    async def carry(self, array: object) -> Sent:
        """Send the codes of the lines, if the engine takes them."""
        if self.activity is None:
            return {}
        assert isinstance(array, Lined), "node perturbation needs a method `activity` of the array"
        codes = array.activity()
        await self.activity.send(words(codes, SAMPLE_WORD).tolist())
        return {"activity": codes}


class OneRail(Outside):
    """The same of an array with one rail, which is shown one after the other."""

    def names(self) -> list[str]:
        pulsed = self.chip.path.pulsed
        return [*self.sampled(), *((*self.pulsed(), "sign") if pulsed else ("code",))]

    async def serve(self, array: Array, rails: int) -> tuple[Sent, list[int]]:
        """As of `Outside`; of `shown` the words of each presentation. S of a rail that is not used is 0."""
        rail, size, pulsed = self.chip.rail, self.chip.layout.parameters, self.chip.path.pulsed
        (sent, looped), shown, both = await gather(self.take(*self.streams), self.move(array)), [], [0, 0]
        number, name = int(sent["sample"][0]), "sign" if pulsed else "code"
        if pulsed and self.loop is None:
            array.apply(sent["pulses"][:size])
        for k in [k for k in range(2) if rails >> k & 1] or [0]:
            shown.append((await self.take(name) if shown else sent)[name])
            if not pulsed:
                array.apply(shown[-1][:size])
            moved = self.chip.crossbar.amplitude * pulsed * shown[-1][:size]
            readings = [array.cost(moved, number) for _ in range(1 << rail.readings if rails else 0)]
            await self.cost.send(readings)
            both[k] = sum(readings)
        return sent | looped | {"shown": np.array(shown)} | await self.carry(array), both


def outside_of(bench: Bench, chip: Chip) -> Outside:
    """Streams to an array with as many rails as the chip says."""
    return OneRail(bench, chip) if chip.rail else Outside(bench, chip)


async def listen(bench: Bench, heard: list[list[int]]) -> None:
    """Gather what the telemetry of an engine says: step, C~ and totals of each step."""
    layout = bench.block.signature.members["telemetry"].signature.members["payload"].shape
    while True:
        await FallingEdge(bench.clock)
        if int(bench.signal("telemetry.valid").value):
            told = layout.from_bits(int(bench.signal("telemetry.payload").value))
            heard.append([told.step, told.cost, told.total0, told.total1])


def host_of(bench: Bench, chip: Chip) -> Host | BusHost:
    """The host of a top, at its own port or on its bus."""
    return Host(bench.dut, bench.name) if bench.block.bus == NATIVE else BusHost(bench, chip)


def hear(bench: Bench, chip: Chip, heard: list[list[int]]) -> None:
    """Gather what the telemetry of a top says, by its own port or by AXI4-Stream."""
    if bench.block.bus == NATIVE:
        cocotb.start_soon(listen(bench, heard))
    else:
        bus_host.listen(bench, chip, heard)


async def told(bench: Bench, heard: list, step: int) -> None:
    """Wait until telemetry has told of a step."""
    for _ in range(2000):
        if len(heard) > step:
            break
        await FallingEdge(bench.dut.clk)


async def count(bench: Bench, clocks: dict[str, int]) -> None:
    """Count the clocks in which strobes are high."""
    while True:
        await FallingEdge(bench.dut.clk)
        for name in clocks:
            clocks[name] += int(bench.signal(name).value)


async def train(dut, chip: Chip, array: Array, steps: int, trace: Path, bus: str = NATIVE) -> list[int]:
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
    bus : str
        The bus that the host is on, of `rtl.bus.slave.BUSES`; or its own port.

    Returns
    -------
    list of int
        S of rail 0 at each step, its first reading.
    """
    bench, engine = Bench(dut, "", EngineTop(chip, bus)), RecordedEngine(chip)
    host = host_of(bench, chip)
    outside, heard, costs, before, carried = outside_of(bench, chip), [], [], None, None
    driven = bool(chip.rail) and not chip.path.pulsed  # by codes of DACs, which a trace has of the step itself
    dut.array__busy.value = dut.array__saturated.value = 0
    await bench.start()
    await host.wait()  # memories are being cleared
    state = engine.initial()
    await restore(host, chip, state)
    await host.write(Region.REGISTERS, [1], Register.PULSES)  # of no use where there are none
    hear(bench, chip, heard)
    running = cocotb.start_soon(start(host, START, steps))
    with Recorder(trace, chip, state, sent=True) as recorder:
        for step in range(steps + 1):
            for reading in range(readings(chip, step) if step < steps else 1):
                sent, both = await outside.serve(array, rails_used(chip, step, reading) if step < steps else 0)
                shown, read = outside.traced(sent), outside.loop and outside.loop.row(sent)[None]
                if step and not reading:  # what the step before has led to
                    while len(heard) < step:  # on its way
                        await FallingEdge(bench.clock)
                    _, cost, *totals = heard[step - 1]
                    recorder.write([totals], [cost], (before if driven else shown)[None], None, carried, read)
                if not reading:
                    before = shown
                    costs.append(both[0])
                carried = sent["activity"][None] if chip.lined else None
    await running
    return costs[:-1]
