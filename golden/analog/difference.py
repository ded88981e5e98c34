"""Two arrays read against each other: a differential pair of full devices, or an array and its reference."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..inputs import counts as pulses
from ..inputs import entries, floats, instance, number, require, vectors
from .array import AnalogArray
from .write_verify import Programmed, program

Array = NDArray[np.float32]


class Difference:
    """W = scale (A - R), each array read through its own periphery and subtracted behind the ADCs: a `Crossbar`.

    A reference that sits on the same lines, ahead of the ADC, is `Cells.subtract` of what it holds; a pair of unipolar
    devices in one cell is `OneSided`.

    Parameters
    ----------
    plus, minus : AnalogArray
        A and R, of equal shape.
    scale : float
        Weight that a difference of one stands for.
    both : bool
        What writes goes to both arrays, half to each with opposite signs; else R is a reference that stays as it is.
        Time (`decay`, `diffuse`, `drift`) passes for both arrays in any case.
    """

    def __init__(self, plus: AnalogArray, minus: AnalogArray, scale: float = 1.0, both: bool = False):
        instance("Difference.plus", plus, AnalogArray)
        instance("Difference.minus", minus, AnalogArray)
        require(plus.shape == minus.shape, "Difference.minus", minus.shape, f"an array of {plus.shape}")
        require(plus is not minus, "Difference.minus", "the array plus", "an array of its own")
        require(isinstance(both, bool | np.bool_), "Difference.both", both, "True or False")
        self.plus, self.minus, self.both = plus, minus, both
        self.scale = number("Difference.scale", scale, 0, above=True)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.plus.shape

    @property
    def weights(self) -> Array:
        """W, as a perfect read would show it: float32 (rows, columns), a copy."""
        return np.float32(self.scale) * (self.plus.weights - self.minus.weights)

    @property
    def granularity(self) -> float:
        """Step of W that one pulse stands for, in the mean: scale times that of A, or of both arrays' mean."""
        return self.scale * float(np.mean([array.granularity for array in self._written]))

    @property
    def _written(self) -> tuple[AnalogArray, ...]:
        """The arrays that writes go to."""
        return (self.plus, self.minus) if self.both else (self.plus,)

    def forward(self, x: ArrayLike) -> Array:
        """W x, see `Crossbar.forward`."""
        return np.float32(self.scale) * (self.plus.forward(x) - self.minus.forward(x))

    def backward(self, d: ArrayLike) -> Array:
        """W^T d, see `Crossbar.backward`."""
        return np.float32(self.scale) * (self.plus.backward(d) - self.minus.backward(d))

    def read_line(self, k: int, columns: bool = True) -> Array:
        """W[:, k], or W[k] if not columns, see `Crossbar.read_line`."""
        return np.float32(self.scale) * (self.plus.read_line(k, columns) - self.minus.read_line(k, columns))

    def update(self, x: ArrayLike, d: ArrayLike, lr: float) -> None:
        """W -= lr d x^T in the mean, see `both`."""
        rows, columns = self.shape
        x, d = vectors("Difference.update: x", x, columns), vectors("Difference.update: d", d, rows)
        lr = number("Difference.update: lr", lr) / self.scale / len(self._written)
        self.plus.update(x, d, lr)
        if self.both:
            self.minus.update(x, -d, lr)

    def pulse_line(self, k: int, counts: ArrayLike, columns: bool = True) -> None:
        """Pulses along a line, see `Crossbar.pulse_line`: with `both` A takes the larger half, R the other one."""
        counts = pulses("Difference.pulse_line: counts", counts, (self.shape[not columns],))
        half = np.sign(counts) * (abs(counts) // 2) if self.both else 0 * counts
        self.plus.pulse_line(k, counts - half, columns)
        if self.both:
            self.minus.pulse_line(k, -half, columns)

    def hold(self, weights: ArrayLike) -> None:
        """Set W as a perfect programming would: above R, or with `both` half by each, and what one cannot the other."""
        half = floats("Difference.hold: weights", weights, self.shape) / np.float32(self.scale)
        if not self.both:
            self.plus.hold(self.minus.weights + half)
            return
        plus = np.clip(half / 2, *self.plus.cells.bounds)
        minus = np.clip(plus - half, *self.minus.cells.bounds)
        self.plus.hold(minus + half)
        self.minus.hold(minus)

    def program(
        self, target: ArrayLike, rounds: int = 50, tolerance: float | None = None, most: int = 10, reads: int = 1
    ) -> Programmed:
        """Write-verify, see `write_verify.program`."""
        return program(self, target, rounds, tolerance, most, reads)

    def decay(self, alpha: float = 1.0) -> None:
        """One period of decay of both arrays, `alpha` times as strong."""
        for array in (self.plus, self.minus):
            array.decay(alpha)

    def diffuse(self) -> None:
        """One period of diffusion of both arrays."""
        for array in (self.plus, self.minus):
            array.diffuse()

    def drift(self, time: float) -> None:
        """Let time pass for both arrays, in units of their devices' t_0."""
        for array in (self.plus, self.minus):
            array.drift(time)

    def reset(self, where: NDArray[np.bool_] | None = None) -> None:
        """Reset all cells, or those of a bool array (rows, columns), of the arrays that are written."""
        for array in self._written:
            array.reset(where)

    def refresh(self) -> int:
        """Refresh worn pairs of one-sided devices of the arrays that are written; returns how many."""
        return sum(array.refresh() for array in self._written)

    def state(self) -> dict[str, np.ndarray]:
        """Everything that `restore` needs, of both arrays, see `Crossbar.state`."""
        arrays = {"plus": self.plus, "minus": self.minus}
        return {f"{name}.{key}": value for name, array in arrays.items() for key, value in array.state().items()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go back to a `state` of two such arrays."""
        plus, minus = (entries("Difference.restore: state", state, f"{name}.") for name in ("plus", "minus"))
        self.minus._check_state(minus)
        self.plus.restore(plus)
        self.minus.restore(minus)
