"""Frames and times of converters, against data sheets and against what others send to the same parts."""

from importlib.resources import files

import numpy as np
import pytest

from ohmgrad.golden.blocks.front_ends.spi import clocks
from ohmgrad.golden.blocks.front_ends.spi_adc import ads7950
from ohmgrad.golden.blocks.front_ends.spi_dac import ad5391
from ohmgrad.golden.blocks.front_ends.spi_rail import dac_per_cell, daffodil
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import ConfigError, load
from ohmgrad.golden.chip.front_ends import FRONT_ENDS
from ohmgrad.golden.link.frames import identity
from ohmgrad.scripts.commands.options import FrontEndName

EXAMPLES = files("ohmgrad.examples")
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


SPI = load(str(EXAMPLES / "external_spi.toml"))
GROUPS = {"parameters.groups": [[4, 5]]}
PULSES = {"level": 100, "bits": 8, "width": 50, "limit": 1000}
FILTERED = {"update.path": "filtered", "device": {"states": 100}, "update.reset": "zero"}


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"front_end.kind": "i2c"}, 'front_end.kind: "i2c" is not one of the choices; allowed are spi, parallel.'),
        (
            {"array.rails": None},
            "array.rails: 2 shows both rails at once, and a front end has one bank of DACs; allowed with front_end "
            "is 1.",
        ),
        (
            {"weights.dac_bits": 10},
            'weights.dac_bits: 10 does not fit the DACs of front_end.kind = "spi" (AD5391, ADS7950); allowed is 12.',
        ),
        (
            {"cost.word_bits": 11},
            'cost.word_bits: 11 does not hold a code of the ADC of front_end.kind = "spi" (AD5391, ADS7950); '
            "allowed are integers from 12 to 24.",
        ),
        ({"front_end.safe": 4096}, "front_end.safe: 4096 is no code of the DACs; allowed are integers from 0 to 4095."),
        (
            {"front_end.buses": 3},
            "front_end.buses: 3 is more than the parts for 20 parameters; allowed are integers from 1 to 2.",
        ),
        (
            {"front_end": {"kind": "parallel", "divider": 2}, "cost.word_bits": 14},
            'front_end.divider: 2 has no use with kind = "parallel"; it is allowed with kind = "spi".',
        ),
        (
            {**GROUPS, "perturbation.method": "node"},
            'perturbation.method: "node" takes codes of lines, for which a front end has no converters; allowed with '
            'front_end is "weight".',
        ),
        (
            {**GROUPS, "perturbation.code": "rank-one", "update.path": "tiki-taka", "device": {}, "fast": {}},
            'update.path: "tiki-taka" takes readings of lines, for which a front end has no converters; allowed with '
            'front_end are "digital", "filtered".',
        ),
        (
            {"pulse_driver": PULSES},
            'pulse_driver: the section has no use with update.path = "digital"; '
            'it is allowed with update.path = "filtered".',
        ),
        (
            {"pulse_driver": PULSES, "front_end": None},
            "pulse_driver: the section is a part of a front end; it is allowed with the section front_end.",
        ),
        (
            FILTERED,
            'pulse_driver: missing section, without which nothing pulses devices of update.path = "filtered"; '
            "required in it are level, width, limit.",
        ),
        (
            {**FILTERED, "pulse_driver": {**PULSES, "level": 256}},
            "pulse_driver.level: 256 is no code of 8 bits; allowed are integers from 1 to 255.",
        ),
    ],
)
def test_what_does_not_fit_a_front_end_is_refused(overrides, sentence):
    with pytest.raises(ConfigError) as error:
        SPI.with_(**overrides)
    assert str(error.value) == f"external_spi: {sentence}"


@pytest.mark.parametrize(
    ("example", "sentence"),
    [
        (
            "xor",
            'the section is of an array outside, and array.kind is "emulated"; it is allowed with array.kind = '
            '"external".',
        ),
        (
            "external_network",
            'the section has an ADC for the cost, and cost.source is "outputs"; it is allowed with cost.source = '
            '"external".',
        ),
    ],
)
def test_an_array_without_a_cost_outside_has_no_front_end(example, sentence):
    kind = "external" if example == "external_network" else "emulated"
    with pytest.raises(ConfigError) as error:
        load(str(EXAMPLES / "xor.toml")).with_(**{"front_end.kind": "spi", "array.kind": kind})
    assert str(error.value) == f"xor: front_end: {sentence}"


def test_front_ends_of_the_command_line_are_golden_s():
    assert [front.value for front in FrontEndName] == list(FRONT_ENDS)


def test_a_front_end_is_what_its_section_says():
    """Clocks are those of its clock, rounded up; a first pulse may have the full level, unless a step is given."""
    chip = Chip(SPI.with_(**FILTERED, **{"pulse_driver": PULSES, "front_end.clock": 77_000_000, "front_end.safe": 7}))
    rail, driver = chip.front_end.rail, chip.front_end.driver
    assert rail.dac.bank == ad5391(77_000_000, (1, 1), 7).bank and rail.dac.buses == (1, 1)
    assert (driver.setup, driver.width, driver.dead) == (8, 4, 8)
    assert (driver.devices, driver.step, driver.limit, chip.front_end.level) == (20, 100, 1000, 100)
    assert chip.front_end.commands([0, -1] + [0] * 17 + [1]) == [(1, -100), (19, 100)]


def test_a_trace_knows_nothing_of_the_front_end():
    """The host sees the same chip."""
    assert identity(Chip(SPI)) == identity(Chip(SPI.with_(front_end=None)))
    assert identity(Chip(SPI)) != identity(Chip(SPI.with_(**{"cost.word_bits": 13})))


@pytest.mark.parametrize(("word", "code"), [(-8192, 0x2000), (-1, 0x3FFF), (0, 0), (8191, 0x1FFF)])
def test_codes_of_a_signed_cost_are_twos_complement_where_the_part_has_such(word, code):
    parallel = {"front_end": {"kind": "parallel"}, "cost.word_bits": 14}
    assert Chip(SPI.with_(**parallel, **{"cost.signed": True})).front_end.code(word, True) == code
    assert Chip(SPI.with_(**{"cost.signed": True})).front_end.code(word >> 2, True) == (word >> 2) + 2048
