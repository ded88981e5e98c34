"""One rail of an array behind serial converters; see `golden.blocks.front_ends.spi_rail`."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out, Signature

from ...golden.blocks.front_ends.spi_adc import CHANNELS, CODE_BITS
from ...golden.blocks.front_ends.spi_rail import SpiRail
from ..lib.layout import lane_words
from ..lib.signals import read_port, signals
from ..lib.streams import transfer
from .spi_adc import SpiAdcs
from .spi_dac import SpiDacBank


class SpiRailConverters(Component):
    """Applies the codes of a rail, waits until they have settled, and answers each strobe with all readings at once.

    Buses are quiet while outputs settle and are read: the codes of the next rail wait until the readings are in, though
    not until their answer is taken. What lies between DACs and ADCs is the user's; `applied` tells it when.

    Parameters
    ----------
    rail : golden.blocks.front_ends.spi_rail.SpiRail

    Members
    -------
    code : stream in, `rail.words` words of signed codes of as many bits as the DACs have; the last is padded.
    convert : high for one clock: all inputs are to be read, when the codes before have settled; not again before that
        has been answered.
    reading : stream out, all readings of a strobe, signed, in the order of `rail.inputs`.
    safe, secured : as in `rtl.front_ends.dac_bank.DacBankUpdate`.
    applied : pin, from the change of the outputs until other codes come: enables of rows and columns.
    fault : as in `rtl.front_ends.spi_adc.SpiAdcs`.
    dac, adc : pins of `SpiDacBank` and of `SpiAdcs`.
    """

    def __init__(self, rail: SpiRail):
        self.rail = rail
        self.bank, self.adcs = SpiDacBank(rail.dac), SpiAdcs(rail.adc)
        layout = data.ArrayLayout(signed(CODE_BITS), len(rail.inputs))
        bits = rail.dac.bank.bits
        dac_pins, adc_pins = ("select", "sclk", "mosi", "ldac"), ("select", "sclk", "mosi", "miso")
        super().__init__(
            {
                "code": In(stream.Signature(lane_words(bits, rail.lanes))),
                "convert": In(1),
                "reading": Out(stream.Signature(layout)),
                "safe": In(1),
                "secured": Out(1),
                "applied": Out(1),
                "fault": Out(1),
                "dac": Out(_pins(self.bank, dac_pins)),
                "adc": Out(_pins(self.adcs, adc_pins)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.bank, m.submodules.adcs = self.bank, self.adcs
        for pins, unit in ((self.dac, self.bank), (self.adc, self.adcs)):
            for name, member in pins.signature.members.items():
                outside, inside = getattr(pins, name), getattr(unit, name)
                m.d.comb += outside.eq(inside) if member.flow is Out else inside.eq(outside)
        m.d.comb += [self.bank.safe.eq(self.safe), self.secured.eq(self.bank.secured), self.fault.eq(self.adcs.fault)]
        writing, wanted = signals("writing wanted")
        sent, begun = self._write(m, writing)
        asked, ask = self._ask(m)
        gathered = self._gather(m)
        with m.If(self.convert):
            m.d.sync += wanted.eq(1)
        with m.If(begun | self.safe):
            m.d.sync += self.applied.eq(0)
        with m.FSM():
            with m.State("WRITE"):
                m.d.comb += writing.eq(~wanted)
                with m.If(sent):
                    m.next = "UPDATE"
                with m.Elif(wanted & ~self.reading.valid):
                    m.next = "ASK"
            with m.State("UPDATE"):  # safe codes before may still be settling
                with m.If(~self.bank.ldac):
                    m.d.sync += self.applied.eq(1)
                    m.next = "SETTLE"
            with m.State("SETTLE"):
                with m.If(self.bank.settled):
                    m.next = "WRITE"
            with m.State("ASK"):
                m.d.comb += ask.eq(1)
                with m.If(asked):
                    m.next = "GATHER"
            with m.State("GATHER"):
                with m.If(gathered):
                    m.d.sync += [self.reading.valid.eq(1), wanted.eq(0)]
                    m.next = "WRITE"
        return m

    def _write(self, m: Module, writing: Signal) -> tuple[Value, Value]:
        """The codes of the words one by one, each to its place; high for one clock with the last, and with any."""
        rail, code = self.rail, self.bank.code
        count = len(rail.outputs)
        place = data.StructLayout({name: code.payload[name].shape() for name in ("part", "channel")})
        places = [{"part": part, "channel": channel} for part, channel in rail.outputs]
        m.submodules.outputs = table = Memory(shape=place, depth=max(2, count), init=places)
        read = read_port(table)
        index, lane = Signal(range(max(2, count)), name="index"), Signal(range(max(2, rail.lanes)), name="lane")
        last = Signal(name="last")
        following = Signal.like(index, name="following")
        last_lane = last | (lane == rail.lanes - 1)
        m.d.comb += [
            last.eq(index == count - 1),
            following.eq(Mux(transfer(code), Mux(last, 0, index + 1), index)),
            read.addr.eq(following),
            code.valid.eq(self.code.valid & writing),
            code.payload.part.eq(read.data.part),
            code.payload.channel.eq(read.data.channel),
            code.payload.code.eq(_inverted(self.code.payload[lane], rail.dac.bank.bits)),
            code.payload.last.eq(last),
            self.code.ready.eq(transfer(code) & last_lane),
        ]
        m.d.sync += index.eq(following)  # the table is a clock late; after reset the bank takes no code so soon
        with m.If(transfer(code)):
            m.d.sync += lane.eq(Mux(last_lane, 0, lane + 1))
        return transfer(code) & last, transfer(code)

    def _ask(self, m: Module) -> tuple[Signal, Signal]:
        """Commands for all readings, while the second is high; the first is high with the last."""
        rail, command, ask = self.rail, self.adcs.command, Signal(name="ask")
        places = [rail.inputs[k] for k in rail.asked]
        index, last = Signal(range(max(2, len(places))), name="index"), Signal(name="last")
        m.d.comb += [
            last.eq(index == len(places) - 1),
            command.valid.eq(ask),
            command.payload.part.eq(Array(part for part, _ in places)[index]),
            command.payload.channel.eq(Array(channel for _, channel in places)[index]),
        ]
        with m.If(transfer(command)):
            m.d.sync += index.eq(Mux(last, 0, index + 1))
        return transfer(command) & last, ask

    def _gather(self, m: Module) -> Signal:
        """Put what comes to its place; high for one clock after the last of all."""
        rail, source, reading = self.rail, self.adcs.reading, self.reading
        left, done = Signal(range(len(rail.inputs) + 1), init=len(rail.inputs), name="left"), Signal(name="done")
        place = Cat(source.payload.channel, source.payload.part)
        m.d.comb += source.ready.eq(1)
        with m.If(reading.ready):
            m.d.sync += reading.valid.eq(0)
        for number, (part, channel) in enumerate(rail.inputs):
            with m.If(source.valid & (place == part * CHANNELS + channel)):
                m.d.sync += reading.payload[number].eq(_inverted(source.payload.code, CODE_BITS))
        m.d.sync += done.eq(0)
        with m.If(source.valid):
            m.d.sync += left.eq(left - 1)
            with m.If(left == 1):
                m.d.sync += [left.eq(len(rail.inputs)), done.eq(1)]
        return done


def _pins(unit: Component, names: tuple[str, ...]) -> Signature:
    """Signature of some members of a component."""
    return Signature({name: unit.signature.members[name] for name in names})


def _inverted(code, bits: int):
    """The same bits with the highest inverted: between two's complement and offset binary."""
    return code ^ Const(1 << (bits - 1), bits)
