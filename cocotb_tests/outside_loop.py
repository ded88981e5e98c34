"""Arrays A and C of path `tiki-taka` outside, for benches: vectors of pulses go out, lines of A are read."""

from typing import Protocol, runtime_checkable

import cocotb
import numpy as np
from cocotb.task import Task
from cocotb.triggers import gather
from numpy.typing import NDArray

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.paths import TikiTaka


@runtime_checkable
class Looped(Protocol):
    """What it needs of arrays A and C of path `tiki-taka`, in place of `apply`."""

    def pulse(self, slow: bool, vector: NDArray[np.int32]) -> None:
        """Take a vector of pulses -1, 0, +1 of all rows, then of all lines, onto C if `slow`, else onto A.

        A cell takes one where both of its row and its line are not 0, of their product's sign.
        """
        ...

    def read(self, group: int, line: int) -> NDArray[np.integer]:
        """Codes of `fast.adc_bits` of the cells of A on a line, without what A holds at its symmetry point.

        A line is a column, of a cell a row, or with `transfer.lines = "rows"` a row.
        """
        ...


class Loop:
    """Streams of path `tiki-taka`: vectors of pulses, and lines of A that are read between them.

    Parameters
    ----------
    bench : Bench
    chip : Chip
    """

    def __init__(self, bench: Bench, chip: Chip):
        assert isinstance(chip.path, TikiTaka)
        self.path, self.words = chip.path, -(-chip.path.elements // chip.layout.lanes)
        self.pulse, self.train, self.read = (bench.sink(f"array.{name}") for name in ("pulse", "train", "read"))
        self.reading = bench.source("array.reading")
        self.read.patience = 10**9  # a line is read now and then
        self.lines: list[tuple[int, int, int]] = []
        self.codes: list[int] = []
        self.reader: Task | None = None

    async def serve(self, array: object) -> dict[str, NDArray[np.integer]]:
        """Let arrays take a sweep's vectors, up to the one onto C, and be read.

        Returns
        -------
        dict of str to array
            `vectors`: all vectors, zeros of those that did not come; `numbers` of each that did; `lines`: layer, line
            and step of each line that was read; `readings`: codes of all their cells.
        """
        assert isinstance(array, Looped), 'path "tiki-taka" needs methods `pulse` and `read` of the array'
        self.reader = self.reader or cocotb.start_soon(self._read(array))
        slots, elements, numbers, slow = self.path.pulses.slots, self.path.elements, [], False
        vectors = np.zeros((slots + 1, elements), np.int32)
        while not slow:
            (command,), got = await gather(self.pulse.receive(1), self.train.receive(self.words))
            slow, vector = bool(command.slow), np.ravel(got)
            assert not vector[elements:].any(), "padding of a vector"
            vectors[slots if slow else len(numbers)] = vector[:elements]
            array.pulse(slow, vector[:elements])
            numbers.append(command.number)
        found = {"vectors": vectors, "numbers": numbers, "lines": self.lines, "readings": self.codes}
        self.lines, self.codes = [], []
        return {name: np.array(values, np.int64) for name, values in found.items()}

    def row(self, sent: dict[str, NDArray[np.integer]]) -> NDArray[np.integer]:
        """Readings of a sweep as a row of a trace: zeros where no line was read."""
        cells = sum(length for _, length in self.path.lines.layers)
        return sent["readings"] if len(sent["readings"]) else np.zeros(cells, np.int64)

    async def _read(self, array: Looped) -> None:
        while True:
            (request,) = await self.read.receive(1)
            self.lines.append((request.layer, request.line, request.step))
            codes = array.read(request.layer, request.line)
            self.codes.extend(codes)
            await self.reading.send(codes)
