"""Your array. What stands in `Array` is an example, a bowl: put what you have in its place, and run `pytest` here."""

import numpy as np


class Array:
    """Anything with a cost. Codes are those of the DACs of the cells, cost words those of the ADC behind them."""

    def __init__(self, chip, largest: int):
        """`chip` is what `chip.toml` says, an `ohmgrad.golden.chip.chip.Chip`; the largest word of a cost is this."""
        parameters = chip.layout.parameters
        self.weights, self.lines = np.zeros(parameters, np.int64), np.zeros(sum(chip.layout.columns), np.int64)
        self.goal = np.random.default_rng(1).integers(-300, 301, parameters)
        self.scale, self.largest, self.pulsed = largest / (3e5 * parameters), largest, chip.path.pulsed

    def apply(self, words: np.ndarray) -> None:
        """Take what comes before a measurement: codes of the weights; or pulses -1, 0, +1, if cells take such.

        With `array.rails = 1` codes have their perturbation already.
        """
        self.weights = self.weights + 8 * words if self.pulsed else words

    def cost(self, moved: np.ndarray, sample: int) -> int:
        """Cost of one rail, whose cells are moved by so much more; `sample` is the number of the sample presented."""
        return min(self.largest, round(self.scale * float(((self.weights + moved - self.goal) ** 2).sum())))

    def activity(self) -> np.ndarray:
        """With node perturbation: codes of all lines, group by group, when `cost` was asked last. A bowl has none."""
        return self.lines
