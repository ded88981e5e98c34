"""The chip's Verilog, compiled by Verilator and driven at full speed: no Python per clock."""

import ctypes
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..golden.calibration import LAGS
from ..golden.chip import Chip
from ..golden.engine import State, sizes
from ..golden.memory_map import (
    CALIBRATE,
    EVALUATE,
    SAMPLE_WORD,
    START,
    STOP,
    Region,
    Register,
    address,
    record_words,
)
from ..golden.registers import registers
from .errors import SimulationError
from .verilate import build

CHUNK = 250_000
"""Clocks between two calls of `progress`."""
MEMORIES = {
    "theta": Region.THETA, "g": Region.GRADIENT, "h": Region.FILTER, "m": Region.MOMENTUM, "a": Region.FAST,
    "reference": Region.REFERENCE, "mean": Region.MEAN, "past": Region.PAST, "chopper": Region.CHOPPER,
    "cursor": Region.CURSOR, "average": Region.AVERAGE,
}  # fmt: skip
"""Where the arrays of a `State` are."""


class Simulator:
    """A simulated chip, fresh from reset.

    Parameters
    ----------
    chip : Chip
        What the Verilog was generated from.
    verilog : str
        Text whose top module is `chip`.
    folder : Path
        Cache of builds; see `build`.

    Raises
    ------
    SimulationError
        By every method: the Verilog does not build, or the chip does not answer.
    """

    def __init__(self, chip: Chip, verilog: str, folder: Path):
        self.chip = chip
        self._sizes = sizes(chip)
        self._library = _bind(build(verilog, folder))
        self._pointer = self._library.sim_new()

    def __del__(self) -> None:
        if pointer := getattr(self, "_pointer", None):
            self._library.sim_delete(pointer)
            self._pointer = None

    def load(self, state: State, inputs: NDArray[np.int32], targets: NDArray[np.int32]) -> None:
        """Write the samples, the parameters and all registers, so that a run goes on from `state`.

        Parameters
        ----------
        state : State
        inputs, targets : int32 arrays, shape (samples, inputs) and (samples, outputs)
            Codes, as in `golden.engine.Engine`.
        """
        parts = [np.pad(codes, ((0, 0), (0, -codes.shape[1] % SAMPLE_WORD))) for codes in (inputs, targets)]
        record = sum(record_words(codes.shape[1]) for codes in (inputs, targets)) * SAMPLE_WORD
        samples = np.hstack(parts)
        assert samples.shape[1] == record
        self._write(Region.SAMPLES, 0, samples.ravel())
        self.restore(state)

    def restore(self, state: State) -> None:
        """Write the parameters and all registers, but not the samples."""
        for name, region in MEMORIES.items():
            self._write(region, 0, getattr(state, name))
        for place, k in self._on_their_way(state.step):
            self._write(Region.CHANNEL, place, state.pending[k : k + 1])
        for register, value in registers(self.chip, state).items():
            self._set(register, value)

    def run(self, steps: int, progress: Callable[[int], None] | None = None) -> None:
        """Advance the chip by `steps` steps.

        Parameters
        ----------
        steps : int
        progress : callable, optional
            Called now and then with the step that the chip is at. If it raises, the chip is
            stopped between two steps, so that `state` can be read, and the exception goes on.
        """
        target = self.step + steps
        self._start(START, target)
        try:
            while self._busy():
                if progress:
                    progress(self.step)
        except BaseException:
            self._set(Register.CONTROL, STOP)
            while self._busy():
                pass
            raise
        if self.step != target:
            raise SimulationError(f"The simulated chip stopped at step {self.step} instead of {target}.")

    def evaluate(self, samples: int) -> tuple[int, int]:
        """Let the chip count over its first so many samples, without perturbation or learning.

        Parameters
        ----------
        samples : int
            1 .. those in the sample memory.

        Returns
        -------
        tuple of (int, int)
            Sum of S, and the samples classified right, as of `golden.engine.Engine.evaluate`.
        """
        self._start(EVALUATE, samples)
        while self._busy():
            pass
        return self._wide(Register.TOTAL_LOW), self._register(Register.RIGHT)

    def calibrate(self) -> int:
        """Let the chip find the delay of its cost, and return it; see `golden.calibration`.

        The delay is in force until a `restore`, which is also needed before the next run: what the cost unit
        and the channel held is lost.
        """
        self._start(CALIBRATE, 0)
        while self._busy():
            pass
        return self._register(Register.DELAY)

    def state(self) -> State:
        """State of the chip, which must not be running."""
        latency = self.chip.config.array.latency
        words = {name: self._read(region, 0, self._sizes[name]) for name, region in MEMORIES.items()}
        memory = np.array([self._wide(low) for low in (Register.MEMORY_0_LOW, Register.MEMORY_1_LOW)], np.uint64)
        pending, step = np.zeros(latency, np.int32), self.step
        for place, k in self._on_their_way(step):
            pending[k] = self._read(Region.CHANNEL, place, 1)[0]
        flags = self._register(Register.FLAGS)
        return State(**words, memory=memory.view(np.int64), pending=pending, step=step, flags=flags)

    def _on_their_way(self, step: int) -> list[tuple[int, int]]:
        """Index in the channel, and in `State.pending`, of the costs that have yet to arrive at a step."""
        latency = self.chip.config.array.latency
        return [(n % LAGS, n % latency) for n in range(step - latency, step)]

    @property
    def step(self) -> int:
        """Steps done."""
        return self._register(Register.STEP)

    @property
    def cycles(self) -> int:
        """Clocks that the chip has spent running since reset."""
        return self._wide(Register.CYCLES_LOW)

    def _start(self, control: int, target: int) -> None:
        self._set(Register.TARGET, target)
        self._set(Register.CONTROL, control)
        self._register(Register.CONTROL)  # its answer comes when the chip runs

    def _busy(self) -> bool:
        """Let the chip run for at most `CHUNK` clocks; whether it still does."""
        return self._library.sim_run(self._pointer, CHUNK) == CHUNK

    def _set(self, register: Register, value: int) -> None:
        self._write(Region.REGISTERS, register, np.array([value]))

    def _register(self, register: Register) -> int:
        return int(self._read(Region.REGISTERS, register, 1).view(np.uint32)[0])

    def _wide(self, low: Register) -> int:
        """A pair of registers, low half first."""
        return self._register(Register(low + 1)) << 32 | self._register(low)

    def _write(self, region: Region, index: int, values: NDArray[np.integer]) -> None:
        words = np.ascontiguousarray(values.astype(np.int64).astype(np.uint32))
        self._check(self._library.sim_write_block(self._pointer, address(region, index), words, words.size), "written")

    def _read(self, region: Region, index: int, count: int) -> NDArray[np.int32]:
        words = np.empty(count, np.uint32)
        self._check(self._library.sim_read_block(self._pointer, address(region, index), words, count), "read")
        return words.view(np.int32)

    def _check(self, code: int, verb: str) -> None:
        if code:
            raise SimulationError(f"The simulated chip does not answer while it is {verb}.")


def _bind(path: Path) -> ctypes.CDLL:
    """Load the library and declare its functions; see `simulation.cpp`."""
    library = ctypes.CDLL(str(path.resolve()))
    words = np.ctypeslib.ndpointer(np.uint32, 1, flags="C")
    pointer, word, long = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint64
    for name, result, arguments in (
        ("sim_new", pointer, []),
        ("sim_delete", None, [pointer]),
        ("sim_write_block", ctypes.c_int, [pointer, word, words, word]),
        ("sim_read_block", ctypes.c_int, [pointer, word, words, word]),
        ("sim_run", long, [pointer, long]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
