"""The devices of one array, as drawn: their constants, and what follows from these."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..compiled import njit
from ..inputs import floats, instance, mask, real, require
from .pulse import (
    DOWN,
    HIDDEN,
    LINEAR,
    MAX,
    MIN,
    ON_SET,
    OWN_DOWN,
    OWN_UP,
    PAIR,
    REFERENCE,
    UP,
    WIDTH,
    WRITE,
    WRITES,
    mean_step,
    pulse,
)


class Cells(NamedTuple):
    """Devices of one array; the layouts are those of `pulse`.

    Attributes
    ----------
    model : int
    shared : float64 array, shape (S,)
    each : float32 array, shape (rows, columns, WIDTH), of pairs (rows, columns, 2 WIDTH), C order
        The cells. With write noise, and of pairs, this holds state that pulses move: to go back to a point of training,
        restore `each` together with the weights.
    """

    model: int
    shared: np.ndarray
    each: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.each.shape[:2]

    @property
    def parts(self) -> tuple["Cells", ...]:
        """The single devices: plus and minus of a pair, else these cells; they are views of the same numbers."""
        if not self.model & PAIR:
            return (self,)
        halves = self.each[..., :WIDTH], self.each[..., WIDTH:]
        return tuple(Cells(self.model ^ PAIR, self.shared, each) for each in halves)

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Smallest and largest weight of each cell: two float32 arrays (rows, columns)."""
        if self.model & PAIR:
            (low, high), (less, more) = (part.bounds for part in self.parts)
            return low - more, high - less
        shift = self.each[..., REFERENCE]
        return self.each[..., MIN] - shift, self.each[..., MAX] - shift

    @property
    def stuck(self) -> np.ndarray:
        """Cells that no pulse moves: bool (rows, columns)."""
        low, high = self.bounds
        return low >= high

    def stick(self, where: np.ndarray, weight: float | np.ndarray) -> None:
        """Pin single devices at a weight, from their next pulse or `hold` on; `where` is bool (rows, columns)."""
        require(not self.model & PAIR, "Cells.stick", "a pair", "one of its parts")
        where = mask("Cells.stick: where", where, self.shape)
        weight = floats("Cells.stick: weight", np.atleast_1d(real("Cells.stick: weight", weight)), (1,), self.shape)
        device = self.each[where]
        device[:, [UP, DOWN]] = 0
        if self.model & ~WRITES == LINEAR:
            device[:, [OWN_UP, OWN_DOWN]] = 0
        pinned = np.broadcast_to(weight, where.shape)[where] + device[:, REFERENCE]
        device[:, MIN] = device[:, MAX] = pinned
        self.each[where] = device

    def hold(self, weights: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
        """Set the devices to weights, as a perfect programming would.

        Parameters
        ----------
        weights : float array, shape (rows, columns)
            Of a pair, what is positive goes to its plus device, what is negative to its minus device.
        rng : numpy.random.Generator, optional
            Draws the write noise of what a read then shows, unless the device is without `apply_write_noise_on_set`.

        Returns
        -------
        float32 array, shape (rows, columns), C order
            The weights that a read shows: clipped at each cell's bounds, with write noise.
        """
        weights = floats("Cells.hold: weights", weights, self.shape)
        hidden = [np.maximum(weights, 0), np.maximum(np.negative(weights), 0)] if self.model & PAIR else [weights]
        return self.restore(hidden, rng if self.shared[ON_SET] else None)

    def hidden(self, weights: np.ndarray) -> list[np.ndarray]:
        """Hidden weights, which pulses move: copies, float32 (rows, columns), one for each of `parts`."""
        weights = floats("Cells.hidden: weights", weights, self.shape)
        if self.model & (PAIR | WRITES):
            return [part.each[..., HIDDEN].copy() for part in self.parts]
        return [weights.copy()]

    def restore(self, hidden: Sequence[np.ndarray], rng: np.random.Generator | None = None) -> np.ndarray:
        """Set the devices of `parts` to weights, clipped at their bounds; returns what a read shows."""
        require(len(hidden) == len(self.parts), "Cells.restore: hidden", len(hidden), f"{len(self.parts)} arrays")
        if rng is not None:
            instance("Cells.restore: rng", rng, np.random.Generator)
        hidden, clipped = [floats("Cells.restore: hidden", w, self.shape) for w in hidden], []
        for part, w in zip(self.parts, hidden, strict=True):
            low, high = part.bounds
            clipped.append(np.minimum(np.maximum(w, low), high).astype(np.float32, order="C"))
            if self.model & (PAIR | WRITES):
                part.each[..., HIDDEN] = clipped[-1]
        if self.model & PAIR:
            return clipped[0] - clipped[1]
        if self.model & WRITES and rng is not None:
            clipped[0] += (self.shared[WRITE] * rng.standard_normal(clipped[0].shape)).astype(np.float32)
        return clipped[0]

    def subtract(self, reference: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Show every weight above a further reference, float (rows, columns): returns the weights less that."""
        require(not self.model & PAIR, "Cells.subtract", "a pair", "a single device")
        reference = floats("Cells.subtract: reference", reference, self.shape)
        weights = floats("Cells.subtract: weights", weights, self.shape)
        self.each[..., REFERENCE] += reference
        self.each[..., HIDDEN] -= reference
        return (weights - reference).astype(np.float32)

    def symmetry(self) -> np.ndarray:
        """Symmetry point: the weight of each cell at which an up and a down pulse cancel in the mean.

        Where the steps cross nowhere it is the bound that the larger one leads to, and where they are equal everywhere
        the weight nearest to zero.

        Returns
        -------
        float32 array, shape (rows, columns)
        """
        require(not self.model & PAIR, "Cells.symmetry", "a pair", "a single device, a pair has no such point")
        low, high = self.bounds
        if self.model & ~WRITES != LINEAR:
            points = np.empty(self.each.shape[:2], np.float32)
            _bisect(self.model, self.shared, self.each, points)
            return points
        up, down, slope_up, slope_down = (np.float64(self.each[..., k]) for k in (UP, DOWN, OWN_UP, OWN_DOWN))
        gap, closing, shift = up - down, slope_down - slope_up, self.each[..., REFERENCE]
        with np.errstate(divide="ignore", invalid="ignore"):
            points = gap / closing - shift
        middle = gap - closing * ((low + high) / 2 + shift)
        points = np.where((points < low) | (points > high), np.where(middle > 0, high, low), points)
        return np.clip(np.where(np.isnan(points), 0, points), low, high).astype(np.float32)


@njit
def _bisect(model, shared, each, points):
    """Zeros of the mean step up less the mean step down, between the bounds."""
    for i in range(each.shape[0]):
        for j in range(each.shape[1]):
            cell = each[i, j]
            low, high = cell[MIN] - cell[REFERENCE], cell[MAX] - cell[REFERENCE]
            first = mean_step(model, shared, cell, low, True) - mean_step(model, shared, cell, low, False)
            last = mean_step(model, shared, cell, high, True) - mean_step(model, shared, cell, high, False)
            if first == 0.0 and last == 0.0:
                points[i, j] = min(max(np.float32(0.0), low), high)
                continue
            if first * last > 0.0:
                points[i, j] = high if first > 0.0 else low
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
