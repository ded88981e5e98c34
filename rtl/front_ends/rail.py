"""One rail of an array behind converters of any kind; `rtl.front_ends.spi_rail` and `parallel_rail` are two."""

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out, Signature

from ...golden.blocks.front_ends.parallel_rail import ParallelRail
from ...golden.blocks.front_ends.rail import Place
from ...golden.blocks.front_ends.spi_rail import SpiRail
from ..lib.layout import lane_words
from ..lib.signals import read_port, signals
from ..lib.streams import transfer


class RailConverters(Component):
    """Applies the codes of a rail, waits until they have settled, and answers each strobe with all readings at once.

    Pins are quiet while outputs settle and are read: the codes of the next rail wait until the readings are in, though
    not until their answer is taken. What lies between DACs and ADCs is the user's; `applied` tells it when. Made safe,
    it forgets the codes of a rail that has not come whole, and readings that nobody has taken.

    Parameters
    ----------
    rail : golden.blocks.front_ends.spi_rail.SpiRail or golden.blocks.front_ends.parallel_rail.ParallelRail
    bank : Component
        The DACs, with `rtl.front_ends.dac_bank.members` and `PINS`.
    adcs : Component
        The ADCs, with `reading`, `fault` and `PINS`.
    answers : int
        Readings that they give for a strobe.

    Members
    -------
    code : stream in, `rail.words` words of signed codes of as many bits as the DACs have; the last is padded.
    convert : high for one clock: all inputs are to be read, when the codes before have settled; not again before that
        has been answered, nor while `safe` is high.
    reading : stream out, all readings of a strobe, signed, in the order of `rail.inputs`.
    safe : as in `rtl.front_ends.dac_bank.DacBankUpdate`.
    secured : outputs have the safe code, and nothing is under way, for as long as `safe` is high.
    applied : pin, from the change of the outputs until other codes come: enables of rows and columns.
    fault : high for one clock when the ADCs cannot be relied upon.
    dac, adc : pins of both.
    """

    SILENT = False
    """A fault of the ADCs takes the place of their readings."""

    def __init__(self, rail: SpiRail | ParallelRail, bank: Component, adcs: Component, answers: int):
        self.rail, self.bank, self.adcs, self.answers = rail, bank, adcs, answers
        layout = data.ArrayLayout(signed(rail.adc.bits), len(rail.inputs))
        super().__init__(
            {
                "code": In(stream.Signature(lane_words(rail.dac.bank.bits, rail.lanes))),
                "convert": In(1),
                "reading": Out(stream.Signature(layout)),
                "safe": In(1),
                "secured": Out(1),
                "applied": Out(1),
                "fault": Out(1),
                "dac": Out(_pins(bank)),
                "adc": Out(_pins(adcs)),
            }
        )

    def ask(self, m: Module, asking: Signal) -> Value:
        """Ask for all readings while `asking` is high; the result is high with the last that is asked for."""
        raise NotImplementedError

    def of(self, reading: data.View, place: Place) -> Value:
        """Whether a reading of the ADCs is of an input."""
        raise NotImplementedError

    def signed(self, code: Value) -> Value:
        """A code of the ADCs with zero in the middle of their range."""
        return inverted(code, self.rail.adc.bits)

    def elaborate(self, platform):
        m = Module()
        m.submodules.bank, m.submodules.adcs = self.bank, self.adcs
        for pins, unit in ((self.dac, self.bank), (self.adc, self.adcs)):
            for name, member in pins.signature.members.items():
                outside, inside = getattr(pins, name), getattr(unit, name)
                m.d.comb += outside.eq(inside) if member.flow is Out else inside.eq(outside)
        writing, wanted, asking = signals("writing wanted asking")
        sent, begun = self._write(m, writing)
        asked, gathered = self.ask(m, asking), self._gather(m)
        m.d.comb += [
            self.bank.safe.eq(self.safe),
            self.fault.eq(self.adcs.fault),
            self.secured.eq(self.bank.secured & writing & ~self.reading.valid),
        ]
        with m.If(self.convert & ~self.safe):
            m.d.sync += wanted.eq(1)
        with m.If(begun | self.safe):
            m.d.sync += self.applied.eq(0)
        with m.FSM():
            with m.State("WRITE"):
                m.d.comb += writing.eq(~wanted)
                with m.If(sent):
                    m.next = "UPDATE"
                with m.Elif(self.safe):
                    m.d.sync += wanted.eq(0)
                with m.Elif(wanted & ~self.reading.valid):
                    m.next = "ASK"
            with m.State("UPDATE"):  # safe codes before may still be settling
                with m.If(~self.bank.ldac):
                    m.d.sync += self.applied.eq(~self.safe)
                    m.next = "SETTLE"
            with m.State("SETTLE"):
                with m.If(self.bank.settled):
                    m.next = "WRITE"
            with m.State("ASK"):
                m.d.comb += asking.eq(1)
                with m.If(asked):
                    m.next = "GATHER"
            with m.State("GATHER"):
                with m.If(gathered | (self.adcs.fault if self.SILENT else Const(0))):
                    m.d.sync += [self.reading.valid.eq(gathered), wanted.eq(0)]
                    m.next = "WRITE"
        return m

    def _write(self, m: Module, writing: Signal) -> tuple[Value, Value]:
        """The codes of the words one by one, each to its place; high for one clock with the last, and with any."""
        rail, code = self.rail, self.bank.code
        count = len(rail.outputs)
        place = data.StructLayout({name: code.payload[name].shape() for name in ("part", "channel")})
        places = [place.const({"part": part, "channel": channel}).as_bits() for part, channel in rail.outputs]
        m.submodules.outputs = table = Memory(shape=place.size, depth=max(2, count), init=places)
        read = read_port(table)
        where = data.View(place, read.data)
        index, lane = Signal(range(max(2, count)), name="index"), Signal(range(max(2, rail.lanes)), name="lane")
        last = Signal(name="last")
        following = Signal.like(index, name="following")
        last_lane = last | (lane == rail.lanes - 1)
        m.d.comb += [
            last.eq(index == count - 1),
            following.eq(Mux(transfer(code), Mux(last, 0, index + 1), index)),
            read.addr.eq(following),
            code.valid.eq(self.code.valid & writing),
            code.payload.part.eq(where.part),
            code.payload.channel.eq(where.channel),
            code.payload.code.eq(inverted(self.code.payload[lane], rail.dac.bank.bits)),
            code.payload.last.eq(last),
            self.code.ready.eq(transfer(code) & last_lane),
        ]
        m.d.sync += index.eq(following)  # the table is a clock late; after reset the bank takes no code so soon
        with m.If(transfer(code)):
            m.d.sync += lane.eq(Mux(last_lane, 0, lane + 1))
        with m.If(self.safe):
            m.d.sync += [index.eq(0), lane.eq(0)]
        return transfer(code) & last, transfer(code)

    def _gather(self, m: Module) -> Signal:
        """Put what comes to its place; high for one clock after the last of all."""
        rail, source, reading = self.rail, self.adcs.reading, self.reading
        left, done = Signal(range(self.answers + 1), init=self.answers, name="left"), Signal(name="done")
        code = source.payload.code
        m.d.comb += source.ready.eq(1)
        with m.If(reading.ready | self.safe):
            m.d.sync += reading.valid.eq(0)
        for index, place in enumerate(rail.inputs):
            with m.If(source.valid & (self.of(source.payload, place))):
                m.d.sync += reading.payload[index].eq(self.signed(code))
        m.d.sync += done.eq(0)
        with m.If(source.valid):
            m.d.sync += left.eq(left - 1)
            with m.If(left == 1):
                m.d.sync += [left.eq(self.answers), done.eq(1)]
        return done


def _pins(unit: Component) -> Signature:
    """Signature of the pins of a component."""
    return Signature({name: unit.signature.members[name] for name in unit.PINS if name in unit.signature.members})


def inverted(code, bits: int):
    """The same bits with the highest inverted: between two's complement and offset binary."""
    return code ^ Const(1 << (bits - 1), bits)
