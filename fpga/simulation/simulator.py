"""The chip's Verilog, compiled by Verilator and driven at full speed: no Python per clock."""

import ctypes
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...golden.chip.chip import Chip
from ...golden.chip.memory_map import Region, address
from ...golden.chip.registers import constants
from ...golden.engine import Engine
from ...golden.state import State
from ...rtl.top import generate
from ..errors import SimulationError, require_emulated
from ..host.host import Host
from . import verilate

CHUNK = 250_000
"""Clocks between two calls of `progress`."""


class Simulator(Host):
    """A simulated chip, fresh from reset.

    Parameters
    ----------
    chip : Chip
        What the Verilog was generated from.
    verilog : str
        Text whose top module is `chip`.
    folder : Path
        Cache of builds; see `build`.
    optimize : str
        Flag of the C++ compiler; `verilate.QUICK` for a run of few clocks.
    waves : Path, optional
        File that gets what every signal does, as VCD: some kilobytes a step even of small chips.

    Raises
    ------
    SimulationError
        By every method: the Verilog does not build, or the chip does not answer.
    """

    name = "simulated chip"

    def __init__(
        self, chip: Chip, verilog: str, folder: Path, optimize: str = verilate.FAST, waves: Path | None = None
    ):
        super().__init__(chip, Library(verilate.build(verilog, folder, optimize, waves is not None), waves))


def simulator(engine: Engine, state: State, waves: Path | None = None) -> Simulator:
    """A simulated chip with the samples of a golden engine, at a state; for `waves` see `Simulator`.

    Raises
    ------
    NotEmulated
        The chip has defects, which the RTL has not.
    SimulationError
        It does not build.
    """
    require_emulated(engine.chip.config)
    chip = Simulator(engine.chip, generate(any_seed(engine.chip)), verilate.BUILDS, waves=waves)
    chip.load(state, engine.inputs, engine.targets)
    return chip


def any_seed(chip: Chip) -> Chip:
    """The chip whose Verilog serves all that differ from it in a seed that is a register: one build for all of them."""
    return chip if "seed" in constants(chip) else Chip(chip.config.with_seed(0))


class Library:
    """The host port of a Verilated chip; a `Transport`.

    Parameters
    ----------
    path : Path
        Library that `build` made.
    waves : Path, optional
        See `Simulator`.
    """

    def __init__(self, path: Path, waves: Path | None = None):
        self._library = _bind(path)
        if waves:
            waves.parent.mkdir(parents=True, exist_ok=True)
        self._pointer = self._library.sim_new(os.fsencode(waves or ""))

    def __del__(self) -> None:
        if pointer := getattr(self, "_pointer", None):
            self._library.sim_delete(pointer)
            self._pointer = None

    def write(self, region: Region, index: int, values: NDArray[np.integer]) -> None:
        """Write entries."""
        words = np.ascontiguousarray(values.astype(np.int64).astype(np.uint32))
        self._check(self._library.sim_write_block(self._pointer, address(region, index), words, words.size), "written")

    def read(self, region: Region, index: int, count: int) -> NDArray[np.int32]:
        """Read entries."""
        words = np.empty(count, np.uint32)
        self._check(self._library.sim_read_block(self._pointer, address(region, index), words, count), "read")
        return words.view(np.int32)

    def wait(self, seconds: float) -> None:
        """Let the chip run for at most `CHUNK` clocks, as no time passes by itself."""
        self._library.sim_run(self._pointer, CHUNK)

    def _check(self, code: int, verb: str) -> None:
        if code:
            raise SimulationError(f"The simulated chip does not answer while it is {verb}.")


def _bind(path: Path) -> ctypes.CDLL:
    """Load the library and declare its functions; see `simulation.cpp`."""
    library = ctypes.CDLL(str(path.resolve()))
    words = np.ctypeslib.ndpointer(np.uint32, 1, flags="C")
    pointer, word, long = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint64
    for name, result, arguments in (
        ("sim_new", pointer, [ctypes.c_char_p]),
        ("sim_delete", None, [pointer]),
        ("sim_write_block", ctypes.c_int, [pointer, word, words, word]),
        ("sim_read_block", ctypes.c_int, [pointer, word, words, word]),
        ("sim_run", long, [pointer, long]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
