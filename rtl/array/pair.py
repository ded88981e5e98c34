"""The emulated fast and slow arrays, A and C, behind one unit that makes the cells' pulses.

    train -> coincidence -> devices (A) -> reader -> reading
                         -> devices (C) -> weight
"""

from amaranth.hdl import Module, Value, signed
from amaranth.lib import stream
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from ...golden.chip.chip import Chip
from ...golden.chip.paths import TikiTaka
from ...golden.chip.paths.tiki_taka import FAST_SEED
from ..lib.host_port import HostPort
from ..lib.layout import LaneMemory, lane_words
from ..lib.mixer import Seed
from .coincidence import Coincidences
from .devices import DeviceArray
from .port import PULSE
from .reading import LineReader, request_layout


def fast_seed(seed: Value) -> Value:
    """Seed of the fast array, and of the trains onto it."""
    return (seed + FAST_SEED)[:32]


class ArrayPair(Component):
    """Both arrays of a chip of the path `tiki-taka`.

    Parameters
    ----------
    chip : golden.chip.chip.Chip
    seed : rtl.lib.mixer.Seed

    Members
    -------
    pulse, train, read : streams in; reading : stream out; see `rtl.array.port.ArrayPort`.
    weight : stream out, `layout.words` words of weight codes for each vector onto C, after its pulses.
    busy : after reset, while the devices are being made.
    host_theta, host_fast, host_reference : states of C and of A, symmetry points of A, by parameter index.
    """

    def __init__(self, chip: Chip, seed: Seed):
        self.chip = chip
        path = chip.path
        assert isinstance(path, TikiTaka)
        self.slow = DeviceArray(chip.crossbar, path.devices, chip.layout, seed)
        self.fast = DeviceArray(
            chip.crossbar, path.fast, chip.layout, Seed(fast_seed(seed.value), seed.renewed)
        )
        self.reader = LineReader(path.settings, chip.layout, path.lines, path.fast.bits, seed.value)
        lanes = chip.layout.lanes
        super().__init__(
            {
                "pulse": In(stream.Signature(PULSE)),
                "train": In(stream.Signature(lane_words(2, lanes))),
                "read": In(stream.Signature(request_layout(chip.layout, path.lines))),
                "reading": Out(stream.Signature(signed(path.settings.read_bits))),
                "weight": Out(stream.Signature(lane_words(chip.crossbar.weight_bits, lanes))),
                "busy": Out(1),
                "host_theta": In(HostPort()),
                "host_fast": In(HostPort()),
                "host_reference": In(HostPort()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.slow, m.submodules.fast, m.submodules.reader = self.slow, self.fast, self.reader
        slow, fast, reader = self.slow, self.fast, self.reader
        m.submodules.coincidence = coincidence = Coincidences(self.chip.layout)
        m.submodules.reference = reference = LaneMemory(self.chip.layout, fast.devices.bits)
        connect(m, flipped(self.train), coincidence.train)
        to_slow = self.pulse.payload.slow
        for array, chosen in ((slow, to_slow), (fast, ~to_slow)):
            m.d.comb += [
                array.pulses.valid.eq(coincidence.pulses.valid & self.pulse.valid & chosen),
                array.pulses.payload.eq(coincidence.pulses.payload),
                array.command.valid.eq(self.pulse.valid & chosen),
                array.command.payload.eq(self.pulse.payload.number),
            ]
            with m.If(chosen):
                m.d.comb += coincidence.pulses.ready.eq(array.pulses.ready & self.pulse.valid)
                m.d.comb += self.pulse.ready.eq(array.command.ready)
        m.d.comb += fast.weight.ready.eq(1)
        m.d.comb += self.busy.eq(slow.busy | fast.busy)
        connect(m, slow.weight, flipped(self.weight))
        connect(m, flipped(self.host_theta), slow.host)

        # The pass before a reading has written its last word one clock after it was taken: before the reader begins.
        connect(m, flipped(self.read), reader.request)
        connect(m, reader.reading, flipped(self.reading))
        for inner, outer, memory in (
            (reader.state, self.host_fast, fast.host), (reader.symmetry, self.host_reference, reference.host)
        ):  # fmt: skip
            m.d.comb += [
                memory.select.eq(inner.select | outer.select),
                memory.write.eq(outer.write & outer.select),
                memory.index.eq(outer.index),
                memory.data.eq(outer.data),
                inner.value.eq(memory.value),
                outer.value.eq(memory.value),
            ]
            with m.If(inner.select):
                m.d.comb += memory.index.eq(inner.index)
        return m
