"""Optimizer: theta -= eta G, with momentum and stochastic rounding, a word of lanes a clock; see `golden.optimizer`."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from ..golden.codes import ROUNDING
from ..golden.layout import Layout
from ..golden.optimizer import DRAW_BITS, FRACTION, RATE_BITS, Optimizer
from .buses.host import HostPort
from .codes import mix, stream_key
from .fixed import exceeds, round_shift, saturate
from .layout import ReadModifyWrite, lane_words
from .momentum import MomentumMemory


def scheduled(schedule: tuple[tuple[int, int], ...], step: Value) -> Value:
    """Value of a schedule in force at a step, combinational."""
    value = Value.cast(schedule[0][1])
    for start, later in schedule[1:]:
        value = Mux(step >= start, later, value)
    return value


class Rates:
    """Rates of the layers, of which neighbours with one schedule share a section, as a field of a command.

    Attributes
    ----------
    firsts : list of int
        Index of each section's first parameter.
    shape : data.ArrayLayout
        One rate a section.
    """

    def __init__(self, optimizer: Optimizer, layout: Layout):
        self._layout = layout
        layers = list(zip(*(rates for _, rates in optimizer.schedule), strict=True))
        chosen = [k for k, rates in enumerate(layers) if not k or rates != layers[k - 1]]
        self.firsts = [layout.offsets[k] for k in chosen]
        self.shape = data.ArrayLayout(RATE_BITS, len(chosen))
        self._schedule = tuple(
            (start, sum(rates[k] << (RATE_BITS * place) for place, k in enumerate(chosen)))
            for start, rates in optimizer.schedule
        )

    def at(self, step: Value) -> Value:
        """The field's value at a step, combinational."""
        return scheduled(self._schedule, step)

    def of_lanes(self, m: Module, sweep: ReadModifyWrite) -> list[Value]:
        """Rate of each lane of the word that a pass gives."""
        values = [sweep.command.rates[0]] * self._layout.lanes
        for section, first in enumerate(self.firsts[1:], 1):
            word, lane = divmod(first, self._layout.lanes)
            early, late = (self._reached(m, sweep, place) for place in (word, word + 1))
            rate = sweep.command.rates[section]
            values = [Mux(early if k >= lane else late, rate, value) for k, value in enumerate(values)]
        return values

    def _reached(self, m: Module, sweep: ReadModifyWrite, word: int) -> Value:
        """Whether the word that a pass gives is this one or a later one."""
        if not 0 < word < self._layout.words:
            return Const(word <= 0)
        reached = Signal(name=f"reached_{word}")
        with m.If(sweep.take):
            m.d.sync += reached.eq(sweep.word >= word)
        return reached


class OptimizerMemory(Component):
    """The words of theta, and of M with momentum, and one pass over them for every sweep.

    Parameters
    ----------
    optimizer : golden.optimizer.Optimizer
    layout : golden.layout.Layout

    Members
    -------
    command : stream in, one a pass: whether theta (and M) is updated, and the step, which chooses rates and
        draws.
    gradient : stream in, `layout.words` words of G a pass.
    parameters : stream out, `layout.words` words of theta a pass, after the update. One clock after
        the gradient, two with momentum, one word a clock. With stochastic rounding and no momentum a command
        is taken one clock ahead of its gradient.
    saturated : high for one clock when a word of theta, or of the M that changes it, saturates.
    host : words of theta by parameter index.
    host_momentum : with momentum, words of M by parameter index.
    """

    def __init__(self, optimizer: Optimizer, layout: Layout):
        self.optimizer = optimizer
        self.layout = layout
        members = {
            "command": In(stream.Signature(data.StructLayout({"update": 1, "step": 32}))),
            "gradient": In(stream.Signature(lane_words(optimizer.gradient_bits, layout.lanes))),
            "parameters": Out(stream.Signature(lane_words(optimizer.bits, layout.lanes))),
            "saturated": Out(1),
            "host": In(HostPort()),
        }
        if optimizer.momentum:
            members["host_momentum"] = In(HostPort())
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        optimizer, lanes, bits = self.optimizer, self.layout.lanes, self.optimizer.bits
        rates = Rates(optimizer, self.layout)
        command = self._command(m, rates)
        if optimizer.momentum:
            m.submodules.momentum = memory = MomentumMemory(optimizer, self.layout, rates, command.payload.shape())
            connect(m, flipped(self.host_momentum), memory.host)
            connect(m, flipped(self.gradient), memory.gradient)
            connect(m, command, memory.command)
            # Each word of M comes with the command it belongs to.
            held = stream.Signature(data.StructLayout({"update": 1})).create(path=("held",))
            m.d.comb += [held.valid.eq(1), held.payload.update.eq(memory.held.update)]
            key = memory.held.key if optimizer.stochastic else None
            sweep = ReadModifyWrite(
                m, self.layout, bits, host=self.host, words=memory.momentum, command=held, result=self.parameters
            )
            changes, shift, before = list(sweep.words.words), FRACTION, sweep.words.saturated
        else:
            key = command.payload.key if optimizer.stochastic else None
            sweep = ReadModifyWrite(
                m, self.layout, bits, host=self.host, words=self.gradient, command=command, result=self.parameters
            )
            changes = [sweep.words[lane] * rate for lane, rate in enumerate(rates.of_lanes(m, sweep))]
            shift, before = optimizer.shift, Const(0)
        draws = [None] * lanes if key is None else self._draws(m, sweep, key, shift)
        over = Signal(lanes)
        for lane, (change, draw) in enumerate(zip(changes, draws, strict=True)):
            change_now = Signal(signed(len(change)))
            raw = Signal(signed(max(bits, len(change)) + 2))
            rounded = round_shift(change_now, shift) if draw is None else (change_now + draw) >> shift
            m.d.comb += [
                change_now.eq(Mux(sweep.command.update, change, 0)),
                raw.eq(sweep.value[lane] - rounded),
                over[lane].eq(exceeds(raw, bits)),
                self.parameters.payload[lane].eq(saturate(raw, bits)),
                sweep.data[lane].eq(self.parameters.payload[lane]),
            ]
        m.d.comb += self.saturated.eq(sweep.give & (over.any() | before))
        return m

    def _command(self, m: Module, rates: Rates):
        """Stream of what a pass needs of a command: whether to update, the rates, and the key of the draws."""
        optimizer, offered = self.optimizer, self.command.payload
        fields = {"update": 1, "rates": rates.shape} | ({"key": 64} if optimizer.stochastic else {})
        command = stream.Signature(data.StructLayout(fields)).create(path=("command",))
        derived = Signal(command.payload.shape(), name="derived")
        m.d.comb += [derived.update.eq(offered.update), derived.rates.as_value().eq(rates.at(offered.step))]
        if optimizer.stochastic:
            m.d.comb += derived.key.eq(stream_key(m, optimizer.seed, ROUNDING, offered.step))
        if optimizer.stochastic and not optimizer.momentum:
            # Draws take a clock from their key, which with momentum the pass over M holds.
            m.d.comb += self.command.ready.eq(~command.valid | command.ready)
            with m.If(self.command.ready):
                m.d.sync += [command.valid.eq(self.command.valid), command.payload.eq(derived)]
        else:
            m.d.comb += [command.valid.eq(self.command.valid), command.payload.eq(derived)]
            m.d.comb += self.command.ready.eq(command.ready)
        return command

    def _draws(self, m: Module, sweep: ReadModifyWrite, key: Value, shift: int) -> list[Value]:
        """What is added to each lane of the word that a pass gives before it is rounded down."""
        lanes = self.layout.lanes
        if lanes == 1:
            drawn = mix(m, key, sweep.word[1:]).word_select(sweep.word[0], DRAW_BITS)
        else:
            drawn = Cat(mix(m, key, sweep.word * (lanes // 2) + k) for k in range(lanes // 2))
        bits = Signal(lanes * DRAW_BITS, name="draws")
        with m.If(sweep.take):
            m.d.sync += bits.eq(drawn)
        draws = [bits.word_select(lane, DRAW_BITS) for lane in range(lanes)]
        if shift > DRAW_BITS:
            half = Const(1 << (shift - DRAW_BITS - 1), shift - DRAW_BITS)
            return [Cat(half, draw) for draw in draws]
        return [draw[DRAW_BITS - shift :] for draw in draws]
