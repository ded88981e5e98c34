"""Frames and times of converters, against data sheets and against what others send to the same parts."""

import numpy as np
import pytest

from ohmgrad.golden.blocks.front_ends.spi import clocks
from ohmgrad.golden.blocks.front_ends.spi_adc import ads7950
from ohmgrad.golden.blocks.front_ends.spi_dac import ad5391
from ohmgrad.golden.blocks.front_ends.spi_rail import dac_per_cell, daffodil

HZ = 100_000_000
# Channel, code, and `get_bit_string(0, channel, code)` of daffodil-lib (daffodillib/Board/Components/AD5391BSTZ5.py at
# commit 1b64a41, BSD).
DAFFODIL = [(0, 0x000, 0x00C000), (0, 0x001, 0x00C001), (5, 0xABC, 0x05CABC), (15, 0xFFF, 0x0FCFFF)]
# The same channels and codes by the fields of Linux' driver ad5380: registers of 10 bits, 4 channel + 3, and values of
# 14 bits, code << 14 - 12.
LINUX = [0x00C000, 0x00C004, 0x05EAF0, 0x0FFFFC]
# Channel, and word of manual mode for 0 to 2 Vref: 0x1840 is what the maker's support names for channel 0; Linux'
# driver ti-ads7950 shifts the channel by 7.
ADS7950 = [(0, 0x1840), (1, 0x18C0), (2, 0x1940), (3, 0x19C0)]


def test_frames_of_the_dac_are_the_data_sheets():
    """Address and register stand where daffodil-lib has them; codes are left-aligned, which there they are not.

    daffodil-lib's own boards go through Linux' driver, which agrees with the data sheet and with us.
    """
    dac = ad5391(HZ, (1,))
    for (channel, code, theirs), linux in zip(DAFFODIL, LINUX, strict=True):
        frame = dac.frame(channel, code)
        assert frame == linux
        assert frame >> 14 == theirs >> 14
        assert frame & 0x3FFF == (theirs & 0x3FFF) << 2


def test_frames_of_fourteen_bits_fill_the_register():
    dac = ad5391(HZ, (1,))
    assert dac._replace(bank=dac.bank._replace(bits=14)).frame(3, 0x2ABC) == 0x03EABC


@pytest.mark.parametrize(("channel", "word"), ADS7950)
def test_frames_of_the_adc_are_the_data_sheets(channel, word):
    assert ads7950(HZ, (1,)).frame(channel) == word
    assert ads7950(HZ, (1,), double=False).frame(channel) == word - 0x40


@pytest.mark.parametrize(
    ("nanoseconds", "hz", "expected"), [(33, HZ, 4), (30, HZ, 3), (4.5, HZ, 1), (10, HZ, 1), (33, 12_000_000, 1),
                                        (6000, 77_000_000, 462), (6001, 77_000_000, 463)]
)  # fmt: skip
def test_times_are_rounded_up_to_clocks(nanoseconds, hz, expected):
    assert clocks(nanoseconds, hz) == expected


def test_converters_are_as_fast_as_their_data_sheets_at_100_mhz():
    """A frame of the DAC takes 24 periods of 33 ns at least, here 40 ns; the ADC gives a million samples a second."""
    dac, adc = ad5391(HZ, (1,)), ads7950(HZ, (1,))
    assert (dac.spi.high + dac.spi.low, dac.spi.clocks) == (4, 97)
    assert (adc.spi.high + adc.spi.low, adc.spi.clocks) == (5, 100)
    assert (dac.bank.pulse, dac.bank.settle) == (2, 610)
    assert ads7950(10 * HZ, (1,)).spi.clocks == 1000


@pytest.mark.parametrize(("cells", "buses"), [(1, 1), (37, 2), (625, 1), (625, 8), (625, 40), (33, 3)])
def test_each_cell_has_a_dac_of_its_own(cells, buses):
    """On as few parts as there may be; buses differ by a part at the most."""
    rail = dac_per_cell(HZ, cells, buses)
    assert len(set(rail.outputs)) == len(rail.outputs) == cells
    assert rail.dac.bank.parts == sum(rail.dac.buses) == -(-cells // 16) > max(part for part, _ in rail.outputs)
    assert max(rail.dac.buses) - min(rail.dac.buses) <= 1


def test_daffodil_is_wired_as_its_library_says():
    rail = daffodil(HZ, 5, 7)
    assert (rail.outputs[0], rail.outputs[15], rail.outputs[16], rail.outputs[24]) == ((0, 0), (0, 15), (1, 0), (1, 8))
    assert (rail.inputs[0], rail.inputs[3], rail.inputs[4], rail.inputs[24]) == ((0, 0), (0, 3), (1, 0), (6, 0))


def test_wave_holds_the_frame():
    spi = ad5391(HZ, (1,)).spi
    wave = spi.wave(0x05EAF0)
    falls = np.flatnonzero((wave[:-1, 1] == 1) & (wave[1:, 1] == 0))
    assert int("".join(map(str, wave[falls, 2])), 2) == 0x05EAF0
    assert wave.shape == (97, 3) and wave[-1].tolist() == [1, 0, 0]
