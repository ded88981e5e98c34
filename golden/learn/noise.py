"""Noise and defects of the hardware: of its weights, neurons and cost ([M23], [O25], "noise and defects")."""

from dataclasses import dataclass
from math import exp, inf
from typing import Any

import numpy as np

from ..inputs import require, settings
from .functions import Array
from .networks import Network, Spread
from .perturbations import COST_NOISE, DEFECT, UPDATE_NOISE, Maker, keys

BLOCK = 64
"""Readings of the cost that the low-pass takes as one product."""


@dataclass(frozen=True)
class Defects:
    """Noise and defects; the default is none of them. What differs from device to device is drawn from each seed.

    Attributes
    ----------
    cost_noise : float
        Standard deviation of each reading of the cost of one sample, C and C0 alike.
    update_noise : float
        Standard deviation of what each update adds to each parameter, independent in all of them.
    activation : float
        sigma of L f(k (z - x0)) + y0: k, L ~ N(1, sigma), x0, y0 ~ N(0, sigma), for each neuron (channel).
    dac_bits : int
        Width of the converters of theta + s; 0: none.
    dac_range : float
        Largest weight; beyond it they clip (also without `dac_bits`).
    dac_bend : float
        Nonlinearity: w + bend w (1 - (w / range)^2), before rounding; needs a `dac_range`.
    adc_bits, adc_range, adc_bend
        The same for each reading of the cost.
    drift : float
        What is added to the cost a step; the second pass of an antithetic pair is half a step later.
    bandwidth : float
        Time constant of a first-order low-pass on the cost, in presentations of a sample.
    stuck : float
        Fraction of the weights that stay at a value of their own, uniform in +-`stuck_range`.
    stuck_range : float
    flipped : float
        Fraction of the weights that reach the network with the wrong sign.
    """

    cost_noise: float = 0.0
    update_noise: float = 0.0
    activation: float = 0.0
    dac_bits: int = 0
    dac_range: float = inf
    dac_bend: float = 0.0
    adc_bits: int = 0
    adc_range: float = inf
    adc_bend: float = 0.0
    drift: float = 0.0
    bandwidth: float = 0.0
    stuck: float = 0.0
    stuck_range: float = 1.0
    flipped: float = 0.0

    def __post_init__(self) -> None:
        settings(self, "dac_range", "adc_range", named=False)
        for name in ("cost_noise", "update_noise", "activation", "bandwidth", "stuck_range"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "a number from 0")
        for name in ("stuck", "flipped"):
            require(0 <= getattr(self, name) <= 1, name, getattr(self, name), "a fraction from 0 to 1")
        for part in ("dac", "adc"):
            bits, reach, bend = (getattr(self, f"{part}_{what}") for what in ("bits", "range", "bend"))
            require(bits == 0 or 2 <= bits <= 24, f"{part}_bits", bits, "0 (none) or 2 to 24")
            require(reach > 0, f"{part}_range", reach, "a number above 0")
            finite = reach < inf or not (bits or bend)
            require(finite, f"{part}_range", reach, f"a finite number with {part}_bits or {part}_bend")
            # Beyond these the transfer curve would not be monotonic.
            require(-1 <= bend <= 0.5, f"{part}_bend", bend, "a number from -1 to 0.5")

    @property
    def weights(self) -> bool:
        """Whether the weights are not the parameters themselves."""
        return bool(self.dac_range < inf or self.stuck or self.flipped)


def convert(xp: Any, v: Array, bits: int, reach: float, bend: float) -> Array:
    """Transfer curve of a converter: clip, bend, round to nearest."""
    if reach == inf:
        return v
    v = xp.clip(v, -reach, reach)
    if bend:
        v = v + bend * v * (1 - (v / reach) ** 2)
    if bits:
        unit = reach / ((1 << (bits - 1)) - 1)
        v = xp.round(v / unit) * unit
    return v


class Hardware:
    """The defects of R copies of a network, each drawn from its seed."""

    def __init__(self, defects: Defects, network: Network, maker: Maker, seeds: np.ndarray):
        self.defects, self.maker, self.xp, self.seeds = defects, maker, maker.xp, seeds
        self.spread: Spread | None = None
        if defects.activation:
            sizes = [b.outputs for b in network.blocks]
            drawn = defects.activation * maker.normal(keys(seeds, DEFECT, range(4)), sum(sizes))
            ends = np.cumsum(sizes).tolist()
            gain, slope, x0, y0 = 1 + drawn[:, 0], 1 + drawn[:, 1], drawn[:, 2], drawn[:, 3]
            places = [slice(e - n, e) for n, e in zip(sizes, ends, strict=True)]
            self.spread = [(gain[:, p], slope[:, p], x0[:, p], y0[:, p]) for p in places]
        self.stuck = self.sign = None
        if defects.stuck:
            draws = maker.uniform(keys(seeds, DEFECT, range(4, 6)), network.size)
            values = self.xp.astype(defects.stuck_range * (2 * draws[:, 1] - 1), maker.dtype)
            self.stuck = draws[:, 0] < defects.stuck, values
        if defects.flipped:
            draws = maker.uniform(keys(seeds, DEFECT, 6), network.size)
            self.sign = 1 - 2 * self.xp.astype(draws < defects.flipped, maker.dtype)

    def effective(self, theta: Array) -> Array:
        """Weights that the network has, of parameters of shape (R, ..., P)."""
        d, xp = self.defects, self.xp
        if not d.weights:
            return theta
        between = [1] * (theta.ndim - 2)
        w = convert(xp, theta, d.dac_bits, d.dac_range, d.dac_bend)
        if self.sign is not None:
            w = w * xp.reshape(self.sign, (len(w), *between, -1))
        if self.stuck is not None:
            where, values = (xp.reshape(v, (len(w), *between, -1)) for v in self.stuck)
            w = xp.where(where, values, w)
        return w

    def update_noise(self, update: int, size: int) -> Array:
        """Noise of one update, shape (R, P)."""
        return self.defects.update_noise * self.maker.normal(keys(self.seeds, UPDATE_NOISE, update), size)

    def read(self, costs: Array, steps: np.ndarray, rails: tuple[int, ...], readings: dict[int, int], taken: np.ndarray,
             pole: Array) -> tuple[Array, Array]:  # fmt: skip
        """What is read of costs.

        Parameters
        ----------
        costs : array, shape (R, rails, n, B)
        steps : int64 array, shape (n,)
            Number of each step.
        readings : dict
            Readings that are averaged, by polarity.
        taken : bool array, shape (rails, n)
            Which of the costs are read; the others are returned as they are, and do not enter the low-pass.
        pole : array, shape (R,)
            State of the low-pass.

        Returns
        -------
        array, shape (R, rails, n, B), and the new state of the low-pass
        """
        d, xp, (seeds, _, count, batch) = self.defects, self.xp, costs.shape
        if d.bandwidth:
            costs, pole = self._low_pass(costs, rails, taken, pole)
        if d.drift:
            late = np.array([0.5 if k == 1 and p == -1 else 0.0 for k, p in enumerate(rails)])
            costs = costs + self.maker.array(d.drift * (steps + late[:, None]))[:, :, None]
        if not d.cost_noise:
            return convert(xp, costs, d.adc_bits, d.adc_range, d.adc_bend), pole
        # C0 has noise of its own: polarity 0 has its own readings, whether it is the second pass or the third.
        most = max(readings.values())
        noise = self.maker.normal(keys(self.seeds, COST_NOISE, steps), 3 * batch * most)
        noise = d.cost_noise * xp.reshape(noise, (seeds, count, 3, batch, most))
        out = []
        for k, polarity in enumerate(rails):
            n = readings[polarity]
            values = costs[:, k, ..., None] + noise[:, :, polarity, :, :n]
            out.append(xp.mean(convert(xp, values, d.adc_bits, d.adc_range, d.adc_bend), axis=-1))
        return xp.stack(out, axis=1), pole

    def _low_pass(self, costs: Array, rails: tuple[int, ...], taken: np.ndarray, pole: Array) -> tuple[Array, Array]:
        """y <- y + (C - y) (1 - exp(-1 / tau)) over all presentations in their order: C0 first, then the passes."""
        xp, (seeds, _, count, batch) = self.xp, costs.shape
        order = sorted(range(len(rails)), key=lambda k: abs(rails[k]))
        places = np.arange(len(rails) * count * batch).reshape(len(rails), count, batch)
        sequence = places[order].transpose(1, 0, 2)[taken[order].T].ravel()
        flat = xp.reshape(costs, (seeds, -1))
        values = xp.take(flat, self.maker.array(sequence, xp.int64), axis=1)
        keep = exp(-1 / self.defects.bandwidth)
        lag = np.subtract.outer(np.arange(BLOCK), np.arange(BLOCK))
        filter_ = self.maker.array(np.where(lag >= 0, (1 - keep) * keep ** np.maximum(lag, 0), 0).T)
        fading = self.maker.array(keep ** (1 + np.arange(BLOCK)))
        parts = []
        for at in range(0, len(sequence), BLOCK):
            part = values[:, at : at + BLOCK]
            n = part.shape[1]
            parts.append(part @ filter_[:n, :n] + pole[:, None] * fading[:n])
            pole = parts[-1][:, -1]
        back = np.arange(flat.shape[1]) + len(sequence)
        back[sequence] = np.arange(len(sequence))
        whole = xp.take(xp.concat([*parts, flat], axis=1), self.maker.array(back, xp.int64), axis=1)
        return xp.reshape(whole, costs.shape), pole
