"""A driver of pulses onto single devices; see `golden.blocks.front_ends.pulse_driver`."""

from typing import ClassVar

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from ...golden.blocks.front_ends.pulse_driver import PulseDriver
from ..lib.host_port import HostPort
from ..lib.layout import LaneMemory, Sizes
from ..lib.streams import transfer


class PulseDriverPins(Component):
    """Gives single pulses to devices, one after the other, and counts them.

    No pulse leaves while `enable` is low: no command is taken, and a pulse that has begun ends at once.

    Parameters
    ----------
    driver : golden.blocks.front_ends.pulse_driver.PulseDriver

    Members
    -------
    command : stream in, device and signed amplitude; a command without a pulse takes two clocks.
    idle : no pulse is under way, nor its pause.
    enable : the host allows pulses.
    limited, worn : high for one clock when an amplitude was cut down to the step, and when a device that has had all
        its pulses was to get another.
    device, amplitude, up, down : pins; `up` or `down` is high for `driver.width` clocks, while `device` and
        `amplitude` stand, from `driver.setup` clocks before to `driver.dead` clocks after.
    host_counts, host_amplitudes : pulses of each device, and amplitudes of their last ones, which outlive a reset.
    """

    PINS: ClassVar[dict[str, str]] = {
        "device": "number of the device that is pulsed",
        "amplitude": "of the pulse, a code of the driver's DAC",
        "up": "a pulse that raises the device's state is given",
        "down": "a pulse that lowers it is given",
        "limited": "high for one clock when an amplitude was cut down to the step",
        "host_counts": "pulses that each device has had: `{}` of `ohmgrad.rtl.lib.host_port.HostPort`",
        "host_amplitudes": "amplitude of each device's last pulse: `{}` of `ohmgrad.rtl.lib.host_port.HostPort`",
    }

    def __init__(self, driver: PulseDriver):
        self.driver = driver
        device = range(max(2, driver.devices))
        command = data.StructLayout({"device": device, "level": signed(driver.bits + 1)})
        super().__init__(
            {
                "command": In(stream.Signature(command)),
                "idle": Out(1),
                "enable": In(1),
                "limited": Out(1),
                "worn": Out(1),
                "device": Out(device),
                "amplitude": Out(driver.bits),
                "up": Out(1),
                "down": Out(1),
                "host_counts": In(HostPort()),
                "host_amplitudes": In(HostPort()),
            }
        )

    def elaborate(self, platform):
        m, driver = Module(), self.driver
        size, up = Signal(driver.bits, name="size"), Signal(name="up")
        given, count, most = self._memories(m, size)
        left = Signal(range(max(2, driver.setup, driver.width, driver.dead)), name="left")
        pulse = Signal(name="pulse")
        m.d.comb += [self.up.eq(pulse & up & self.enable), self.down.eq(pulse & ~up & self.enable)]
        m.d.sync += [left.eq(left - 1), self.limited.eq(0), self.worn.eq(0)]
        level = self.command.payload.level
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += [self.idle.eq(1), self.command.ready.eq(self.enable)]
                with m.If(transfer(self.command)):
                    m.d.sync += [self.device.eq(self.command.payload.device), size.eq(abs(level)), up.eq(level > 0)]
                    m.next = "CHECK"
            with m.State("CHECK"):
                m.d.sync += [self.amplitude.eq(given), left.eq(driver.setup - 1)]
                m.next = "IDLE"
                with m.If((size != 0) & (count >= driver.limit)):
                    m.d.sync += self.worn.eq(1)
                with m.Elif(size != 0):
                    m.d.comb += self._write.eq(1)
                    m.d.sync += self.limited.eq(size > most)
                    m.next = "SETUP"
            with m.State("SETUP"):
                with m.If(left == 0):
                    m.d.sync += [pulse.eq(1), left.eq(driver.width - 1)]
                    m.next = "PULSE"
            with m.State("PULSE"):
                with m.If((left == 0) | ~self.enable):
                    m.d.sync += [pulse.eq(0), left.eq(driver.dead - 1)]
                    m.next = "DEAD"
            with m.State("DEAD"):
                with m.If(left == 0):
                    m.next = "IDLE"
        return m

    def _memories(self, m: Module, size: Signal) -> tuple[Signal, Signal, Signal]:
        """Read as a command is taken, written with `_write`; amplitude given, count, largest amplitude."""
        driver = self.driver
        self._write = Signal(name="write")
        sizes = Sizes(1, driver.devices)
        m.submodules.counts = counts = LaneMemory(sizes, driver.limit.bit_length() + 1)
        m.submodules.amplitudes = amplitudes = LaneMemory(sizes, driver.bits + 1)
        connect(m, flipped(self.host_counts), counts.host)
        connect(m, flipped(self.host_amplitudes), amplitudes.host)
        for memory in (counts, amplitudes):
            m.d.comb += [
                memory.read.eq(transfer(self.command)),
                memory.read_word.eq(self.command.payload.device),
                memory.write.eq(self._write),
                memory.write_word.eq(self.device),
            ]
        given = Signal(driver.bits, name="given")
        count = Signal(driver.limit.bit_length(), name="count")
        most = Signal(driver.bits + 1, name="most")
        m.d.comb += [
            count.eq(counts.value[0]),
            most.eq(amplitudes.value[0].as_unsigned() + driver.step),
            given.eq(Mux(size > most, most, size)),
            counts.data[0].eq(count + 1),
            amplitudes.data[0].eq(given),
        ]
        return given, count, most
