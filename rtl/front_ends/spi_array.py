"""A DAC for each parameter and an ADC for the cost, all serial: the array behind them is the user's."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import Component, In, Out, Signature, connect, flipped

from ...golden.blocks.front_ends.spi_adc import CODE_BITS
from ...golden.blocks.front_ends.spi_rail import SpiRail
from ...golden.chip.chip import Chip
from ..array.port import SAMPLE
from ..array.rails_port import RailPort
from ..lib.streams import transfer
from .spi_rail import SpiRailConverters


class SpiArray(Component):
    """Array of a chip with one rail, external cost and digital weights: parameters on serial DACs, cost from an ADC.

    A code that the ADC gives for the cost is its word: unsigned, or with the middle of its range as zero where the cost
    is signed. Each conversion that the engine asks for begins when the codes before have settled, which the converters
    know; `engine.settle` is what the array takes after that. When the ADC answers for another channel no cost comes any
    more until the array is made safe, so that the guard's timeout raises its fault.

    Parameters
    ----------
    chip : golden.chip.chip.Chip
    rail : golden.blocks.front_ends.spi_rail.SpiRail
        With an output for each parameter, and one input.

    Members
    -------
    array : the engine's side.
    pins : `dac`, `adc` and `applied` of `rtl.front_ends.spi_rail.SpiRailConverters`; `sample`, a stream of the numbers
        of the samples that the array is to be shown (`rtl.array.port.SAMPLE`), which waits until the user takes it.

    Raises
    ------
    ConfigError
        The chip does not fit: its path, rails, the width of its DACs or of its cost words.
    """

    def __init__(self, chip: Chip, rail: SpiRail):
        _check(chip, rail)
        self.chip, self.converters = chip, SpiRailConverters(rail)
        members = self.converters.signature.members
        pins = {name: members[name] for name in ("dac", "adc", "applied")}
        pins["sample"] = Out(stream.Signature(SAMPLE))
        super().__init__({"array": In(RailPort(chip)), "pins": Out(Signature(pins))})

    def elaborate(self, platform):
        m = Module()
        array, pins = self.array, self.pins
        m.submodules.converters = converters = self.converters
        connect(m, flipped(array.sample), flipped(pins.sample))
        connect(m, flipped(array.code), converters.code)
        for name in ("dac", "adc"):
            connect(m, getattr(converters, name), flipped(getattr(pins, name)))
        reading, lost = converters.reading, Signal()
        code = reading.payload[0]
        signed = self.chip.config.cost.signed
        m.d.comb += [
            pins.applied.eq(converters.applied),
            converters.convert.eq(array.convert),
            converters.safe.eq(array.safe),
            array.busy.eq(array.safe & ~converters.secured),
            array.cost.valid.eq(reading.valid & ~lost),
            array.cost.payload.eq(code if signed else code + (1 << CODE_BITS - 1)),
            reading.ready.eq(transfer(array.cost) | lost),
        ]
        with m.If(array.safe):
            m.d.sync += lost.eq(0)
        with m.Elif(converters.fault):
            m.d.sync += lost.eq(1)
        return m


def _check(chip: Chip, rail: SpiRail) -> None:
    """Refuse a chip that this front end cannot serve."""
    config, bits = chip.config, rail.dac.bank.bits
    if chip.path.pulsed:
        problem = 'moves devices by pulses; with serial DACs allowed is "digital"'
        raise chip.error("update.path", f'"{config.update.path}"', problem)
    if not chip.rail:
        raise chip.error("array.rails", config.array.rails, "is not what serial DACs have; allowed is 1")
    if config.weights.dac_bits != bits:
        raise chip.error("weights.dac_bits", config.weights.dac_bits, f"does not fit the DACs; allowed is {bits}")
    if config.cost.word_bits < CODE_BITS:
        problem = f"does not hold a code of the ADC; allowed are integers from {CODE_BITS} to 24"
        raise chip.error("cost.word_bits", config.cost.word_bits, problem)
