"""The emulated array: products through converters, and pulsed devices; see `golden.crossbar`."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from ..golden.codes import CYCLE, DEVICE
from ..golden.crossbar import NOISE_BITS, SLOPE_BITS, SPREAD_BITS, Crossbar, Devices
from ..golden.fixed import limit
from ..golden.layout import Layout
from ..golden.memory_map import SAMPLE_WORD, record_words
from .buses.host import HostPort
from .codes import mix, stream_key
from .fixed import round_shift, saturate
from .layout import Cursor, ReadModifyWrite, lane_words
from .neuron import rails


class CrossbarArray(Component):
    """Multiplies one word of cells a clock with the lines of both rails.

    Parameters
    ----------
    crossbar : golden.crossbar.Crossbar
    layout : golden.layout.Layout
    polarity : int
        Polarity of rail 1: 0 or -1; rail 0 has +1.

    Members
    -------
    line : stream in, words of 8 line codes, `record_words(inputs)` a sweep; taken once layer 0 of the
        previous sweep is done.
    hidden : stream in, line codes of the hidden neurons in order, both rails.
    weight, sign : streams in, `layout.words` words of weight codes and of perturbation signs a sweep.
        A word that holds the ends of several neurons takes a clock for each.
    adc : stream out, codes of all neurons in order, both rails; two clocks after a neuron's last word.
    """

    def __init__(self, crossbar: Crossbar, layout: Layout, polarity: int):
        self.crossbar = crossbar
        self.layout = layout
        self.polarity = polarity
        super().__init__(
            {
                "line": In(stream.Signature(data.ArrayLayout(signed(crossbar.line_bits), SAMPLE_WORD))),
                "hidden": In(stream.Signature(rails(crossbar.line_bits))),
                "weight": In(stream.Signature(lane_words(crossbar.weight_bits, layout.lanes))),
                "sign": In(stream.Signature(lane_words(2, layout.lanes))),
                "adc": Out(stream.Signature(rails(crossbar.adc_bits))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.cursor = cursor = Cursor(self.layout)
        lanes = self.layout.lanes
        lines, ready = self._lines(m, cursor)

        # An operation multiplies into the product registers; the next clock adds them up.
        full, take, move = Signal(), Signal(), Signal()
        closing, carrying, end = Signal(), Signal(), Signal.like(cursor.end)
        started = Signal(lanes)
        adc_full = Signal()
        m.d.comb += [
            move.eq(~full | ~closing | ~adc_full | self.adc.ready),
            take.eq(self.weight.valid & self.sign.valid & ready & move),
            cursor.next.eq(take),
            self.weight.ready.eq(take & cursor.advance),
            self.sign.ready.eq(take & cursor.advance),
        ]
        with m.If(move):
            m.d.sync += full.eq(take)
        with m.If(take):
            m.d.sync += [closing.eq(cursor.close), carrying.eq(cursor.carry), end.eq(cursor.end)]
            for lane in range(lanes):
                m.d.sync += started[lane].eq(cursor.base + lane >= 0)

        with m.If(adc_full & self.adc.ready):
            m.d.sync += adc_full.eq(0)
        with m.If(full & move & closing):
            m.d.sync += adc_full.eq(1)
        m.d.comb += self.adc.valid.eq(adc_full)

        for number, (rail, polarity) in enumerate((("rail0", 1), ("rail1", self.polarity))):
            own, tail = [], []
            for lane in range(lanes):
                product = self._product(m, lane, lines[number][lane], polarity, take)
                before = ~closing | (lane <= end)
                own.append(Mux(started[lane] & before, product, 0))
                tail.append(Mux(before, 0, product))
            total = Signal(signed(self.crossbar.sum_bits), name=f"total_{rail}")
            carried = Signal.like(total, name=f"carried_{rail}")
            held = Signal.like(total, name=f"held_{rail}")
            m.d.comb += [total.eq(held + sum(own, start=Const(0))), carried.eq(sum(tail, start=Const(0)))]
            with m.If(full & move):
                m.d.sync += held.eq(Mux(closing, Mux(carrying, carried, 0), total))
                with m.If(closing):
                    code = saturate(round_shift(total, self.crossbar.adc_shift), self.crossbar.adc_bits)
                    m.d.sync += self.adc.payload[rail].eq(code)
        return m

    def _product(self, m: Module, lane: int, line: Value, polarity: int, take: Signal) -> Signal:
        """Register with (w + p a s) x of one lane and rail."""
        bits = self.crossbar.weight_bits
        amplitude = self.crossbar.amplitude
        cell = Signal(signed(max(bits, amplitude.bit_length() + 1) + 1))
        product = Signal(signed(len(cell) + self.crossbar.line_bits), name=f"product_{lane}")
        weight, sign = self.weight.payload[lane], self.sign.payload[lane]
        if polarity:
            m.d.comb += cell.eq(
                Mux(sign == 0, weight, Mux((sign < 0) ^ (polarity < 0), weight - amplitude, weight + amplitude))
            )
        else:
            m.d.comb += cell.eq(weight)
        with m.If(take):
            m.d.sync += product.eq(cell * line)
        return product

    def _lines(self, m: Module, cursor: Cursor) -> tuple[list[list[Value]], Value]:
        """Line codes of every rail and lane for the present operation, and whether they are all there.

        Both rails share the sample's codes, which come in words of 8 as soon as layer 0 is done with
        the previous ones; the hidden neurons' codes come one by one.
        """
        layout, bits = self.layout, self.crossbar.line_bits
        inputs, hidden = record_words(layout.layers[0]), sum(layout.layers[1:-1])
        place = Signal(range(max(2, inputs)))
        filled = Signal(range(max(2, hidden + 1)))
        loaded = Signal()
        shape = data.ArrayLayout(signed(bits), SAMPLE_WORD)
        m.submodules.sample = sample = Memory(shape=shape, depth=max(2, inputs), init=[])
        write = sample.write_port()
        m.d.comb += [
            self.line.ready.eq(~loaded),
            write.en.eq(self.line.valid & ~loaded),
            write.addr.eq(place),
            write.data.eq(self.line.payload),
            self.hidden.ready.eq(1),
        ]
        with m.If(write.en):
            m.d.sync += [place.eq(Mux(place == inputs - 1, 0, place + 1)), loaded.eq(place == inputs - 1)]
        with m.If(self.hidden.valid):
            m.d.sync += filled.eq(filled + 1)
        with m.If(cursor.next & cursor.closes_layer):
            with m.If(cursor.layer == 0):
                m.d.sync += loaded.eq(0)
            with m.If(cursor.layer == len(layout.rows) - 1):
                m.d.sync += filled.eq(0)

        first = [sum(layout.layers[1 : k + 1]) for k in range(len(layout.rows))]
        needed = Signal.like(filled)
        m.d.comb += needed.eq(Array(Const(n) for n in first)[cursor.layer])
        columns = [self._column(m, cursor, lane) for lane in range(layout.lanes)]
        offset = Signal(range(max(2, hidden + 1)))
        m.d.comb += offset.eq(Array(Const(n) for n in [0, 0, *first[1:]])[cursor.layer])
        shared = []
        for column in columns:
            read = sample.read_port(domain="comb")
            m.d.comb += read.addr.eq(column >> 3)
            shared.append(Array(read.data[c] for c in range(SAMPLE_WORD))[column[:3]])
        lines = []
        for rail in ("rail0", "rail1"):
            m.submodules[f"hidden_{rail}"] = memory = Memory(shape=signed(bits), depth=max(2, hidden), init=[])
            write = memory.write_port()
            m.d.comb += [
                write.en.eq(self.hidden.valid),
                write.addr.eq(filled),
                write.data.eq(self.hidden.payload[rail]),
            ]
            lines.append([])
            for lane, column in enumerate(columns):
                read = memory.read_port(domain="comb")
                line = Signal(signed(bits), name=f"line_{rail}_{lane}")
                m.d.comb += read.addr.eq(offset + column)
                m.d.comb += line.eq(Mux(cursor.layer == 0, shared[lane], read.data))
                with m.If(cursor.close & (cursor.end == lane)):
                    m.d.comb += line.eq(self.crossbar.one)
                lines[-1].append(line)
        return lines, (cursor.layer != 0) & (filled >= needed) | (cursor.layer == 0) & loaded

    def _column(self, m: Module, cursor: Cursor, lane: int) -> Signal:
        """Input line of a lane: of the neuron that ends or goes on, or past its end of the next one."""
        column = Signal(range(max(8, *self.layout.columns)), name=f"column_{lane}")
        past = cursor.close & (cursor.end < lane)
        m.d.comb += column.eq(Mux(past, lane - 1 - cursor.end, cursor.base + lane))
        return column


class DeviceArray(Component):
    """States of the pulsed devices, and one pass of pulses over them for every sweep.

    Parameters
    ----------
    crossbar : golden.crossbar.Crossbar
    devices : golden.crossbar.Devices
    layout : golden.layout.Layout

    Members
    -------
    command : stream in, one a pass: number of the transfer, which seeds the cycle noise.
    pulses : stream in, `layout.words` words of pulses a pass, lanes of signed(2).
    weight : stream out, `layout.words` words of weight codes a pass, after the pulses.
    busy : after reset, while the devices are being made from their seed.
    host : states by parameter index.
    """

    def __init__(self, crossbar: Crossbar, devices: Devices, layout: Layout):
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
        m.submodules.foundry = foundry = DeviceFoundry(devices, layout)
        m.d.comb += self.busy.eq(foundry.busy)
        sweep = ReadModifyWrite(
            m, layout, devices.bits, host=self.host, words=self.pulses, command=self.command, result=self.weight
        )
        m.d.comb += [foundry.read.eq(sweep.take), foundry.read_word.eq(sweep.word)]
        key = Signal(64)
        m.d.comb += key.eq(stream_key(m, devices.seed, CYCLE, sweep.command))
        draws = []
        for pair in range(-(-layout.lanes // 2)):
            # Two devices share 32 random bits, by the parity of their index.
            if layout.lanes == 1:
                draws.append(mix(m, key, sweep.held >> 1).word_select(sweep.held[0], 16))
            else:
                bits = mix(m, key, sweep.held * (layout.lanes // 2) + pair)
                draws += [bits[:16], bits[16:]]
        for lane in range(layout.lanes):
            state, pulse = sweep.value[lane], sweep.words[lane]
            after = self._pulse(m, state, pulse < 0, normal(draws[lane]), foundry.device[lane])
            m.d.comb += sweep.data[lane].eq(Mux(pulse == 0, state, after))
            m.d.comb += self.weight.payload[lane].eq(sweep.data[lane] >> self.crossbar.drop)
        return m

    def _pulse(self, m: Module, state: Value, down: Value, draw: Value, device) -> Value:
        """State after one pulse; see `golden.crossbar.pulse`."""
        step = Signal(signed(self.devices.slope_bits + 2))
        noisy = Signal(signed(len(step) + NOISE_BITS + 2))
        moved = Signal(signed(len(noisy)))
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
    device : constants of the lanes, see `golden.crossbar.Devices.sample`.
    """

    def __init__(self, devices: Devices, layout: Layout):
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
        index = Signal(range(layout.words * layout.lanes))
        made = Signal(self.constants)
        write = Signal()
        shift = (layout.lanes - 1).bit_length()
        for lane in range(layout.lanes):
            memory = Memory(shape=self.constants, depth=max(2, layout.words), init=[])
            m.submodules[f"lane{lane}"] = memory
            read_port, write_port = memory.read_port(), memory.write_port()
            m.d.comb += [
                read_port.en.eq(self.read),
                read_port.addr.eq(self.read_word),
                self.device[lane].eq(read_port.data),
                write_port.en.eq(write & (Value.cast(index)[:shift] == lane)),
                write_port.addr.eq(index >> shift),
                write_port.data.eq(made),
            ]

        key = Signal(64)
        m.d.sync += key.eq(stream_key(m, devices.seed, DEVICE, index))
        n_step, n_skew, n_up, n_down = (normal(key.word_select(k, 16)) for k in range(4))
        one = 1 << SPREAD_BITS
        base = (devices.step * (one + devices.step_spread * n_step)) >> SPREAD_BITS
        skew = (devices.step * devices.asymmetry * n_skew) >> SPREAD_BITS

        def at_least_one(value: Value, most: int) -> Value:
            return Mux(value < 1, 1, Mux(value > most, most, value))

        def bound(n: Value) -> Value:
            value = (devices.bound * (one + devices.bound_spread * n)) >> SPREAD_BITS
            return at_least_one(value, limit(devices.bits))

        down = Signal()
        rest = Signal(devices.bits)
        quotient = Signal(devices.slope_bits)
        count = Signal(range(devices.slope_bits + 1))
        divisor = Mux(down, made.bound_down, made.bound_up)
        trial = Signal(devices.bits + 1)
        fits = Signal()
        m.d.comb += [trial.eq(Cat(quotient[-1], rest)), fits.eq(trial >= divisor)]
        with m.FSM():
            with m.State("DRAW"):
                m.next = "SPREAD"
            with m.State("SPREAD"):
                most = (1 << devices.step_bits) - 1
                m.d.sync += [
                    made.step_up.eq(at_least_one(base + skew, most)),
                    made.step_down.eq(at_least_one(base - skew, most)),
                    made.bound_up.eq(bound(n_up)),
                    made.bound_down.eq(bound(n_down)),
                    down.eq(0),
                ]
                m.next = "LOAD" if devices.soft else "STORE"
            with m.State("LOAD"):
                m.d.sync += [
                    rest.eq(0),
                    quotient.eq(Mux(down, made.step_down, made.step_up) << SLOPE_BITS),
                    count.eq(devices.slope_bits),
                ]
                m.next = "DIVIDE"
            with m.State("DIVIDE"):
                # One bit of the quotient a clock, high bits of the dividend leaving as it enters.
                m.d.sync += [
                    rest.eq(Mux(fits, trial - divisor, trial)),
                    quotient.eq(Cat(fits, quotient[:-1])),
                    count.eq(count - 1),
                ]
                with m.If(count == 1):
                    m.next = "SLOPE"
            with m.State("SLOPE"):
                with m.If(down):
                    m.d.sync += made.slope_down.eq(quotient)
                    m.next = "STORE"
                with m.Else():
                    m.d.sync += [made.slope_up.eq(quotient), down.eq(1)]
                    m.next = "LOAD"
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


def normal(bits: Value) -> Value:
    """Approximately normal integer from 16 random bits; see `golden.crossbar.normal`."""
    low, second, third, high = (bits.word_select(k, 4) for k in range(4))
    return low + second + third + high - 30
