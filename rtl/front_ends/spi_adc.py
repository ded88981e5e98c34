"""Serial ADCs; see `golden.blocks.front_ends.spi_adc`."""

from typing import ClassVar

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.front_ends.spi_adc import CHANNELS, CODE_BITS, LATENCY, MANUAL, SpiAdc
from ..lib.streams import transfer
from .spi import SpiBus, find, pins


def channel_layout(parts: int) -> data.StructLayout:
    """Payload of a command: part and channel."""
    return data.StructLayout({"part": range(max(2, parts)), "channel": range(CHANNELS)})


def reading_layout(parts: int) -> data.StructLayout:
    """Payload of a reading: part and channel, and code."""
    return data.StructLayout({"part": range(max(2, parts)), "channel": range(CHANNELS), "code": CODE_BITS})


class SpiAdcBus(Component):
    """The converters of one bus: names channels to them, and gives what they answer two frames later.

    With no command waiting, a part that owes answers gets frames that name no channel, the lowest number first.

    Parameters
    ----------
    adc : golden.blocks.front_ends.spi_adc.SpiAdc
    parts : int
        Parts on this bus.

    Members
    -------
    command, reading : as in `SpiAdcs`, with part numbers of this bus.
    fault : as there.
    select, sclk, mosi, miso : pins of `SpiBus`.
    """

    def __init__(self, adc: SpiAdc, parts: int):
        self.adc, self.parts = adc, parts
        super().__init__(
            {
                "command": In(stream.Signature(channel_layout(parts))),
                "reading": Out(stream.Signature(reading_layout(parts))),
                "fault": Out(1),
                **pins(parts),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.bus = bus = SpiBus(self.adc.spi, self.parts)
        m.d.comb += [getattr(self, name).eq(getattr(bus, name)) for name in ("select", "sclk", "mosi")]
        m.d.comb += bus.miso.eq(self.miso)
        named = data.StructLayout({"valid": 1, "channel": range(CHANNELS)})
        # What each part was asked, the latest frame first.
        asked = [[Signal(named, name=f"asked{part}_{age}") for age in range(LATENCY)]
                 for part in range(self.parts)]  # fmt: skip
        owing = Signal(self.parts, name="owing")
        m.d.comb += owing.eq(Cat(Cat(entry.valid for entry in entries).any() for entries in asked))
        part, taken = Signal.like(bus.frame.payload.part, name="part"), Signal(name="taken")
        for number in reversed(range(self.parts)):
            with m.If(owing[number]):
                m.d.comb += part.eq(number)
        with m.If(self.command.valid):
            m.d.comb += part.eq(self.command.payload.part)
        channel = self.command.payload.channel
        word = Cat(Const(0, 6), Const(self.adc.double, 1), channel, Const(0, 4 - len(channel)), 1, Const(MANUAL, 4))
        # A frame begins when what the last one brought has been taken.
        free = ~self.reading.valid
        m.d.comb += [
            bus.frame.valid.eq((self.command.valid | owing.any()) & free),
            bus.frame.payload.part.eq(part),
            bus.frame.payload.word.eq(Mux(self.command.valid, word, 0)),
            taken.eq(transfer(bus.frame)),
            self.command.ready.eq(bus.frame.ready & free),
        ]
        expected = self._remember(m, asked, part, taken, named)
        self._answer(m, bus, expected)
        return m

    def _remember(self, m: Module, asked, part, taken, named) -> Signal:
        """Note what a frame asks; what the answer to it is of, and its part, from the next clock on."""
        expected = Signal(data.StructLayout({"part": part.shape(), "of": named}), name="expected")
        oldest = Array(entries[-1] for entries in asked)
        with m.If(taken):
            m.d.sync += [expected.part.eq(part), expected.of.eq(oldest[part])]
            for number, entries in enumerate(asked):
                with m.If(part == number):
                    m.d.sync += [late.eq(early) for early, late in zip(entries, entries[1:], strict=False)]
                    m.d.sync += [entries[0].valid.eq(self.command.valid)]
                    m.d.sync += entries[0].channel.eq(self.command.payload.channel)
        return expected

    def _answer(self, m: Module, bus: SpiBus, expected) -> None:
        """Give the code of a frame, and check the channel that the part says it is of."""
        reading = self.reading.payload
        address = bus.answer[CODE_BITS:]
        m.d.sync += self.fault.eq(bus.done & expected.of.valid & (address != expected.of.channel))
        with m.If(self.reading.ready):
            m.d.sync += self.reading.valid.eq(0)
        with m.If(bus.done & expected.of.valid):
            m.d.sync += [self.reading.valid.eq(1), reading.part.eq(expected.part)]
            m.d.sync += [reading.channel.eq(expected.of.channel), reading.code.eq(bus.answer)]


class SpiAdcs(Component):
    """Reads channels of the converters on several buses at once.

    A command waits until its bus is free; those of different buses overlap as far as their order allows. Readings of
    one part come in the order of its commands; each is sampled as select falls for the second frame of its part
    after the one that named it. With no command waiting, frames without one are sent until all have come.

    Parameters
    ----------
    adc : golden.blocks.front_ends.spi_adc.SpiAdc

    Members
    -------
    command : stream in, `channel_layout`.
    reading : stream out, `reading_layout`.
    fault : high for one clock when a part answers for another channel than it was asked for, as when it was reset.
    select, sclk, mosi, miso : pins as in `SpiBus`; a select line (CS) for each part, clock, data in (SDI) and data
        out (SDO) for each bus.
    """

    PINS: ClassVar[dict[str, str]] = {
        "select": "CS of each ADC, active low, the first part lowest",
        "sclk": "SCLK of the ADCs of each bus",
        "mosi": "SDI of the ADCs of each bus",
        "miso": "SDO of the ADCs of each bus; timed by its clock, not synchronised",
    }

    def __init__(self, adc: SpiAdc):
        self.adc = adc
        buses = len(adc.buses)
        super().__init__(
            {
                "command": In(stream.Signature(channel_layout(adc.parts))),
                "reading": Out(stream.Signature(reading_layout(adc.parts))),
                "fault": Out(1),
                "select": Out(adc.parts, init=(1 << adc.parts) - 1),
                "sclk": Out(buses),
                "mosi": Out(buses),
                "miso": In(buses),
            }
        )

    def elaborate(self, platform):
        m = Module()
        buses = [SpiAdcBus(self.adc, size) for size in self.adc.buses]
        reading, free = self.reading, Signal(name="free")
        m.d.comb += free.eq(~reading.valid | reading.ready)
        with m.If(free):
            m.d.sync += reading.valid.eq(0)
        bus, local = find(m, self.adc.buses, self.command.payload.part)
        first, granted = 0, Const(0)
        for number, (unit, size) in enumerate(zip(buses, self.adc.buses, strict=True)):
            m.submodules[f"bus{number}"] = unit
            m.d.comb += [
                unit.command.valid.eq(self.command.valid & (bus == number)),
                unit.command.payload.part.eq(local),
                unit.command.payload.channel.eq(self.command.payload.channel),
                unit.reading.ready.eq(free & ~granted),
                unit.miso.eq(self.miso[number]),
                self.sclk[number].eq(unit.sclk),
                self.mosi[number].eq(unit.mosi),
            ]
            with m.If(transfer(unit.reading)):
                m.d.sync += [
                    reading.valid.eq(1),
                    reading.payload.part.eq(first + unit.reading.payload.part),
                    reading.payload.channel.eq(unit.reading.payload.channel),
                    reading.payload.code.eq(unit.reading.payload.code),
                ]
            first, granted = first + size, granted | unit.reading.valid
        m.d.comb += self.command.ready.eq(Array(unit.command.ready for unit in buses)[bus])
        m.d.comb += self.select.eq(Cat(unit.select for unit in buses))
        m.d.comb += self.fault.eq(Cat(unit.fault for unit in buses).any())
        return m
