"""The emulated array of a chip: the engine's other side, in RTL, so that a chip learns without one."""

from collections.abc import Callable
from typing import NamedTuple

from amaranth.hdl import Const, Module, Value
from amaranth.lib.wiring import Component, In, connect, flipped

from ...golden.chip.chip import Chip
from ...golden.chip.paths import Filtered, TikiTaka
from ..lib.mixer import Seed
from ..lib.streams import fork
from ..update.average import AverageMemory
from .crossbar import CrossbarArray
from .devices import DeviceArray
from .pair import ArrayPair
from .port import ArrayPort


class Weights(NamedTuple):
    """Where weights of the cells come from: stream of words, whether they are being made, host ports of memories."""

    stream: object
    busy: Value
    hosts: dict[str, object]


class EmulatedArray(Component):
    """Products, converters, and the devices that the update path pulses.

    It does not settle: strobes are not used.

    Parameters
    ----------
    chip : golden.chip.chip.Chip

    Members
    -------
    array : see `ArrayPort`.
    seed, renewed : of `rtl.lib.mixer.Seed`; the chip's where nothing drives them.
    """

    def __init__(self, chip: Chip):
        self.chip = chip
        super().__init__(
            {"array": In(ArrayPort(chip)), "seed": In(32, init=chip.config.seed), "renewed": In(1)}
        )

    def elaborate(self, platform):
        m = Module()
        chip, port = self.chip, self.array
        m.submodules.crossbar = crossbar = CrossbarArray(chip.crossbar, chip.layout, chip.polarity, chip.codes.bits)
        for name in ("line", "hidden", "sign"):
            connect(m, flipped(getattr(port, name)), getattr(crossbar, name))
        connect(m, crossbar.adc, flipped(port.adc))
        weights = WEIGHTS[chip.path.streams[0]](m, chip, port, Seed(self.seed, self.renewed))
        hosts, saturated = weights.hosts, Const(0)
        if chip.average:
            m.submodules.average = average = AverageMemory(chip.average, chip.layout)
            fork(m, weights.stream, crossbar.weight, average.weight)
            m.d.comb += [sink.payload.eq(weights.stream.payload) for sink in (crossbar.weight, average.weight)]
            connect(m, flipped(port.average), average.command)
            hosts, saturated = hosts | {"host_average": average.host}, average.saturated
        else:
            connect(m, weights.stream, crossbar.weight)
        for name, host in hosts.items():
            connect(m, flipped(getattr(port, name)), host)
        m.d.comb += [port.busy.eq(weights.busy), port.saturated.eq(saturated)]
        return m


def _given(m: Module, chip: Chip, port, seed: Seed) -> Weights:
    """Weights that the engine sends."""
    return Weights(flipped(port.weight), Const(0), {})


def _devices(m: Module, chip: Chip, port, seed: Seed) -> Weights:
    """Weights of devices that the engine pulses cell by cell."""
    assert isinstance(chip.path, Filtered)
    m.submodules.devices = devices = DeviceArray(chip.crossbar, chip.path.devices, chip.layout, seed)
    connect(m, flipped(port.pulses), devices.pulses)
    connect(m, flipped(port.transfer), devices.command)
    return Weights(devices.weight, devices.busy, {"host_theta": devices.host})


def _pair(m: Module, chip: Chip, port, seed: Seed) -> Weights:
    """Weights of the slow array of a pair, which the engine pulses by vectors."""
    assert isinstance(chip.path, TikiTaka)
    m.submodules.pair = pair = ArrayPair(chip, seed)
    for name in ("pulse", "train", "read"):
        connect(m, flipped(getattr(port, name)), getattr(pair, name))
    connect(m, pair.reading, flipped(port.reading))
    names = ("host_theta", "host_fast", "host_reference")
    return Weights(pair.weight, pair.busy, {name: getattr(pair, name) for name in names})


WEIGHTS: dict[str, Callable[[Module, Chip, object, Seed], Weights]] = {
    "weight": _given, "pulses": _devices, "pulse": _pair
}  # fmt: skip
"""By the first stream that a path has towards the array."""
