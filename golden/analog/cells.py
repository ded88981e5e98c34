"""The devices of one array, as drawn: their constants, and what follows from these."""

from typing import NamedTuple

import numpy as np
from numba import njit

from .pulse import CONSTANT, DOWN, EACH, LINEAR, MAX, MIN, PAIR, REFERENCE, UP, WRITE, mean_step, pulse
from .refusals import require


class Cells(NamedTuple):
    """Devices of one array; the layouts are those of `pulse`.

    Attributes
    ----------
    model : int
    shared : float64 array, shape (S,)
    each : float32 array, shape (rows, columns, K), C order
        Constants of each cell. With write noise, and for pairs, also state that pulses move: to go back to a point of
        training, restore `each` together with the weights.
    """

    model: int
    shared: np.ndarray
    each: np.ndarray

    @property
    def parts(self) -> tuple["Cells", ...]:
        """The devices themselves: plus and minus of a pair, else these cells; views on the same constants."""
        if self.model < PAIR:
            return (self,)
        half = (self.each.shape[-1] - 2) // 2
        halves = self.each[..., :half], self.each[..., half:-2]
        return tuple(Cells(self.model - PAIR, self.shared, each) for each in halves)

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Smallest and largest weight of each cell: two arrays of (rows, columns)."""
        if self.model >= PAIR:
            (low, high), (less, more) = (part.bounds for part in self.parts)
            return low - more, high - less
        shift = self.each[..., EACH + 2] if self.model == REFERENCE else np.float32(0)
        return self.each[..., MIN] - shift, self.each[..., MAX] - shift

    @property
    def stuck(self) -> np.ndarray:
        """Cells that no pulse moves: bool (rows, columns)."""
        if self.model >= PAIR:
            plus, minus = (part.stuck for part in self.parts)
            return plus & minus
        low, high = self.bounds
        return low >= high

    def stick(self, where: np.ndarray, weight: float | np.ndarray) -> None:
        """Pin the cells of the bool array `where` (rows, columns) to a weight, from the next pulse or `hold` on."""
        require(self.model < PAIR, "Cells.stick", "a pair", "the plus or minus part of a pair")
        shift = self.each[..., EACH + 2] if self.model == REFERENCE else 0.0
        for place in (MAX, MIN):
            self.each[..., place] = np.where(where, weight + shift, self.each[..., place])
        # Slopes too: a step that is zero at weight zero only would still move a cell elsewhere.
        for place in (UP, DOWN, *((EACH, EACH + 1) if self.model in (LINEAR, REFERENCE) else ())):
            self.each[..., place] = np.where(where, 0.0, self.each[..., place])

    @property
    def hidden(self) -> list[np.ndarray]:
        """State beside the weights, as views of (rows, columns): hidden weights, or those of plus and minus."""
        if self.model >= PAIR:
            return [self.each[..., -2], self.each[..., -1]]
        return [self.each[..., -1]] if self.shared[WRITE] > 0 else []

    def hold(self, weights: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
        """Set the devices to weights, as a perfect programming would.

        Parameters
        ----------
        weights : float array, shape (rows, columns)
        rng : numpy.random.Generator, optional
            Draws the write noise of the weights that a read then shows; without it they are shown clean.

        Returns
        -------
        float32 array, shape (rows, columns), C order
            The weights, clipped at each cell's bounds.
        """
        if self.model >= PAIR:
            plus, minus = self.parts
            self.each[..., -2] = plus.hold(np.maximum(weights, 0), rng)
            self.each[..., -1] = minus.hold(np.maximum(np.negative(weights), 0), rng)
            return self.each[..., -2] - self.each[..., -1]
        low, high = self.bounds
        return self.show(np.minimum(np.maximum(weights, low), high).astype(np.float32), rng)

    def show(self, weights: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
        """Store clipped weights of devices that are no pair; returns what a read shows: they, with write noise."""
        write = self.shared[WRITE]
        if write > 0:
            self.each[..., -1] = weights
            if rng is not None:
                weights = weights + (write * rng.standard_normal(weights.shape)).astype(np.float32)
        return np.ascontiguousarray(weights)

    def symmetry(self) -> np.ndarray:
        """Symmetry point: the weight of each cell at which an up and a down pulse cancel in the mean.

        Where the steps cross nowhere it is the bound that the larger one leads to, and zero where they are equal
        everywhere.

        Returns
        -------
        float32 array, shape (rows, columns)
        """
        if self.model >= PAIR:
            raise ValueError("Cells.symmetry: a pair is refused; allowed are single devices, a pair has no such point.")
        low, high = self.bounds
        if self.model not in (CONSTANT, LINEAR, REFERENCE):
            points = np.empty(self.each.shape[:2], np.float32)
            _bisect(self.model, self.shared, self.each, points)
            return points
        gap = np.float64(self.each[..., UP]) - self.each[..., DOWN]
        if self.model == CONSTANT:
            return np.where(gap == 0, np.float32(0), np.where(gap > 0, high, low))
        shift = self.each[..., EACH + 2] if self.model == REFERENCE else 0.0
        closing = np.float64(self.each[..., EACH + 1]) - self.each[..., EACH]
        with np.errstate(divide="ignore", invalid="ignore"):
            points = np.where(gap == 0, 0.0, gap / closing)
        return np.clip(points - shift, low, high).astype(np.float32)


@njit
def _bisect(model, shared, each, points):
    """Zeros of the mean step up less the mean step down, between the bounds."""
    for i in range(each.shape[0]):
        for j in range(each.shape[1]):
            cell = each[i, j]
            low, high = cell[MIN], cell[MAX]
            first = mean_step(model, shared, cell, low, True) - mean_step(model, shared, cell, low, False)
            last = mean_step(model, shared, cell, high, True) - mean_step(model, shared, cell, high, False)
            if first * last > 0.0:
                points[i, j] = high if first > 0.0 else low
                continue
            if first == 0.0 and last == 0.0:
                points[i, j] = min(max(np.float32(0.0), low), high)
                continue
            # 40 halvings leave less than float32 resolves.
            for _ in range(40):
                middle = np.float32(0.5) * (low + high)
                gap = mean_step(model, shared, cell, middle, True) - mean_step(model, shared, cell, middle, False)
                if gap * first > 0.0 or gap * last < 0.0:
                    low = middle
                else:
                    high = middle
            points[i, j] = np.float32(0.5) * (low + high)


@njit
def pulse_all(model, shared, each, weights, counts, rng):
    """Give each cell |counts| pulses in place, up where counts > 0; counts is integer (rows, columns)."""
    for i in range(weights.shape[0]):
        for j in range(weights.shape[1]):
            for _ in range(abs(counts[i, j])):
                weights[i, j] = pulse(model, shared, each[i, j], weights[i, j], counts[i, j] > 0, rng)
