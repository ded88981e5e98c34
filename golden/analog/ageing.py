"""What devices do without pulses: decay, diffusion, drift; and their reset."""

import numpy as np

from ..inputs import LARGE, generator, in_place, instance, mask, number
from .cells import Cells
from .pulsed import PulsedDevice, Seed


class Ageing:
    """Ageing of the devices of one array, with the parameters of `PulsedDevice`.

    Of each device, xi drawn from N(0, 1) once:

        decay      s = 1 - 1 / (lifetime (1 + lifetime_dtod xi)), 0 where that lifetime is below 1; 1 if lifetime = 0
        diffusion  rho = diffusion |1 + diffusion_dtod xi|
        reset      b = reset + reset_dtod xi

    Methods change the weights of a float32 array (rows, columns) in place, and whatever state the cells hold beside
    them; weights stay within the bounds, and write noise is drawn anew.

    Parameters
    ----------
    device : PulsedDevice
        Of pairs, the single device.
    cells : Cells
    seed : int or what else `numpy.random.default_rng` takes
    """

    def __init__(self, device: PulsedDevice, cells: Cells, seed: Seed):
        self.cells, self.device = cells, device
        instance("Ageing: device", device, PulsedDevice)
        instance("Ageing: cells", cells, Cells)
        rng = generator("Ageing: seed", seed)
        shape = len(cells.parts), *cells.shape

        def draw(mean: float, spread: float) -> np.ndarray:
            # Without spread one number stands for all cells; arrays are large.
            return mean + spread * rng.standard_normal(shape) if spread > 0 else np.full((shape[0], 1, 1), mean)

        lifetime = draw(device.lifetime, device.lifetime * device.lifetime_dtod)
        self.retention = 1 - 1 / np.maximum(lifetime, 1) if device.lifetime > 0 else np.ones((shape[0], 1, 1))
        self.diffusion = abs(draw(device.diffusion, device.diffusion * device.diffusion_dtod))
        self.rest = draw(device.reset, device.reset_dtod)
        self.nu = draw(device.drift.nu, abs(device.drift.nu) * device.drift.nu_dtod)
        self._time = 0.0
        self._drifting: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def decay(
        self, weights: np.ndarray, rng: np.random.Generator, alpha: float = 1.0, spare_bias: bool = False
    ) -> None:
        """One period of decay: w <- b + (w - b) (1 + alpha (s - 1)); not of the last column if `spare_bias`."""
        self._check("decay", weights, rng)
        alpha = number("Ageing.decay: alpha", alpha, 0)
        self._relax(weights, 1 + alpha * (self.retention - 1), rng, spare_bias)

    def retain(self, weights: np.ndarray, periods: float, rng: np.random.Generator) -> None:
        """Retention over any number of periods of decay: w <- b + (w - b) s^periods."""
        self._check("retain", weights, rng)
        periods = number("Ageing.retain: periods", periods, 0)
        self._relax(weights, self.retention**periods, rng)

    def diffuse(self, weights: np.ndarray, rng: np.random.Generator) -> None:
        """One period of diffusion: w <- w + rho xi."""
        self._check("diffuse", weights, rng)
        hidden = self.cells.hidden(weights)
        for w, rho in zip(hidden, self.diffusion, strict=True):
            w += rho * rng.standard_normal(w.shape)
        self._set(weights, hidden, rng)

    def reset(self, weights: np.ndarray, rng: np.random.Generator, where: np.ndarray | None = None) -> None:
        """Reset cells, all or those of the bool array `where` (rows, columns): w <- b + reset_std xi."""
        self._check("reset", weights, rng)
        if where is not None:
            where = mask("Ageing.reset: where", where, self.cells.shape)
        hidden = self.cells.hidden(weights)
        for w, rest in zip(hidden, self.rest, strict=True):
            fresh = rest + self.device.reset_std * rng.standard_normal(w.shape)
            np.copyto(w, fresh, "same_kind", where=True if where is None else where)
        self._set(weights, hidden, rng)

    def drift(self, weights: np.ndarray, time: float, rng: np.random.Generator) -> None:
        """Let `time` pass, in units of t_0's; see `pulsed.Drift`. A weight is fresh for its first t_0.

        The time at which weights were first seen, or seen to have changed, is that of a call: call once when they are
        written.
        """
        self._check("drift", weights, rng)
        time = number("Ageing.drift: time", time, 0)
        p, hidden = self.device.drift, self.cells.hidden(weights)
        if not self._drifting:
            self._drifting = [(w.copy(), w.copy(), np.zeros_like(w)) for w in hidden]
        self._time += time / p.t_0
        offset = p.g_offset * p.wg_ratio + p.w_offset
        for (last, start, since), w, nu in zip(self._drifting, hidden, self.nu, strict=True):
            moved = abs(last - w) > p.reset_tol
            start[moved], since[moved] = w[moved], self._time
            actual = nu * (1 + p.nu_std * rng.standard_normal(w.shape)) if p.nu_std > 0 else nu
            if p.nu_k:
                g = (w - p.w_offset) / p.wg_ratio + p.g_offset
                # A conductance that is not positive has no logarithm; it drifts like G0.
                actual = actual - p.nu_k * (np.log(np.where(g > 0, g, np.exp(p.log_g0))) - p.log_g0)
            with np.errstate(over="ignore"):
                # A drift that no bound stops in time is stopped by the cells' bounds.
                lost = np.minimum(np.maximum(self._time - since, 1) ** -actual - 1, LARGE)
            w[...] = np.where(moved, w, start + (start + offset) * lost)
            if p.w_noise_std > 0:
                w += p.w_noise_std * rng.standard_normal(w.shape)
        self._set(weights, hidden, rng)
        for (last, _, _), w, part in zip(self._drifting, hidden, self.cells.parts, strict=True):
            last[...] = np.clip(w, *part.bounds)

    def _check(self, name: str, weights: np.ndarray, rng: np.random.Generator) -> None:
        in_place(f"Ageing.{name}: weights", weights, self.cells.shape)
        instance(f"Ageing.{name}: rng", rng, np.random.Generator)

    def _relax(
        self, weights: np.ndarray, retention: np.ndarray, rng: np.random.Generator, spare_bias: bool = False
    ) -> None:
        hidden = self.cells.hidden(weights)
        for w, rest, s in zip(hidden, self.rest, retention, strict=True):
            part = w[:, :-1] if spare_bias else w
            rest, s = (np.broadcast_to(a, w.shape)[:, : part.shape[1]] for a in (rest, s))
            part[...] = rest + (part - rest) * s
        self._set(weights, hidden, rng)

    def _set(self, weights: np.ndarray, hidden: list[np.ndarray], rng: np.random.Generator) -> None:
        weights[...] = self.cells.restore(hidden, rng)
