"""The random code's signs of K patterns at once, a word of lanes a clock; see `golden.blocks.perturb.codes`."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.lib.layout import Layout
from ...golden.blocks.lib.mixer import BLOCK, PATTERN
from ...golden.blocks.update.window import Window
from ..lib.mixer import half_key, mix
from ..lib.signals import read_port, signals, write_port


def sharing(window: Window, layout: Layout) -> tuple[int, int]:
    """Words that a block of signs lasts, and patterns that a unit of `mix` serves."""
    duration = max(1, BLOCK // layout.lanes)
    return duration, min(duration, window.size)


def preparation(window: Window, layout: Layout) -> int:
    """Clocks after `load` and `start` in which there are no signs: two for a key, one for each pattern of a unit."""
    return 2 + sharing(window, layout)[1]


class WindowSigns(Component):
    """Signs of all parameters under the patterns of all slots.

    With fewer than 32 lanes a block of 32 signs lasts for 32 / lanes words, so one unit of `mix` makes
    the next blocks of as many patterns, one a word.

    Parameters
    ----------
    window : golden.blocks.update.window.Window
    layout : golden.blocks.lib.layout.Layout
    seed : Value, optional
        In place of that of the window's codes.

    Members
    -------
    resetting : keys are being cleared after reset; no `load` meanwhile.
    pattern : pattern of the last cost; must stay for two clocks after `load`.
    load : the pattern becomes that of its slot.
    start : go to the first word, once a `load` is done.
    ready : there is a word.
    signs : for each slot a bit a lane, 1 for negative.
    take : go to the next word.
    stop : with the last `take`, until a `start`.
    """

    def __init__(self, window: Window, layout: Layout, seed: Value | None = None):
        self.window = window
        self.seed = seed
        self.layout = layout
        self.duration, self.shared = sharing(window, layout)
        super().__init__(
            {
                "resetting": Out(1, init=1),
                "pattern": In(32),
                "load": In(1),
                "start": In(1),
                "ready": Out(1),
                "signs": Out(data.ArrayLayout(layout.lanes, window.size)),
                "take": In(1),
                "stop": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        lanes, duration, shared = self.layout.lanes, self.duration, self.shared
        first = duration - shared
        phase = Signal(range(max(2, duration)), init=first, name="phase")
        block = Signal(range(self.layout.words // duration + 2), name="block")
        priming, work, last = signals("priming work last")
        keys, keying = self._keys(m, phase - first)
        m.d.comb += [
            last.eq(phase == duration - 1),
            work.eq(priming & ~keying | self.take),
        ]
        with m.If(work):
            m.d.sync += phase.eq(Mux(last, 0, phase + 1))
            with m.If(last):
                m.d.sync += [block.eq(block + 1), priming.eq(0), self.ready.eq(1)]
        with m.If(self.stop):
            m.d.sync += [phase.eq(first), block.eq(0), self.ready.eq(0)]
        with m.If(self.start):
            m.d.sync += priming.eq(1)

        mixes = max(1, lanes // BLOCK)
        for unit, key in enumerate(keys):
            made = Cat(mix(m, key, block * mixes + k) for k in range(mixes))
            for place in range(shared):
                now = Signal(len(made), name=f"now{unit}_{place}")
                following = made
                if place < shared - 1:
                    following = Signal(len(made), name=f"next{unit}_{place}")
                    with m.If(work & (phase == first + place)):
                        m.d.sync += following.eq(made)
                with m.If(work & last):
                    m.d.sync += now.eq(following)
                bits = now.word_select(phase, lanes) if duration > 1 else now
                m.d.comb += self.signs[unit * shared + place].eq(bits)
        return m

    def _keys(self, m: Module, place: Value) -> tuple[list[Value], Signal]:
        """Key of one slot of each unit, the one at `place`; and whether a key is being made."""
        seed, shared = self.window.codes.seed if self.seed is None else self.seed, self.shared
        keying, half = signals("keying half")
        low = Signal(32, name="low")
        made = mix(m, half_key(half, seed, PATTERN), self.pattern)
        with m.If(self.load):
            m.d.sync += [keying.eq(1), half.eq(0)]
        with m.Elif(keying):
            m.d.sync += [half.eq(1), keying.eq(~half), low.eq(made)]
        slot = self.pattern[: self.window.slot_bits]
        shift = shared.bit_length() - 1
        # After reset all slots get a key: signs of those that have no cost count 0, but must be known.
        resetting, reset_place = self.resetting, Signal(range(max(2, shared)), name="reset_place")
        m.d.sync += [reset_place.eq(reset_place + 1), resetting.eq(resetting & (reset_place != shared - 1))]
        keys = []
        for unit in range(self.window.size // shared):
            write = Signal(name=f"write{unit}")
            m.d.comb += write.eq(keying & half & (slot >> shift == unit))
            if shared <= 2:  # registers are cheaper than RAM: the choice of two fits into the LUTs of `mix`
                held = [Signal(64, name=f"key{unit}_{k}") for k in range(shared)]
                with m.If(write):
                    m.d.sync += Array(held)[slot[:shift]].eq(Cat(low, made))
                keys.append(Array(held)[place])
                continue
            m.submodules[f"keys{unit}"] = memory = Memory(shape=64, depth=shared, init=[])
            port, read = write_port(memory), read_port(memory, domain="comb")
            m.d.comb += [port.en.eq(write | resetting), port.data.eq(Cat(low, made))]
            m.d.comb += port.addr.eq(Mux(resetting, reset_place, slot[:shift]))
            m.d.comb += read.addr.eq(place)
            keys.append(read.data)
        return keys, keying
