"""Parameters and cost behind serial converters, and pulses behind a driver: the array there is the user's."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import Component, In, Out, Signature, connect, flipped

from ...golden.blocks.front_ends.pulse_driver import PulseDriver
from ...golden.blocks.front_ends.spi_adc import CODE_BITS
from ...golden.blocks.front_ends.spi_rail import SpiRail
from ...golden.chip.chip import Chip
from ..array.rails_port import RailPort
from ..lib.signals import signals
from ..lib.streams import transfer
from .pulse_driver import PulseDriverPins
from .spi_rail import SpiRailConverters

PASSED = ("sample", "line", "target")
"""Streams that go on to the user's logic as they come."""


class SpiArray(Component):
    """Array of a chip with one rail and external cost: a serial DAC for each parameter, an ADC for the cost.

    With digital weights the DACs have the codes w + p a s; with pulsed ones p a s, and pulses go one by one to the
    devices, all of which are over before the perturbation is shown. A code that the ADC gives for the cost is its word:
    unsigned, or with the middle of its range as zero where the cost is signed. Each conversion that the engine asks for
    begins when the codes before have settled, which the converters know; `engine.settle` is what the array takes after
    that. When the ADC answers for another channel, or a device is to get a pulse that has had all its pulses, no cost
    comes any more until the array is made safe, so that the guard's timeout raises its fault.

    Parameters
    ----------
    chip : golden.chip.chip.Chip
    rail : golden.blocks.front_ends.spi_rail.SpiRail
        With an output for each parameter, and one input.
    driver : golden.blocks.front_ends.pulse_driver.PulseDriver, optional
        With a device for each parameter; of a chip whose path pulses devices.
    level : int
        Amplitude of its pulses.

    Members
    -------
    array : the engine's side.
    pins : `dac`, `adc` and `applied` of `rtl.front_ends.spi_rail.SpiRailConverters`; `pulse`, those of
        `rtl.front_ends.pulse_driver.PulseDriverPins` and its counters; and streams of the port that are the user's to
        take: `sample`, which waits until the array is shown that sample, and its codes.

    Raises
    ------
    ConfigError
        The chip does not fit: its rails, the width of its DACs or of its cost words, or a driver without pulses.
    """

    def __init__(self, chip: Chip, rail: SpiRail, driver: PulseDriver | None = None, level: int = 1):
        _check(chip, rail, driver)
        self.chip, self.level = chip, level
        self.converters = SpiRailConverters(rail)
        self.driver = PulseDriverPins(driver) if driver else None
        port, members = RailPort(chip), self.converters.signature.members
        pins = {name: members[name] for name in ("dac", "adc", "applied")}
        pins |= {name: member for name, member in port.members.items() if name in PASSED}
        if self.driver:
            names = ("device", "amplitude", "up", "down", "limited", "host_counts", "host_amplitudes")
            pins["pulse"] = Out(Signature({name: self.driver.signature.members[name] for name in names}))
        super().__init__({"array": In(port), "pins": Out(Signature(pins))})

    def elaborate(self, platform):
        m = Module()
        array, pins = self.array, self.pins
        m.submodules.converters = converters = self.converters
        for name in PASSED:
            if name in pins.signature.members:
                connect(m, flipped(getattr(array, name)), flipped(getattr(pins, name)))
        for name in ("dac", "adc"):
            connect(m, getattr(converters, name), flipped(getattr(pins, name)))
        worn = self._pulses(m, self.driver) if self.driver else self._codes(m)
        reading, lost = converters.reading, Signal(name="lost")
        code = reading.payload[0]
        m.d.comb += [
            pins.applied.eq(converters.applied),
            converters.convert.eq(array.convert),
            converters.safe.eq(array.safe),
            array.busy.eq(array.safe & ~converters.secured),
            array.cost.valid.eq(reading.valid & ~lost),
            array.cost.payload.eq(code if self.chip.config.cost.signed else code + (1 << CODE_BITS - 1)),
            reading.ready.eq(transfer(array.cost) | lost),
        ]
        with m.If(array.safe):
            m.d.sync += lost.eq(0)
        with m.Elif(converters.fault | worn):
            m.d.sync += lost.eq(1)
        return m

    def _codes(self, m: Module) -> Signal:
        """Weights and perturbation are codes."""
        connect(m, flipped(self.array.code), self.converters.code)
        return Signal(name="never")

    def _pulses(self, m: Module, driver: PulseDriverPins) -> Signal:
        """Pulses lane by lane to the driver, then the perturbation to the DACs; whether a device is worn."""
        array, code = self.array, self.converters.code
        pulses, command = array.pulses, driver.command
        lanes, count = self.chip.layout.lanes, self.chip.layout.parameters
        m.submodules.driver = driver
        pins = self.pins.pulse
        for name, member in pins.signature.members.items():
            if member.is_signature:
                connect(m, flipped(getattr(pins, name)), getattr(driver, name))
            else:
                m.d.comb += getattr(pins, name).eq(getattr(driver, name))
        device, lane = Signal(range(count + 1), name="device"), Signal(range(max(2, lanes)), name="lane")
        over, calm = signals("over calm")
        last_lane = lane == lanes - 1
        pulse, step = pulses.payload[lane], Signal(name="step")
        m.d.comb += [
            over.eq(device == count),  # of the last word there is padding
            command.valid.eq(pulses.valid & (pulse != 0) & ~over),
            command.payload.device.eq(device),
            command.payload.level.eq(Mux(pulse < 0, -self.level, self.level)),
            step.eq(pulses.valid & (transfer(command) | (pulse == 0) | over)),
            pulses.ready.eq(step & last_lane),
            driver.enable.eq(array.enable),
            array.transfer.ready.eq(1),
            calm.eq(driver.idle & ~pulses.valid),  # a presentation begins when the pulses before it are over
            code.valid.eq(array.sign.valid & calm),
            array.sign.ready.eq(code.ready & calm),
        ]
        with m.If(step):
            m.d.sync += lane.eq(Mux(last_lane, 0, lane + 1))
            with m.If(~over):
                m.d.sync += device.eq(device + 1)
            with m.If(last_lane & (device >= count - 1)):
                m.d.sync += device.eq(0)
        for k in range(lanes):
            m.d.comb += code.payload[k].eq(array.sign.payload[k] * self.chip.crossbar.amplitude)
        return driver.worn


def _check(chip: Chip, rail: SpiRail, driver: PulseDriver | None) -> None:
    """Refuse a chip that this front end cannot serve."""
    config, bits = chip.config, rail.dac.bank.bits
    if chip.path.pulsed != bool(driver):
        allowed = '"filtered"' if driver else '"digital"; a pulse driver serves "filtered"'
        problem = f"does not fit a front end with{'' if driver else 'out'} a pulse driver; allowed is {allowed}"
        raise chip.error("update.path", f'"{config.update.path}"', problem)
    if not chip.rail:
        raise chip.error("array.rails", config.array.rails, "is not what serial DACs have; allowed is 1")
    if config.weights.dac_bits != bits:
        raise chip.error("weights.dac_bits", config.weights.dac_bits, f"does not fit the DACs; allowed is {bits}")
    if config.cost.word_bits < CODE_BITS:
        problem = f"does not hold a code of the ADC; allowed are integers from {CODE_BITS} to 24"
        raise chip.error("cost.word_bits", config.cost.word_bits, problem)
