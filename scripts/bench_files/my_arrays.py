"""Your arrays A and C. What stands in `Array` is an example, a bowl: put what you have in its place, and run `pytest`
here.
"""

import numpy as np


class Array:
    """Two arrays of devices: A, which collects pulses and is read line by line, and C, whose states are the weights."""

    def __init__(self, chip, largest: int):
        """`chip` is what `chip.toml` says, an `ohmgrad.golden.chip.chip.Chip`; the largest word of a cost is this."""
        groups, settings = chip.config.groups, chip.path.settings
        self.fast, self.slow = ([np.zeros(group) for group in groups] for _ in range(2))
        rng = np.random.default_rng(1)
        self.goal = [rng.integers(-300, 301, group) for group in groups]
        self.lines, self.neurons = np.zeros(sum(chip.layout.columns), np.int64), chip.layout.neurons
        self.by_rows, self.most = settings.rows, 2 ** (settings.read_bits - 1) - 1
        self.scale, self.largest = largest / (3e5 * chip.layout.parameters), largest

    def pulse(self, slow: bool, vector: np.ndarray) -> None:
        """Take a vector: a pulse -1, 0, +1 of each row of all groups, then of each line; a cell takes their product."""
        row, line = 0, self.neurons
        for a, c in zip(self.fast, self.slow, strict=True):
            pulses = np.outer(vector[row : row + len(a)], vector[line : line + len(a[0])])
            row, line = row + len(a), line + len(a[0])
            if slow:
                c += 8 * pulses
            else:
                a += pulses - abs(pulses) * a / 20

    def read(self, group: int, line: int) -> np.ndarray:
        """Codes of the cells of A on a line: a column, or with `transfer.lines = "rows"` a row."""
        a = self.fast[group]
        return np.clip(np.rint(a[line] if self.by_rows else a[:, line]), -self.most, self.most).astype(int)

    def cost(self, moved: np.ndarray, sample: int) -> int:
        """Cost of one rail, whose cells are moved by so much more; `sample` is the number of the sample presented."""
        weights, goal = (np.concatenate([part.ravel() for part in parts]) for parts in (self.slow, self.goal))
        return min(self.largest, round(self.scale * float(((weights + moved - goal) ** 2).sum())))

    def activity(self) -> np.ndarray:
        """With node perturbation: codes of all lines, group by group, when `cost` was asked last. A bowl has none."""
        return self.lines
