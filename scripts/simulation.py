"""The chip's Verilog, compiled by Verilator and driven at full speed: no Python per clock."""

import ctypes
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..golden.chip import Chip
from ..golden.engine import State
from ..golden.memory_map import SAMPLE_WORD, Region, Register, address, record_words
from .errors import SimulationError
from .verilate import build

CHUNK = 250_000
"""Clocks between two calls of `progress`."""
START, STOP = 1, 2
"""Values of `Register.CONTROL`."""


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
        self._write(Region.THETA, 0, state.theta)
        self._write(Region.GRADIENT, 0, state.g)
        if self.chip.ttv2:
            self._write(Region.FILTER, 0, state.h)
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
        self._set(Register.TARGET, target)
        self._set(Register.CONTROL, START)
        self._register(Register.CONTROL)  # its answer comes when the chip runs
        try:
            while self._library.sim_run(self._pointer, CHUNK) == CHUNK:
                if progress:
                    progress(self.step)
        except BaseException:
            self._set(Register.CONTROL, STOP)
            while self._library.sim_run(self._pointer, CHUNK) == CHUNK:
                pass
            raise
        if self.step != target:
            raise SimulationError(f"The simulated chip stopped at step {self.step} instead of {target}.")

    def state(self) -> State:
        """State of the chip, which must not be running."""
        size = self.chip.layout.parameters
        h = self._read(Region.FILTER, 0, size) if self.chip.ttv2 else np.zeros(size, np.int32)
        theta, g = (self._read(region, 0, size) for region in (Region.THETA, Region.GRADIENT))
        return State(theta, g, h, self.step, self._register(Register.FLAGS))

    @property
    def step(self) -> int:
        """Steps done."""
        return self._register(Register.STEP)

    @property
    def cycles(self) -> int:
        """Clocks that the chip has spent running since reset."""
        return self._register(Register.CYCLES_HIGH) << 32 | self._register(Register.CYCLES_LOW)

    def _set(self, register: Register, value: int) -> None:
        self._write(Region.REGISTERS, register, np.array([value]))

    def _register(self, register: Register) -> int:
        return int(self._read(Region.REGISTERS, register, 1).view(np.uint32)[0])

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


def registers(chip: Chip, state: State) -> dict[Register, int]:
    """Values of all restorable registers at a state."""
    tau_p, tau_x, tau_theta = chip.sequencer
    pattern, sample = state.step // tau_p, state.step // tau_x
    return {
        Register.FLAGS: state.flags,
        Register.STEP: state.step,
        Register.PATTERN: pattern,
        Register.POSITION: pattern * chip.codes.stride % chip.layout.parameters,
        Register.SAMPLE: sample,
        Register.SAMPLE_INDEX: sample % chip.samples.size,
        Register.PHASE_P: state.step % tau_p,
        Register.PHASE_X: state.step % tau_x,
        Register.PHASE_THETA: state.step % tau_theta,
    }


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
