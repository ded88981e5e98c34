"""Pulsed devices of the emulated array: made from their seed, moved by pulses; see `golden.blocks.array.devices`."""

from amaranth.hdl import Cat, Const, Module, Mux, ResetInserter, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.array.crossbar import Crossbar
from ...golden.blocks.array.devices import (
    CONSTANT_STEP,
    MODELS,
    NOISE_BITS,
    SLOPE_BITS,
    SOFT_BOUNDS,
    SPREAD_BITS,
    Devices,
)
from ...golden.blocks.lib.fixed import limit
from ...golden.blocks.lib.kinds import unlisted
from ...golden.blocks.lib.layout import Layout
from ...golden.blocks.lib.mixer import CYCLE, DEVICE
from ..lib.host_port import HostPort
from ..lib.layout import lane_words
from ..lib.mixer import Seed, item_key, mix
from ..lib.read_modify_write import ReadModifyWrite
from ..lib.signals import read_port, write_port


class DeviceArray(Component):
    """States of the pulsed devices, and one pass of pulses over them for every sweep.

    Parameters
    ----------
    crossbar : golden.blocks.array.crossbar.Crossbar
    devices : golden.blocks.array.devices.Devices
    layout : golden.blocks.lib.layout.Layout
    seed : rtl.lib.mixer.Seed, optional
        In place of that of `devices`; when it is renewed the devices are made anew.

    Members
    -------
    command : stream in, one a pass: number of the transfer, which seeds the cycle noise.
    pulses : stream in, `layout.words` words of pulses a pass, lanes of signed(2).
    weight : stream out, `layout.words` words of weight codes a pass, after the pulses.
    busy : after reset, and with another seed, while the devices are being made from it.
    host : states by parameter index; `value` stands after two clocks.
    """

    def __init__(self, crossbar: Crossbar, devices: Devices, layout: Layout, seed: Seed | None = None):
        self.seed = seed or Seed(Const(devices.seed, 32), Const(0))
        self.crossbar = crossbar
        self.devices = devices
        self.layout = layout
        super().__init__(
            {
                "command": In(stream.Signature(32)),
                "pulses": In(stream.Signature(lane_words(2, layout.lanes))),
                "weight": Out(stream.Signature(lane_words(crossbar.weight_bits, layout.lanes))),
                "busy": Out(1),
                "host": In(HostPort()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        devices, layout = self.devices, self.layout
        foundry = DeviceFoundry(devices, layout, self.seed.value)
        m.submodules.foundry = ResetInserter(self.seed.renewed)(foundry)
        m.d.comb += self.busy.eq(foundry.busy)
        sweep = ReadModifyWrite(
            m, layout, devices.bits, host=self.host, words=self.pulses, command=self.command, result=self.weight
        )
        m.d.comb += self.host.value.eq(sweep.memory.host.value)  # a clock earlier, for `rtl.array.reading`
        m.d.comb += [foundry.read.eq(sweep.accept), foundry.read_word.eq(sweep.read_index)]
        key = Signal(64, name="key")
        m.d.comb += key.eq(item_key(m, self.seed.value, CYCLE, sweep.command))
        draws = []
        for pair in range(-(-layout.lanes // 2)):
            # Two devices share 32 random bits, by the parity of their index.
            if layout.lanes == 1:
                draws.append(mix(m, key, sweep.write_index >> 1).word_select(sweep.write_index[0], 16))
            else:
                bits = mix(m, key, sweep.write_index * (layout.lanes // 2) + pair)
                draws += [bits[:16], bits[16:]]
        for lane in range(layout.lanes):
            state, pulse = sweep.value[lane], sweep.words[lane]
            after = self._pulse(m, state, pulse < 0, normal(draws[lane]), foundry.device[lane])
            m.d.comb += sweep.data[lane].eq(Mux(pulse == 0, state, after))
            m.d.comb += self.weight.payload[lane].eq(sweep.data[lane] >> self.crossbar.drop)
        return m

    def _pulse(self, m: Module, state: Value, down: Value, draw: Value, device) -> Value:
        """State after one pulse; see `golden.blocks.array.devices.pulse`."""
        step = Signal(signed(self.devices.slope_bits + 2), name="step")
        noisy = Signal(signed(len(step) + NOISE_BITS + 2), name="noisy")
        moved = Signal(signed(len(noisy)), name="moved")
        slope = Mux(down, device.slope_down, device.slope_up) * Mux(down, -state, state)
        m.d.comb += [
            step.eq(Mux(down, device.step_down, device.step_up) - (slope >> SLOPE_BITS)),
            noisy.eq((step * ((1 << NOISE_BITS) + self.devices.noise * draw)) >> NOISE_BITS),
            moved.eq(Mux(down, state - noisy, state + noisy)),
        ]
        low = 0 - device.bound_down
        return Mux(moved < low, low, Mux(moved > device.bound_up, device.bound_up, moved))


class DeviceFoundry(Component):
    """Makes every device's constants from the seed after reset, and then shows them a word at a time.

    Takes about `SLOPE_BITS + step_bits` clocks a device: one serial divider makes the slopes.

    Members
    -------
    busy : while the devices are being made.
    read, read_word : the word that `device` shows from the next clock, and its strobe.
    device : constants of the lanes, see `golden.blocks.array.devices.Devices.sample`.
    """

    def __init__(self, devices: Devices, layout: Layout, seed: Value | None = None):
        self.seed = devices.seed if seed is None else seed
        if devices.model not in SLOPES:
            raise unlisted("model of the devices", devices.model, MODELS)
        self.devices = devices
        self.layout = layout
        step, slope, bound = devices.step_bits, devices.slope_bits, devices.bits - 1
        self.constants = data.StructLayout(
            {
                "step_up": step, "step_down": step, "slope_up": slope, "slope_down": slope,
                "bound_up": bound, "bound_down": bound,
            }
        )  # fmt: skip
        super().__init__(
            {
                "busy": Out(1, init=1),
                "read": In(1),
                "read_word": In(range(max(2, layout.words))),
                "device": Out(data.ArrayLayout(self.constants, layout.lanes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        devices, layout = self.devices, self.layout
        index = Signal(range(layout.words * layout.lanes), name="index")
        made = Signal(self.constants, name="made")
        write = Signal(name="write")
        self._memories(m, index, made, write)
        steps, bounds = self._samples(m, index)
        slopes = SLOPES[devices.model]
        with m.FSM():
            with m.State("DRAW"):
                m.next = "SPREAD"
            with m.State("SPREAD"):
                m.d.sync += [
                    made.step_up.eq(steps[0]),
                    made.step_down.eq(steps[1]),
                    made.bound_up.eq(bounds[0]),
                    made.bound_down.eq(bounds[1]),
                ]
                m.next = "SLOPES" if slopes else "STORE"
            if slopes:
                slopes(m, devices, made)
            with m.State("STORE"):
                m.d.comb += write.eq(1)
                m.d.sync += index.eq(index + 1)
                m.next = "DRAW"
                with m.If(index == layout.words * layout.lanes - 1):
                    m.d.sync += self.busy.eq(0)
                    m.next = "DONE"
            with m.State("DONE"):
                pass
        return m

    def _memories(self, m: Module, index: Signal, made: Signal, write: Signal) -> None:
        """The constants by lane and word: read a word at a time, written a device at a time."""
        shift = (self.layout.lanes - 1).bit_length()
        for lane in range(self.layout.lanes):
            memory = Memory(shape=self.constants, depth=max(2, self.layout.words), init=[])
            m.submodules[f"lane{lane}"] = memory
            reader, writer = read_port(memory), write_port(memory)
            m.d.comb += [
                reader.en.eq(self.read),
                reader.addr.eq(self.read_word),
                self.device[lane].eq(reader.data),
                writer.en.eq(write & (Value.cast(index)[:shift] == lane)),
                writer.addr.eq(index >> shift),
                writer.data.eq(made),
            ]

    def _samples(self, m: Module, index: Signal) -> tuple[tuple[Value, Value], tuple[Value, Value]]:
        """Steps up and down, and both bounds, of a device, a clock after its index."""
        devices = self.devices
        key = Signal(64, name="key")
        m.d.sync += key.eq(item_key(m, self.seed, DEVICE, index))
        n_step, n_skew, n_up, n_down = (normal(key.word_select(k, 16)) for k in range(4))
        one = 1 << SPREAD_BITS
        base = (devices.step * (one + devices.step_spread * n_step)) >> SPREAD_BITS
        skew = (devices.step * devices.asymmetry * n_skew) >> SPREAD_BITS

        def at_least_one(value: Value, most: int) -> Value:
            return Mux(value < 1, 1, Mux(value > most, most, value))

        def bound(n: Value) -> Value:
            value = (devices.bound * (one + devices.bound_spread * n)) >> SPREAD_BITS
            return at_least_one(value, limit(devices.bits))

        most = (1 << devices.step_bits) - 1
        return (at_least_one(base + skew, most), at_least_one(base - skew, most)), (bound(n_up), bound(n_down))


def soft_bounds(m: Module, devices: Devices, made: Signal) -> None:
    """States in which a step divided by its bound becomes a slope, for one side after the other."""
    down = Signal(name="down")
    remainder = Signal(devices.bits, name="remainder")
    quotient = Signal(devices.slope_bits, name="quotient")
    count = Signal(range(devices.slope_bits + 1), name="count")
    divisor = Mux(down, made.bound_down, made.bound_up)
    trial = Signal(devices.bits + 1, name="trial")
    fits = Signal(name="fits")
    m.d.comb += [trial.eq(Cat(quotient[-1], remainder)), fits.eq(trial >= divisor)]
    with m.State("SLOPES"):
        m.d.sync += [
            remainder.eq(0),
            quotient.eq(Mux(down, made.step_down, made.step_up) << SLOPE_BITS),
            count.eq(devices.slope_bits),
        ]
        m.next = "DIVIDE"
    with m.State("DIVIDE"):
        # One bit of the quotient a clock, high bits of the dividend leaving as it enters.
        m.d.sync += [
            remainder.eq(Mux(fits, trial - divisor, trial)),
            quotient.eq(Cat(fits, quotient[:-1])),
            count.eq(count - 1),
        ]
        with m.If(count == 1):
            m.next = "SLOPE"
    with m.State("SLOPE"):
        m.d.sync += down.eq(~down)
        with m.If(down):
            m.d.sync += made.slope_down.eq(quotient)
            m.next = "STORE"
        with m.Else():
            m.d.sync += made.slope_up.eq(quotient)
            m.next = "SLOPES"


SLOPES = {SOFT_BOUNDS: soft_bounds, CONSTANT_STEP: None}
"""What makes each model's slopes, in states from SLOPES to STORE; None where they stay 0."""


def normal(bits: Value) -> Value:
    """Approximately normal integer from 16 random bits; see `golden.blocks.array.devices.normal`."""
    low, second, third, high = (bits.word_select(k, 4) for k in range(4))
    return low + second + third + high - 30
