"""What every crossbar can do, be it one array or two that are read against each other: one protocol."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from .write_verify import Programmed

Array = NDArray[np.float32]


class Crossbar(Protocol):
    """Weights W (rows, columns) that are read and written through a periphery; `AnalogArray` and `Difference`.

    What a user gives is checked by `golden.inputs`: a wrong shape or type, or a number that is not finite, is a
    ValueError in one sentence, and nothing has changed then.
    """

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) = (outputs, inputs)."""
        ...

    @property
    def weights(self) -> Array:
        """W, as a perfect read would show it."""
        ...

    @property
    def granularity(self) -> float:
        """Step of W that one pulse stands for, in the mean."""
        ...

    def forward(self, x: ArrayLike) -> Array:
        """W x through the periphery: x (columns,) or (batch, columns) -> float32 (rows,) or (batch, rows)."""
        ...

    def backward(self, d: ArrayLike) -> Array:
        """W^T d through the periphery, without bound management: d (rows,) or (batch, rows) -> (..., columns)."""
        ...

    def update(self, x: ArrayLike, d: ArrayLike, lr: float) -> None:
        """W -= lr d x^T in the mean, by pulses, for one vector each or the vectors of a batch one after the other."""
        ...

    def read_line(self, k: int, columns: bool = True) -> Array:
        """W[:, k], or W[k] if not columns, read by a one-hot vector through the periphery of that direction."""
        ...

    def pulse_line(self, k: int, counts: ArrayLike, columns: bool = True) -> None:
        """Give the cells of W[:, k], or of W[k] if not columns, |counts| pulses each, up where counts > 0."""
        ...

    def hold(self, weights: ArrayLike) -> None:
        """Set the weights as a perfect programming would, within the bounds of each cell."""
        ...

    def program(
        self, target: ArrayLike, rounds: int = 50, tolerance: float | None = None, most: int = 10, reads: int = 1
    ) -> "Programmed":
        """Write-verify, see `write_verify.program`."""
        ...

    def decay(self, alpha: float = 1.0) -> None:
        """One period of decay, `alpha` times as strong."""
        ...

    def diffuse(self) -> None:
        """One period of diffusion."""
        ...

    def reset(self, where: NDArray[np.bool_] | None = None) -> None:
        """Reset all cells, or those of a bool array (rows, columns)."""
        ...

    def drift(self, time: float) -> None:
        """Let time pass, in units of the device's t_0."""
        ...

    def refresh(self) -> int:
        """Refresh worn pairs of one-sided devices; returns how many."""
        ...

    def state(self) -> dict[str, np.ndarray]:
        """Everything that `restore` needs to go on from here with the same numbers, but for the clock of `drift`."""
        ...

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go back to a `state` of a crossbar with the same parameters."""
        ...
