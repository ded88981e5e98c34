"""Skeleton of one's own board in the loop: `python examples/my_board.py` trains XOR on a made-up one.

To use it for a real board, replace `FrontEnd` by what moves its DACs and ADCs (over serial, SPI, ...), and `LAYERS`,
`WEIGHT`, the widths and activations by its own. Everything else stays: `MyBoard` is a `golden.learn` chip
(`golden/learn/chip_protocol.py`), so the MGD trainer perturbs its weights, reads its cost and updates it, and never
looks inside.
"""

import numpy as np
from numpy.typing import ArrayLike

from ohmgrad.golden.data.datasets import load
from ohmgrad.golden.learn import MGD
from ohmgrad.golden.learn.chip_in_loop import ChipTrainer
from ohmgrad.golden.learn.chip_protocol import no_pulses

LAYERS = (2, 2, 1)  # inputs, hidden neurons, output
SIZE = sum(n * (m + 1) for m, n in zip(LAYERS, LAYERS[1:], strict=False))
WEIGHT = 4.0  # weight at full scale of a weight DAC
WEIGHT_CODE, ADC_CODE = 2**11 - 1, 2**11 - 1  # largest codes of 12-bit converters


class FrontEnd:
    """Converters of a board that there is not: two layers of tanh neurons whose gains differ, and noise at the ADC.

    A real one has the same three methods, a few lines of serial or SPI each.
    """

    def __init__(self, seed: int = 1):
        self._rng = np.random.default_rng(seed)
        self._gain = self._rng.normal(1, 0.1, SIZE)
        self._weights, self._inputs = np.zeros(SIZE), np.zeros(LAYERS[0])

    def set_weights(self, codes: np.ndarray) -> None:
        """Put codes, -2047 .. 2047, on the weight DACs."""
        self._weights = self._gain * codes / WEIGHT_CODE * WEIGHT

    def set_inputs(self, volts: np.ndarray) -> None:
        """Put voltages, -1 .. 1, on the inputs."""
        self._inputs = volts

    def read_outputs(self) -> np.ndarray:
        """Convert the outputs: codes, -2047 .. 2047."""
        h, at = self._inputs, 0
        for m, n in zip(LAYERS, LAYERS[1:], strict=False):
            w = self._weights[at : at + n * (m + 1)].reshape(n, m + 1)
            h, at = np.tanh(w @ np.append(h, 1.0)), at + w.size
        return np.rint((h + self._rng.normal(0, 1e-3, h.shape)) * ADC_CODE).astype(int)


class MyBoard:
    """The verbs of a chip over converters; the host forms the cost from what the ADCs read."""

    layers = LAYERS

    def __init__(self, front: FrontEnd):
        self.front = front
        self._theta, self._offsets = np.zeros(SIZE), np.zeros(SIZE)

    def load(self, theta: ArrayLike) -> None:
        """Keep the parameters; DACs forget, so that the host holds the weights."""
        self._theta, self._offsets = np.clip(np.asarray(theta, float), -WEIGHT, WEIGHT), np.zeros(SIZE)

    def present(self, x: np.ndarray, t: np.ndarray) -> None:
        """Keep samples and targets for the next costs."""
        self._x, self._t = x, t

    def perturb(self, offsets: ArrayLike) -> None:
        """Keep the offsets; a board with perturbation circuits of its own would switch them here."""
        self._offsets = np.asarray(offsets, float)

    def cost(self) -> float:
        """Mean of 1/2 sum (y - t)^2 over the samples, each shown once."""
        codes = np.rint((self._theta + self._offsets) / WEIGHT * WEIGHT_CODE)
        self.front.set_weights(np.clip(codes, -WEIGHT_CODE, WEIGHT_CODE))
        costs = []
        for x, t in zip(self._x, self._t, strict=True):
            self.front.set_inputs(x)
            costs.append(0.5 * np.sum((self.front.read_outputs() / ADC_CODE - t) ** 2))
        return float(np.mean(costs))

    def pulse(self, counts: ArrayLike) -> None:
        """Pulsed devices would get their pulses here; `ChipTrainer(..., granularity=...)` then updates by them."""
        no_pulses("MyBoard")

    def read(self) -> np.ndarray:
        """The parameters; a board with devices would read them out."""
        return self._theta.copy()


def main(steps: int = 2000) -> float:
    """Train XOR; returns the mean cost at the end."""
    split = load("xor", 4, 4, 1)
    # Amplitude well above the DACs' LSB of 4 / 2047, and a change of the cost well above the ADC's noise.
    settings = MGD(amplitude=0.05, eta=0.05, batch=4, order="cyclic")
    trainer = ChipTrainer(MyBoard(FrontEnd()), settings, split.train_x, split.train_t, seed=1)
    state = trainer.initial()
    for _ in range(10):
        trainer.run(state, steps // 10)
        print(f"step {state.step}: mean cost {trainer.mean_cost(state.theta):.4f}")
    return trainer.mean_cost(state.theta)


if __name__ == "__main__":
    main()
