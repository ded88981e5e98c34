"""Parameters and cost behind converters, and pulses behind a driver: the array there is the user's."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import Component, In, Out, Signature, connect, flipped

from ...golden.blocks.front_ends.converter_array import ConverterArray
from ...golden.blocks.front_ends.parallel_rail import ParallelRail
from ...golden.blocks.front_ends.spi_rail import SpiRail
from ...golden.chip.chip import Chip
from ..array.rails_port import RailPort
from ..lib.signals import signals
from ..lib.streams import transfer
from .parallel_rail import ParallelRailConverters
from .pulse_driver import PulseDriverPins
from .spi_rail import SpiRailConverters

PASSED = ("sample", "line", "target")
"""Streams that go on to the user's logic as they come."""
CONVERTERS = {SpiRail: SpiRailConverters, ParallelRail: ParallelRailConverters}
"""What serves a rail, by its configuration."""
APPLIED = "high from the change of the DACs until other codes come: enables of rows and columns"
STREAM = "`{1}` of the stream `{0}` of `ohmgrad.rtl.array.rails_port.RailPort`"


class ConverterArrayPins(Component):
    """Array of a chip with one rail and external cost: a DAC for each parameter, an ADC for the cost.

    With digital weights the DACs have the codes w + p a s; with pulsed ones p a s, and pulses go one by one to the
    devices, all of which are over before the perturbation is shown. A code that the ADC gives for the cost is its word:
    unsigned, or with the middle of its range as zero where the cost is signed. Each conversion that the engine asks for
    begins when the codes before have settled, which the converters know; `engine.settle` is what the array takes after
    that. When the ADC is not to be relied upon, or a device that has had all its pulses is to get one, that is a fault.

    Parameters
    ----------
    chip : golden.chip.chip.Chip
        One that the front end fits, as `golden.chip.checks_front_end` has it.
    front : golden.blocks.front_ends.converter_array.ConverterArray

    Members
    -------
    array : the engine's side, see `rtl.array.rails_port.RailPort`.
    pins : `dac`, `adc` and `applied` of `rtl.front_ends.rail.RailConverters`; `pulse`, those of
        `rtl.front_ends.pulse_driver.PulseDriverPins` and its counters; and streams of the port that are the user's to
        take: `sample`, which waits until the array is shown that sample, and its codes.
    """

    def __init__(self, chip: Chip, front: ConverterArray):
        self.chip, self.front = chip, front
        self.converters = CONVERTERS[type(front.rail)](front.rail)
        self.driver = PulseDriverPins(front.driver) if front.driver else None
        port, members = RailPort(chip), self.converters.signature.members
        pins = {name: members[name] for name in ("dac", "adc", "applied")}
        pins |= {name: member for name, member in port.members.items() if name in PASSED}
        if self.driver:
            pins["pulse"] = Out(Signature({name: self.driver.signature.members[name] for name in self.driver.PINS}))
        super().__init__({"array": In(port), "pins": Out(Signature(pins))})

    def meaning(self, pin: str, *names: str) -> str:
        """What a port is for, by its place in `pins`."""
        own = {"dac": self.converters.bank, "adc": self.converters.adcs, "pulse": self.driver}
        if pin in own:
            return own[pin].PINS[names[0]].format(*names[1:])
        return STREAM.format(pin, *names) if names else APPLIED

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
        reading, signed = converters.reading, self.chip.config.cost.signed
        code = reading.payload[0]
        m.d.comb += [
            pins.applied.eq(converters.applied),
            converters.convert.eq(array.convert),
            converters.safe.eq(array.safe),
            array.busy.eq(array.safe & ~converters.secured),
            array.cost.valid.eq(reading.valid),
            array.cost.payload.eq(code if signed else code + (1 << self.front.adc_bits - 1)),
            reading.ready.eq(array.cost.ready),
            array.fault.eq(converters.fault | worn),
        ]
        return m

    def _codes(self, m: Module) -> Signal:
        """Weights and perturbation are codes."""
        connect(m, flipped(self.array.code), self.converters.code)
        return Signal(name="never")

    def _pulses(self, m: Module, driver: PulseDriverPins) -> Signal:
        """Pulses lane by lane to the driver, then the perturbation to the DACs; whether a device is worn."""
        array, code, level = self.array, self.converters.code, self.front.level
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
            command.payload.level.eq(Mux(pulse < 0, -level, level)),
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
        with m.If(array.safe):  # a word that was cut off is not gone on with
            m.d.sync += [device.eq(0), lane.eq(0)]
        for k in range(lanes):
            m.d.comb += code.payload[k].eq(array.sign.payload[k] * self.chip.crossbar.amplitude)
        return driver.worn
