"""What a host does with a chip, over whatever carries its reads and writes: the Verilated RTL, or a serial port."""

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...golden.blocks.measure.calibration import require_calibration
from ...golden.chip.chip import Chip
from ...golden.chip.memories import Memory, memories
from ...golden.chip.memory_map import CALIBRATE, EVALUATE, SAMPLE_WORD, START, STOP, Region, Register
from ...golden.chip.registers import registers
from ...golden.state import State, cleared
from ..errors import BoardError, BoardStopped

POLL = 0.1
"""Seconds between two looks at a chip that is running; the first ones follow each other faster."""
UPLOAD = 4096
"""Codes of samples that are written between two calls of `progress`."""
READINGS = (Register.FLAGS, Register.STEP, Register.COST, Register.SUM_0, Register.SUM_1)
"""Registers of `Host.poll`."""


class Transport(Protocol):
    """Carries reads and writes of consecutive entries; see `golden.chip.memory_map`."""

    def write(self, region: Region, index: int, values: NDArray[np.integer]) -> None:
        """Write entries from `index` on; of each value the low 32 bits count."""
        ...

    def read(self, region: Region, index: int, count: int) -> NDArray[np.int32]:
        """Read entries from `index` on."""
        ...

    def wait(self, seconds: float) -> None:
        """Let the chip run: about so long where time passes by itself."""
        ...


class Host:
    """A chip as its host sees it.

    Parameters
    ----------
    chip : Chip
    transport : Transport
        Whatever it raises comes out of every method.

    Attributes
    ----------
    name : str
        What sentences call the chip.
    """

    name = "chip"

    def __init__(self, chip: Chip, transport: Transport):
        self.chip, self.transport = chip, transport
        self._memories = [memory for memory in memories(chip) if memory.restorable]

    def load(
        self,
        state: State,
        inputs: NDArray[np.int32],
        targets: NDArray[np.int32],
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Write the samples, the parameters and all registers, so that a run goes on from `state`.

        A chip that is running is stopped first.

        Parameters
        ----------
        state : State
        inputs, targets : int32 arrays, shape (samples, inputs) and (samples, outputs)
            Codes, as in `golden.engine.Engine`.
        progress : callable, optional
            Called now and then with the codes of samples that are written, and with those there are.
        """
        self.stop()
        # Inputs and targets start at a word of the sample memory each.
        parts = [np.pad(codes, ((0, 0), (0, -codes.shape[1] % SAMPLE_WORD))) for codes in (inputs, targets)]
        codes = np.hstack(parts).ravel()
        for start in range(0, codes.size, UPLOAD):
            self.transport.write(Region.SAMPLES, start, codes[start : start + UPLOAD])
            if progress:
                progress(min(start + UPLOAD, codes.size), codes.size)
        self.restore(state)

    def restore(self, state: State) -> None:
        """Write the parameters and all registers, but not the samples; the chip must not be running."""
        for memory in self._memories:
            words = state.arrays[memory.field]
            if memory.ring:
                for place, k in on_their_way(memory, state.step):
                    self.transport.write(memory.region, place, words[k : k + 1])
            elif memory.region is not None:
                self.transport.write(memory.region, 0, words)
        for first, values in _blocks(registers(self.chip, state)):
            self.transport.write(Region.REGISTERS, first, values)
        self._finish()  # with another seed it makes its devices anew

    def run(self, steps: int, progress: Callable[[int], None] | None = None) -> None:
        """Advance the chip by `steps` steps.

        Parameters
        ----------
        steps : int
        progress : callable, optional
            Called now and then with the step that the chip is at. If it raises, the chip is
            stopped between two steps, so that `state` can be read, and the exception goes on.

        Raises
        ------
        BoardStopped
            The chip stopped elsewhere.
        """
        target = self.step + steps
        self._start(START, target)
        try:
            for _ in self._running():
                if progress:
                    progress(self.step)
        except BoardError:
            raise
        except BaseException:
            self.stop()
            raise
        if self.step != target:
            raise BoardStopped(f"The {self.name} stopped at step {self.step} instead of {target}.")

    def stop(self) -> None:
        """Stop the chip at the earliest step possible, if it is running, and wait until it has."""
        if self._register(Register.CONTROL):
            self.transport.write(Region.REGISTERS, Register.CONTROL, np.array([STOP]))
            self._finish()

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
        self._finish()
        low, high, right = self._block(Register.TOTAL_LOW, 3)
        return int(high) << 32 | int(low), int(right)

    def calibrate(self) -> int:
        """Let the chip find the delay of its cost, and return it; see `golden.blocks.measure.calibration`.

        The delay is in force until a `restore`, which is also needed before the next run: what the cost unit
        and the channel held is lost. ConfigError if the chip was made without calibration.
        """
        require_calibration(self.chip.config)
        self._start(CALIBRATE, 0)
        self._finish()
        return self._register(Register.DELAY)

    def recalibrate(self) -> int:
        """Find the delay anew between two runs, and go on with it from the state that the chip has.

        All that a host writes is written again; `chip` has this delay as `engine.delay` from then on. For arrays that
        drift, every so many steps. Returns and raises as `calibrate`; ConfigError also if the chip cannot have it.
        """
        state, before = self.state(), self.chip.sequencer.delay
        delay = self.calibrate()
        if delay != before:
            self.chip = Chip(self.chip.config.with_(**{"engine.delay": delay}))
        self.restore(state)
        return delay

    def state(self) -> State:
        """State of the chip, which must not be running."""
        state = cleared(self.chip)
        state.step, state.flags = self.step, self._register(Register.FLAGS)
        for memory in self._memories:
            words = state.arrays[memory.field]
            if memory.ring:
                for place, k in on_their_way(memory, state.step):
                    words[k] = self.transport.read(memory.region, place, 1)[0]
            elif memory.region is not None:
                words[:] = self.transport.read(memory.region, 0, memory.words)
        state.memory[:] = self.transport.read(Region.REGISTERS, Register.MEMORY_0_LOW, 4).view("<i8")
        return state

    def poll(self) -> dict[str, int]:
        """Readings of the chip, running or not: `flags`, `step`, `cost` (C~), `sum_0` and `sum_1` (S)."""
        first, last = min(READINGS), max(READINGS)
        words = self.transport.read(Region.REGISTERS, first, last - first + 1)
        readings = {register.name.lower(): int(words[register - first]) for register in READINGS}
        return readings | {"step": readings["step"] & 0xFFFFFFFF}

    @property
    def step(self) -> int:
        """Steps done."""
        return self._register(Register.STEP)

    @property
    def cycles(self) -> int:
        """Clocks that the chip has spent running since reset; it must not be running."""
        low, high = self._block(Register.CYCLES_LOW, 2)
        return int(high) << 32 | int(low)

    def _start(self, control: int, target: int) -> None:
        self.transport.write(Region.REGISTERS, Register.TARGET, np.array([target]))
        self.transport.write(Region.REGISTERS, Register.CONTROL, np.array([control]))

    def _running(self) -> Iterator[None]:
        """Yield now and then, until the chip does not run any more."""
        pause = 0.0
        while self._register(Register.CONTROL):
            yield
            self.transport.wait(pause)
            pause = min(POLL, 2 * pause + POLL / 100)

    def _finish(self) -> None:
        for _ in self._running():
            pass

    def _register(self, register: Register) -> int:
        return int(self._block(register, 1)[0])

    def _block(self, first: Register, count: int) -> NDArray[np.uint32]:
        return self.transport.read(Region.REGISTERS, first, count).view(np.uint32)


def on_their_way(memory: Memory, step: int) -> list[tuple[int, int]]:
    """Index in the region, and in the state's array, of the items of a ring that are to come out yet at a step."""
    return [(n % memory.words, n % memory.ring) for n in range(step - memory.ring, step)]


def _blocks(values: dict[Register, int]) -> Iterator[tuple[Register, NDArray[np.int64]]]:
    """Runs of consecutive registers, each by its first and its values."""
    run: list[Register] = []
    for register in sorted(values):
        if run and register != run[-1] + 1:
            yield run[0], np.array([values[r] for r in run])
            run = []
        run.append(register)
    if run:
        yield run[0], np.array([values[r] for r in run])
