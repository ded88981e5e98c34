"""Update path `tiki-taka`: pulse trains onto A, its lines through H, pulses onto C.

See `golden.blocks.tiki_taka.tiki_taka`.

    apply, values, line, hidden -> trains ---------------------------> train (A)
                                   cursor -> read; reading -> filter -> train (C)

A sweep's vectors go one after the other: the slots of the trains onto A, if the cost is used, then one onto C,
which is empty unless a line of each layer was read in between.
"""

from amaranth.hdl import Array, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from ...golden.blocks.perturb.outer import RANK_ONE
from ...golden.chip.chip import Chip
from ...golden.chip.memories import memories
from ...golden.chip.memory_map import SAMPLE_WORD
from ...golden.chip.paths import TikiTaka
from ..array.pair import fast_seed
from ..array.port import PULSE
from ..array.reading import request_layout
from ..lib.host_port import HostPort, give_registers
from ..lib.layout import lane_words
from ..lib.streams import fork, transfer
from ..measure.neuron import rails
from ..update.optimizer import scheduled
from ..update.ttv2 import FilterMemory
from .lines import LineCursor
from .pulses import PulseTrains
from .transfer_vector import TransferVector


class TikiTakaLearning(Component):
    """Learning through the fast array.

    Parameters
    ----------
    chip : golden.chip.chip.Chip
    seed : Value

    Members
    -------
    apply : stream in, one a sweep, as `StepSequencer.apply` has it; taken when C's vector has been.
    values, line, hidden : streams in, see `rtl.tiki_taka.pulses`.
    tau_theta : setting.
    pulse : stream out, one a vector, taken with any of its words, before or after.
    train : stream out, the vectors' words, see `rtl.array.coincidence`.
    read : stream out, one a line of A; taken with its last cell. reading : stream in, its codes.
    saturated : high for one clock when a word of H saturates.
    host_filter, host_mean, host_past, host_cursor, host_chopper : see `rtl.update.ttv2`, `rtl.tiki_taka.lines`.
    host_rates : rate of the trains; then thresholds of each entry of the schedule, layer by layer.
    """

    def __init__(self, chip: Chip, seed: Value):
        self.chip = chip
        self.seed = seed
        assert isinstance(chip.path, TikiTaka) and chip.outer
        self.blocks = blocks = chip.path
        lanes = chip.layout.lanes
        self.lined = chip.outer.method != RANK_ONE
        apply = data.StructLayout({"cost": signed(chip.cost.bits), "used": 1, "update": 1, "step": 32})
        members = {
            "apply": In(stream.Signature(apply)),
            "values": In(stream.Signature(lane_words(chip.codes.bits, lanes))),
            "tau_theta": In(32),
            "pulse": Out(stream.Signature(PULSE)),
            "train": Out(stream.Signature(lane_words(2, lanes))),
            "read": Out(stream.Signature(request_layout(chip.layout, blocks.lines))),
            "reading": In(stream.Signature(signed(blocks.settings.read_bits))),
            "saturated": Out(1),
        }
        if self.lined:
            members["line"] = In(stream.Signature(lane_words(chip.crossbar.line_bits, SAMPLE_WORD)))
            if chip.layout.layers:
                members["hidden"] = In(stream.Signature(rails(chip.crossbar.line_bits)))
        members |= {name: In(HostPort()) for name in hosts(chip)}
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        blocks, settings, lines = self.blocks, self.blocks.settings, self.blocks.lines
        m.submodules.ttv2 = self.ttv2 = FilterMemory(blocks.ttv2, lines)
        m.submodules.cursor = self.cursor = LineCursor(settings, lines, self.seed)
        side = ("rows" if settings.rows else "lines") if settings.chopped else None
        m.submodules.pulses = self.trains = PulseTrains(
            blocks.pulses, self.chip.layout, self.lined, side, fast_seed(self.seed)
        )
        m.submodules.transfer_vector = self.vector = TransferVector(self.chip.layout, lines)
        # The layer whose line is read, whether that was asked for, and how many of its cells have come; slot of A.
        self.layer, self.asked = Signal(range(max(2, len(lines.layers))), name="layer"), Signal(name="asked")
        self.count = Signal(range(max(length for _, length in lines.layers) + 1), name="count")
        self.slot = Signal(range(max(2, blocks.pulses.slots)), name="slot")
        vector = self._vector(m)
        thresholds, exponent = self._rates(m, self.trains)
        applied = self._connect(m)
        length = Array(Const(length) for _, length in lines.layers)[self.layer]
        line = self._read(m, thresholds, length)
        begin = "RESCALE" if blocks.ttv2.rescale else "LINE"
        with m.FSM():
            self._wait(m, applied, begin)
            self._pulse_fast(m, begin, vector)
            if blocks.ttv2.rescale:
                self._rescale(m, exponent)
            self._read_line(m, line, length)
            self._pulse_slow(m, applied, vector)
        return m

    def _vector(self, m: Module) -> Value:
        """High in the clock in which the last of a vector is taken: its command, or its last word."""
        word = Signal(range(max(2, self.trains.words)), name="word")
        named, sent = Signal(name="named"), Signal(name="sent")
        self.offered, self.source = Signal(name="offered"), stream.Signature(self.train.payload.shape()).create()
        ends, done = transfer(self.train) & (word == self.trains.words - 1), Signal(name="vector_done")
        m.d.comb += [
            self.pulse.valid.eq(self.offered & ~named),
            self.train.valid.eq(self.offered & self.source.valid & ~sent),
            self.train.payload.eq(self.source.payload),
            self.source.ready.eq(self.offered & self.train.ready & ~sent),
            done.eq((named | transfer(self.pulse)) & (sent | ends)),
        ]
        m.d.sync += [named.eq((named | transfer(self.pulse)) & ~done), sent.eq((sent | ends) & ~done)]
        with m.If(transfer(self.train)):
            m.d.sync += word.eq(Mux(ends, 0, word + 1))
        return done

    def _send(self, m: Module, train) -> None:
        """Offer a vector, whose words come from here."""
        m.d.comb += [
            self.offered.eq(1),
            self.source.valid.eq(train.valid),
            self.source.payload.eq(train.payload),
            train.ready.eq(self.source.ready),
        ]

    def _connect(self, m: Module):
        """Connect the vectors' sources and the host; what a sweep applies, as a stream that is taken at its end."""
        trains, apply, settings = self.trains, self.apply.payload, self.blocks.settings
        connect(m, flipped(self.values), trains.values)
        if self.lined:
            connect(m, flipped(self.line), trains.line)
            if self.chip.layout.layers:
                connect(m, flipped(self.hidden), trains.hidden)
        if settings.chopped:
            m.d.comb += trains.chopper.eq(self.cursor.chopper)
        applied = stream.Signature(1).create(path=("applied",))
        fork(m, self.apply, trains.command, applied)
        m.d.comb += [
            trains.command.payload.use.eq(apply.used),
            trains.command.payload.cost.eq(apply.cost),
            trains.command.payload.number.eq(apply.step),
            self.cursor.step.eq(apply.step),
            self.saturated.eq(self.ttv2.saturated),
        ]
        ports = {"host_filter": self.ttv2.host, "host_cursor": self.cursor.host_cursor}
        if settings.chopped:
            ports["host_chopper"] = self.cursor.host_chopper
        if self.blocks.ttv2.mean:
            ports |= {"host_mean": self.ttv2.host_mean, "host_past": self.ttv2.host_past}
        for name, port in ports.items():
            connect(m, flipped(getattr(self, name)), port)
        return applied

    def _read(self, m: Module, thresholds, length: Value):
        """Give the filter the readings of a line, and its pulses to the slow array's vector; a stream that asks."""
        ttv2, cursor, vector, apply = self.ttv2, self.cursor, self.vector, self.apply.payload
        lines, command, layer = self.blocks.lines, self.ttv2.command.payload, self.layer
        starts = [first + cursor.line * words for first, words in zip(lines.starts, lines.words, strict=True)]
        m.d.comb += [
            cursor.layer.eq(layer),
            self.read.payload.layer.eq(layer),
            self.read.payload.line.eq(cursor.line),
            self.read.payload.step.eq(apply.step),
            command.start.eq(Array(starts)[layer]),
            command.words.eq(length),
            command.value.eq(thresholds[layer]),
            command.chopper.eq(cursor.inverts),
            command.update.eq(apply.update),
            ttv2.reading.valid.eq(self.reading.valid),
            ttv2.reading.payload[0].eq(self.reading.payload),
            self.reading.ready.eq(ttv2.reading.ready),
            ttv2.pulses.ready.eq(1),
            vector.write.eq(transfer(ttv2.pulses)),
            vector.layer.eq(layer),
            vector.line.eq(cursor.line),
            vector.cell.eq(self.count),
            vector.pulse.eq(ttv2.pulses.payload[0]),
            vector.active.eq(apply.update),
        ]
        if self.blocks.ttv2.mean:
            m.d.comb += [command.switched.eq(cursor.switched), command.hold.eq(cursor.hold)]
        line = stream.Signature(1).create(path=("line",))
        fork(m, line, ttv2.command, self.read)
        return line

    def _wait(self, m: Module, applied, begin: str) -> None:
        with m.State("WAIT"):
            with m.If(applied.valid):
                m.next = "SLOW"
                with m.If(self.apply.payload.update):
                    m.next = begin
                with m.If(self.apply.payload.used):
                    m.next = "FAST"

    def _pulse_fast(self, m: Module, begin: str, done: Value) -> None:
        """Send the slots of the trains onto A."""
        slots, slot = self.blocks.pulses.slots, self.slot
        with m.State("FAST"):
            self._send(m, self.trains.train)
            m.d.comb += self.pulse.payload.number.eq(self.apply.payload.step * slots + slot)
            with m.If(done):
                m.d.sync += slot.eq(slot + 1)
                with m.If(slot == slots - 1):
                    m.d.sync += slot.eq(0)
                    m.next = "SLOW"
                    with m.If(self.apply.payload.update):
                        m.next = begin

    def _rescale(self, m: Module, exponent: Value) -> None:
        """Shift all words of H where a new learning rate asks for it."""
        command = self.ttv2.command
        with m.State("RESCALE"):
            m.d.comb += [
                command.payload.start.eq(0),
                command.payload.words.eq(self.blocks.lines.depth),
                command.payload.rescale.eq(exponent),
                command.valid.eq(exponent != 0),
            ]
            with m.If((exponent == 0) | command.ready):
                m.next = "LINE"

    def _read_line(self, m: Module, line, length: Value) -> None:
        """Read a line of each layer, one after the other."""
        layer, asked, count = self.layer, self.asked, self.count
        with m.State("LINE"):
            m.d.comb += line.valid.eq(~asked)
            with m.If(line.ready & ~asked):
                m.d.sync += asked.eq(1)
            with m.If(self.vector.write):
                m.d.sync += count.eq(count + 1)
            with m.If(asked & (count == length)):
                m.d.comb += self.cursor.advance.eq(1)
                m.d.sync += [asked.eq(0), count.eq(0), layer.eq(layer + 1)]
                with m.If(layer == len(self.blocks.lines.layers) - 1):
                    m.d.sync += layer.eq(0)
                    m.next = "SLOW"

    def _pulse_slow(self, m: Module, applied, done: Value) -> None:
        """Send the filter's pulses onto C, or an empty vector."""
        with m.State("SLOW"):
            self._send(m, self.vector.train)
            m.d.comb += [
                self.pulse.payload.slow.eq(1),
                self.pulse.payload.number.eq(self.apply.payload.step),
                self.vector.send.eq(1),
            ]
            with m.If(done):
                m.d.comb += applied.ready.eq(1)
                m.next = "WAIT"

    def _rates(self, m: Module, trains: PulseTrains):
        """Registers of rate and thresholds; the thresholds in force, and the exponent that H is rescaled by."""
        blocks, step = self.blocks, self.apply.payload.step
        bits, entries = blocks.ttv2.bits - 1, blocks.thresholds
        rate = Signal.like(trains.rate, name="rate", init=blocks.pulses.rate)
        registers = [
            [Signal(bits, name=f"threshold_{k}_{layer}", init=value) for layer, value in enumerate(values)]
            for k, (_, values) in enumerate(entries)
        ]
        m.d.comb += trains.rate.eq(rate)
        give_registers(m, self.host_rates, [rate, *(word for row in registers for word in row)])
        numbers = tuple((start, k) for k, (start, _) in enumerate(entries))
        before = Mux(step > self.tau_theta, step - self.tau_theta, 0)[:32]
        now, then = scheduled(numbers, step), scheduled(numbers, before)
        exponents = Array(Const(int(value), signed(8)) for value in blocks.exponents)
        thresholds = [Array(column)[now] for column in zip(*registers, strict=True)]
        return Array(thresholds), exponents[now] - exponents[then]


def hosts(chip: Chip) -> list[str]:
    """Host ports of the loop of a chip."""
    return [memory.port for memory in memories(chip) if memory.path.startswith("engine.tiki_taka")]
