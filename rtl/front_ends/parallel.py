"""Converters with a word of data lines; see `golden.blocks.front_ends.parallel`."""

from typing import ClassVar

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from ...golden.blocks.front_ends.parallel import ParallelAdc, ParallelDac
from .dac_bank import DacBankUpdate, members


class ParallelDacBank(Component):
    """Writes codes to the input registers of the parts, one after the other, and updates all outputs at once.

    Parameters
    ----------
    dac : golden.blocks.front_ends.parallel.ParallelDac

    Members
    -------
    code, safe, secured, settled, ldac : as in `rtl.front_ends.dac_bank.DacBankUpdate`.
    address, word, write : pins; the channel and its code, and a write line for each part, active low. They come from
        registers.
    """

    PINS: ClassVar[dict[str, str]] = {
        "address": "channel of all DACs",
        "word": "code for all DACs",
        "write": "CS of each DAC, active low, the first part lowest; R/W of all parts is low",
        "ldac": "LDAC of all DACs, active low",
    }

    def __init__(self, dac: ParallelDac):
        self.dac = dac
        bank = dac.bank
        super().__init__(
            {
                **members(bank),
                "address": Out(range(max(2, bank.channels))),
                "word": Out(bank.bits),
                "write": Out(bank.parts, init=(1 << bank.parts) - 1),
            }
        )

    def elaborate(self, platform):
        m, dac = Module(), self.dac
        m.submodules.update = update = DacBankUpdate(dac.bank)
        connect(m, flipped(self.code), update.code)
        m.d.comb += update.safe.eq(self.safe)
        m.d.comb += [getattr(self, name).eq(getattr(update, name)) for name in ("secured", "settled", "ldac")]
        code, part = update.write, Signal.like(update.write.payload.part, name="part")
        left = Signal(range(max(2, dac.setup, dac.strobe, dac.hold)), name="left")
        m.d.sync += left.eq(left - 1)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += [update.idle.eq(1), code.ready.eq(1)]
                with m.If(code.valid):
                    m.d.sync += [self.address.eq(code.payload.channel), self.word.eq(code.payload.code)]
                    m.d.sync += [part.eq(code.payload.part), left.eq(dac.setup - 1)]
                    m.next = "SETUP"
            with m.State("SETUP"):
                with m.If(left == 0):
                    m.d.sync += [self.write.eq(~(1 << part)[: dac.bank.parts]), left.eq(dac.strobe - 1)]
                    m.next = "STROBE"
            with m.State("STROBE"):
                with m.If(left == 0):
                    m.d.sync += [self.write.eq(~0), left.eq(dac.hold - 1)]
                    m.next = "HOLD"
            with m.State("HOLD"):
                with m.If(left == 0):
                    m.next = "IDLE"
        return m


class ParallelAdcReader(Component):
    """Starts a conversion, waits for it, and reads the codes of all channels.

    Parameters
    ----------
    adc : golden.blocks.front_ends.parallel.ParallelAdc

    Members
    -------
    start : high for a clock in which `idle` is high: convert.
    idle : a conversion may be started.
    reading : stream out, channel and code, channel by channel.
    fault : high for one clock when the part was not busy when it should be, or for too long; there are no codes then.
    convert, busy, read, word : pins; `convert` and `read` are active low, and come from registers. `busy` is
        synchronised; `word` is timed by `read`, and looked at in the last clock in which that is low.
    """

    PINS: ClassVar[dict[str, str]] = {
        "convert": "CONVST of the ADC, active low",
        "busy": "BUSY of the ADC; synchronised",
        "read": "RD of the ADC, active low; CS may be low always",
        "word": "data lines of the ADC; timed by RD, not synchronised",
    }

    def __init__(self, adc: ParallelAdc):
        self.adc = adc
        layout = data.StructLayout({"channel": range(max(2, adc.channels)), "code": adc.bits})
        super().__init__(
            {
                "start": In(1),
                "idle": Out(1),
                "reading": Out(stream.Signature(layout)),
                "fault": Out(1),
                "convert": Out(1, init=1),
                "busy": In(1),
                "read": Out(1, init=1),
                "word": In(adc.bits),
            }
        )

    def elaborate(self, platform):
        m, adc, reading = Module(), self.adc, self.reading
        busy = Signal(name="busy")
        m.submodules.busy = FFSynchronizer(self.busy, busy)
        channel = Signal(range(max(2, adc.channels)), name="channel")
        left = Signal(range(max(adc.start, adc.appear, adc.limit, adc.access, adc.recover, adc.quiet)), name="left")
        ended = left == 0
        m.d.sync += [left.eq(left - 1), self.fault.eq(0)]
        with m.If(reading.ready):
            m.d.sync += reading.valid.eq(0)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.idle.eq(1)
                with m.If(self.start):
                    m.d.sync += [self.convert.eq(0), left.eq(adc.start - 1), channel.eq(0)]
                    m.next = "CONVERT"
            with m.State("CONVERT"):
                with m.If(ended):
                    m.d.sync += [self.convert.eq(1), left.eq(adc.appear - 1)]
                    m.next = "APPEAR"
            with m.State("APPEAR"):
                with m.If(ended):
                    m.d.sync += [self.fault.eq(~busy), left.eq(Mux(busy, adc.limit - 1, adc.quiet - 1))]
                    m.next = "QUIET"
                    with m.If(busy):
                        m.next = "BUSY"
            with m.State("BUSY"):
                with m.If(~busy):
                    m.d.sync += left.eq(0)
                    m.next = "RECOVER"
                with m.Elif(ended):
                    m.d.sync += [self.fault.eq(1), left.eq(adc.quiet - 1)]
                    m.next = "QUIET"
            with m.State("RECOVER"):
                m.d.sync += left.eq(left - ~ended)
                with m.If(ended & (~reading.valid | reading.ready)):
                    m.d.sync += [self.read.eq(0), left.eq(adc.access - 1)]
                    m.next = "READ"
            with m.State("READ"):
                with m.If(ended):
                    m.d.sync += [reading.valid.eq(1), reading.payload.channel.eq(channel)]
                    m.d.sync += [reading.payload.code.eq(self.word), self.read.eq(1), channel.eq(channel + 1)]
                    m.d.sync += left.eq(adc.recover - 1)
                    m.next = "RECOVER"
                    with m.If(channel == adc.channels - 1):
                        m.d.sync += left.eq(adc.quiet - 1)
                        m.next = "QUIET"
            with m.State("QUIET"):
                with m.If(ended):
                    m.next = "IDLE"
        return m
