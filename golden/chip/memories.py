"""The one table of a chip's memories, which golden's state, the host port, the link, checkpoints and reports read.

A memory is one entry here, or in the update path that brings it (`golden.chip.paths`), and the block that owns it.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..blocks.array.rails import GAIN_BITS
from ..blocks.lib.fixed import limit
from ..blocks.measure.calibration import LAGS
from ..blocks.measure.cost import ANTITHETIC, FRACTION
from .memory_map import SAMPLE_WORD, Region, record_words

if TYPE_CHECKING:
    from .chip import Chip


class Memory(NamedTuple):
    """One memory of a chip.

    Attributes
    ----------
    name : str
        Of its region in lower case, if it has one; `host_<name>` is the RTL's port to it.
    symbol : str
        That of the papers, or what it is called in sentences.
    region : Region or None
        Where a host finds it; None: registers hold it.
    words, bits : int
        Entries of the region, and width of one.
    bound : int
        Largest magnitude of an entry.
    path : str
        Of the block or RAM in the RTL, below the top; its first part is `engine`, `array` or `rails`, which has the
        port.
    lanes, depth : int
        RAMs `<path>.lane<k>.memory` and words of each, where it stands in words of lanes; else 0.
    field : str
        Array of `golden.state.State`; empty: no part of what a run goes on from.
    ring : int
        If not 0, the field has so many entries and is a ring: item n is at n mod ring there, at n mod words here.
    signed : bool
        Entries are sign-extended to 32 bits.
    bounds : tuple of int
        Largest value of each entry, where they differ.
    """

    name: str
    symbol: str
    region: Region | None
    words: int
    bits: int
    bound: int
    path: str
    lanes: int = 0
    depth: int = 0
    field: str = ""
    ring: int = 0
    signed: bool = True
    bounds: tuple[int, ...] = ()

    @property
    def restorable(self) -> bool:
        """Whether a host writes it so that a run goes on from a state."""
        return bool(self.field)

    @property
    def entries(self) -> int:
        """Entries of the state's array."""
        return self.ring or self.words

    @property
    def dtype(self) -> type[np.integer]:
        """Type of that array."""
        return np.int64 if self.bits > 32 else np.int32

    @property
    def owner(self) -> str:
        """Who has its port in the RTL: `engine`, `array` or `rails`."""
        return self.path.partition(".")[0]

    @property
    def port(self) -> str:
        """Name of that port."""
        return f"host_{self.name}"


def of_parameters(chip: "Chip", name: str, symbol: str, bits: int, bound: int, path: str, field: str) -> Memory:
    """A memory with a word for each parameter, in the order of `golden.blocks.lib.layout`."""
    layout = chip.layout
    return Memory(
        name, symbol, Region[name.upper()], layout.parameters, bits, bound, path, layout.lanes, layout.words, field
    )


def memories(chip: "Chip") -> tuple[Memory, ...]:
    """All memories that a chip has: those of its update path, and those of any path; of an external array none."""
    found = (*chip.path.memories(chip), *_of_costs(chip), *_average(chip), *_samples(chip), *_trim(chip))
    return tuple(memory for memory in found if chip.emulated or memory.owner != "array")


def _of_costs(chip: "Chip") -> tuple[Memory, ...]:
    """Memory of the cost unit, and of the low-pass of defects; and costs on their way."""
    pole = chip.defects is not None and chip.defects.pole > 0
    bound = 0 if chip.cost.mode == ANTITHETIC and not pole else limit(chip.cost.sum_bits + FRACTION + 2)
    unit = Memory("cost", "memory of the cost unit", None, 2 + pole, 64, bound, "engine.cost", field="memory")
    latency = chip.config.array.latency
    if not latency:
        return (unit,)
    bits, bound = chip.cost.bits, chip.cost.bound
    return unit, Memory(
        "delay_line", "pending C~", Region.DELAY_LINE, LAGS, bits, bound, "engine.delay_line", field="pending",
        ring=latency,
    )  # fmt: skip


def _average(chip: "Chip") -> tuple[Memory, ...]:
    if chip.average is None:
        return ()
    bits = chip.average.bits
    return (of_parameters(chip, "average", "V", bits, 1 << bits - 1, "array.average.memory", "average"),)


def _samples(chip: "Chip") -> tuple[Memory, ...]:
    """Written by the host only, so no part of a state."""
    samples = chip.samples
    if chip.config.data is None:
        return ()
    words = samples.size * (record_words(samples.inputs) + record_words(samples.outputs)) * SAMPLE_WORD
    bits = max(chip.crossbar.line_bits, chip.config.array.output_bits)
    return (Memory("samples", "samples", Region.SAMPLES, words, bits, limit(bits), "engine.samples"),)


def _trim(chip: "Chip") -> tuple[Memory, ...]:
    """Tables of the DACs of an array with one rail, which the host writes and a run reads."""
    if not chip.rail or not chip.rail.trim:
        return ()
    widths = {"gain": GAIN_BITS, "offset": chip.rail.dac_bits}
    return tuple(
        of_parameters(chip, name, f"{name} of the DACs", bits, 1 << bits - 1, f"rails.words.{name}", name)
        for name, bits in widths.items()
    )
