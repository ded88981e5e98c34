"""Converters with a word of data lines: a DAC that is written by a strobe, an ADC that is started, waited for and read.

Examples of such parts: Burr-Brown DAC7624 and Analog Devices AD7865, with the times of their data sheets.
"""

from typing import NamedTuple

from .dac_bank import DacBank
from .spi import clocks


class ParallelDac(NamedTuple):
    """Configuration of a bank of parallel DACs.

    Attributes
    ----------
    bank : DacBank
        Parts, channels, codes, update.
    setup, strobe, hold : int
        Clocks, from 1, for which address and data stand before the write line is low, for which it is low, and for
        which they stand after that.
    """

    bank: DacBank
    setup: int
    strobe: int
    hold: int

    @property
    def clocks(self) -> int:
        """Clocks from one write to the next."""
        return self.setup + self.strobe + self.hold + 1


class ParallelAdc(NamedTuple):
    """Configuration of a parallel ADC, which samples all channels at once.

    Attributes
    ----------
    bits : int
        Width of a code.
    channels : int
        Codes that are read after a conversion, in this order.
    start : int
        Clocks, from 1, for which the convert line is low; its rising edge is the sampling instant.
    appear : int
        Clocks, from 3, after it, by which the busy line is high; two more than the part takes: it is synchronised.
    limit : int
        Clocks after that by which the busy line must be low again.
    access, recover : int
        Clocks, from 1, for which the read line is low, and high between two reads.
    quiet : int
        Clocks, from 1, from the last read to the next conversion.
    twos : bool
        Codes are two's complement, else straight binary.
    """

    bits: int
    channels: int
    start: int
    appear: int
    limit: int
    access: int
    recover: int
    quiet: int
    twos: bool = False


def dac7624(hz: int, parts: int, settle: int, safe: int = 0) -> ParallelDac:
    """A bank of DAC7624 (data sheet, table II), four channels of 12 bits; `settle` in nanoseconds."""
    pulse = clocks(50, hz)  # tLWD
    bank = DacBank(parts, 4, 12, 1, pulse, max(pulse + 1, clocks(settle, hz)), safe)
    return ParallelDac(bank, setup=1, strobe=clocks(50, hz), hold=1)  # tAS and tDS, tWCS, tAH and tDH


def ad7865(hz: int, channels: int = 4, twos: bool = False) -> ParallelAdc:
    """AD7865 (data sheet, Rev. B, timing characteristics): up to four channels of 14 bits, with its internal clock.

    Codes of AD7865-1 and AD7865-3 are two's complement, those of AD7865-2 straight binary.
    """
    return ParallelAdc(
        bits=14,
        channels=channels,
        start=clocks(35, hz),  # t1
        appear=clocks(70, hz) + 3,  # t2
        limit=2 * clocks(2400 * channels, hz),  # tCONV, and as much again
        access=clocks(40 + 10, hz),  # t6, which is longer than t5, and 10 ns for wires and pads
        recover=clocks(15, hz),  # t8
        quiet=clocks(350, hz),  # tACQ
        twos=twos,
    )
