"""Optimizer: theta -= eta G, with momentum and stochastic rounding, a word of lanes a clock.

See `golden.blocks.update.optimizer`.
"""

from collections.abc import Iterable

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from ...golden.blocks.lib.layout import Layout
from ...golden.blocks.lib.mixer import ROUNDING
from ...golden.blocks.update.optimizer import DITHER_BITS, FRACTION, RATE_BITS, Optimizer
from ..lib.fixed import exceeds, round_shift, saturate
from ..lib.host_port import HostPort, give_registers
from ..lib.layout import lane_words
from ..lib.mixer_words import KeyedWords
from ..lib.read_modify_write import ReadModifyWrite, always
from .optimizer_momentum import MomentumMemory
from .optimizer_products import RateProducts


def scheduled(schedule: Iterable[tuple[int, int | Value]], step: Value) -> Value:
    """Value of a schedule in force at a step, combinational."""
    (_, first), *rest = schedule
    value = Value.cast(first)
    for start, later in rest:
        value = Mux(step >= start, later, value)
    return value


class Rates:
    """Rates of the sections as a field of a command.

    Parameters
    ----------
    m : Module
    optimizer : Optimizer
    layout : Layout
    host : HostPort or None
        What sets them, entry by entry of the schedule; None: they are constants.

    Attributes
    ----------
    firsts : list of int
        Index of each section's first parameter.
    shape : data.ArrayLayout
        One rate a section.
    """

    def __init__(self, m: Module, optimizer: Optimizer, layout: Layout, host):
        chosen = optimizer.sections
        self.firsts = [layout.offsets[k] for k in chosen]
        self.shape = data.ArrayLayout(RATE_BITS, len(chosen))
        rows: list[list[Value]] = [[Const(rates[k], RATE_BITS) for k in chosen] for _, rates in optimizer.schedule]
        if host is not None:
            registers = [
                [Signal(RATE_BITS, init=rates[k], name=f"rate_{entry}_{k}") for k in chosen]
                for entry, (_, rates) in enumerate(optimizer.schedule)
            ]
            give_registers(m, host, [rate for row in registers for rate in row])
            rows = [[*row] for row in registers]
        self._schedule = tuple((start, Cat(row)) for (start, _), row in zip(optimizer.schedule, rows, strict=True))

    def at(self, step: Value) -> Value:
        """The field's value at a step, combinational."""
        return scheduled(self._schedule, step)


class OptimizerMemory(Component):
    """The words of theta, and of M with momentum, and one pass over them for every sweep.

    Parameters
    ----------
    optimizer : golden.blocks.update.optimizer.Optimizer
    layout : golden.blocks.lib.layout.Layout
    seed : Value, optional
        In place of that of `optimizer`.
    writable : bool
        A host sets the rates.

    Members
    -------
    command : stream in, one a pass: whether theta (and M) is updated, and the step, which chooses rates.
    ahead : with stochastic rounding, stream in, the same of every pass in its order, as early as it is known: an
        update's dither is that of its step.
    gradient : stream in, `layout.words` words of G a pass.
    parameters : stream out, `layout.words` words of theta a pass, after the update. Four clocks
        after the gradient, five with momentum, one word a clock; with stochastic rounding once its dither is made.
    saturated : high for one clock when a word of theta, or of the M that changes it, saturates.
    host : words of theta by parameter index.
    host_rates : if they are writable, rates of the sections, entry by entry of the schedule.
    host_momentum : with momentum, words of M by parameter index.
    """

    def __init__(self, optimizer: Optimizer, layout: Layout, seed: Value | None = None, writable: bool = False):
        self.writable = writable
        self.optimizer = optimizer
        self.layout = layout
        self.seed = optimizer.seed if seed is None else seed
        members = {
            "command": In(stream.Signature(data.StructLayout({"update": 1, "step": 32}))),
            "gradient": In(stream.Signature(lane_words(optimizer.gradient_bits, layout.lanes))),
            "parameters": Out(stream.Signature(lane_words(optimizer.bits, layout.lanes))),
            "saturated": Out(1),
            "host": In(HostPort()),
        }
        if writable:
            members["host_rates"] = In(HostPort())
        if optimizer.momentum:
            members["host_momentum"] = In(HostPort())
        if optimizer.stochastic:
            members["ahead"] = members["command"]
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        optimizer, lanes, bits = self.optimizer, self.layout.lanes, self.optimizer.bits
        rates = Rates(m, optimizer, self.layout, self.host_rates if self.writable else None)
        command = self._command(m, rates)
        # Dither is added before theta is rounded, and to M's change never.
        dithered = optimizer.stochastic and not optimizer.momentum
        shift = 0 if dithered else optimizer.shift - (FRACTION if optimizer.momentum else 0)
        m.submodules.products = changes = RateProducts(
            self.layout, optimizer.gradient_bits, shift, rates.firsts, command.payload.shape()
        )
        connect(m, flipped(self.gradient), changes.gradient)
        connect(m, command, changes.command)
        words, held = changes.product, changes.product.payload.command
        if optimizer.momentum:
            m.submodules.momentum = memory = MomentumMemory(optimizer, self.layout, words.payload.shape())
            connect(m, flipped(self.host_momentum), memory.host)
            connect(m, words, memory.change)
            words, held = memory.momentum, memory.held
        words, random = self._await(m, words, held.update) if optimizer.stochastic else (words, None)
        sweep = ReadModifyWrite(
            m, self.layout, bits, host=self.host, words=words, command=always(m, held), result=self.parameters
        )
        before = sweep.words.saturated if optimizer.momentum else Const(0)
        shift = FRACTION if optimizer.momentum else optimizer.shift if dithered else 0
        dithers = self._dithers(m, sweep, random, shift) if random else [None] * lanes
        over = Signal(lanes, name="over")
        for lane, (change, dither) in enumerate(zip(sweep.words.words, dithers, strict=True)):
            change_now = Mux(sweep.command.update, change, 0) if optimizer.momentum else change
            raw = Signal(signed(max(bits, len(change)) + 2), name="raw")
            rounded = round_shift(change_now, shift) if dither is None else (change_now + dither) >> shift
            m.d.comb += [
                raw.eq(sweep.value[lane] - rounded),
                over[lane].eq(exceeds(raw, bits)),
                self.parameters.payload[lane].eq(saturate(raw, bits)),
                sweep.data[lane].eq(self.parameters.payload[lane]),
            ]
        m.d.comb += self.saturated.eq(sweep.commit & (over.any() | before))
        return m

    def _command(self, m: Module, rates: Rates):
        """Stream of what a pass needs of a command: whether to update, and the rates."""
        offered = self.command.payload
        command = stream.Signature(data.StructLayout({"update": 1, "rates": rates.shape})).create(path=("command",))
        m.d.comb += [
            command.valid.eq(self.command.valid),
            command.payload.update.eq(offered.update),
            command.payload.rates.as_value().eq(rates.at(offered.step)),
            self.command.ready.eq(command.ready),
        ]
        return command

    def _await(self, m: Module, words, update: Value):
        """The words, of which those of an update wait for their dither; and the generator of the dither."""
        m.submodules.random = random = KeyedWords(
            self.seed, ROUNDING, DITHER_BITS * self.layout.lanes, self.layout.words
        )
        ahead, there = self.ahead, stream.Signature(words.payload.shape()).create(path=("there",))
        m.d.comb += [
            random.number.valid.eq(ahead.valid & ahead.payload.update),
            random.number.payload.eq(ahead.payload.step),
            ahead.ready.eq(random.number.ready | ~ahead.payload.update),
            there.valid.eq(words.valid & (random.words.valid | ~update)),
            there.payload.eq(words.payload),
            words.ready.eq(there.ready),
            random.words.ready.eq(there.ready & update),
        ]
        return there, random

    def _dithers(self, m: Module, sweep: ReadModifyWrite, random: KeyedWords, shift: int) -> list[Value]:
        """What is added to each lane of the word that a pass gives before it is rounded down."""
        lanes = self.layout.lanes
        bits = Signal(lanes * DITHER_BITS, name="dithers")
        with m.If(sweep.accept):
            m.d.sync += bits.eq(random.words.payload.bits)
        dithers = [bits.word_select(lane, DITHER_BITS) for lane in range(lanes)]
        if shift > DITHER_BITS:
            half = Const(1 << (shift - DITHER_BITS - 1), shift - DITHER_BITS)
            return [Cat(half, dither) for dither in dithers]
        return [dither[DITHER_BITS - shift :] for dither in dithers]
