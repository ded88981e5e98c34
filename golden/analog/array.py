"""A crossbar: cells, their weights, and everything that reads or writes them.

W is (rows, columns) = (outputs, inputs): forward y = W x, backward z = W^T d, update W -= lr d x^T in the mean.
"""

from collections.abc import Mapping
from functools import cached_property
from types import NoneType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..compiled import njit
from ..inputs import LARGE, entry, floats, instance, integer, number, require, vectors
from ..inputs import counts as pulses
from .ageing import Ageing
from .draws import generator, handle
from .mvm import mvm_batch
from .one_sided import OneSided
from .periphery import Ends, Periphery
from .pulse import pulse
from .pulsed import PulsedDevice
from .update import Update, outer_batch
from .write_verify import Programmed, program

Array = NDArray[np.float32]
WORD = (1 << 64) - 1


@njit
def _pulse_line(cells, w, line, columns, counts, handle):
    rng = generator(handle)
    for k in range(counts.size):
        i, j = (k, line) if columns else (line, k)
        for _ in range(abs(counts[k])):
            w[i, j] = pulse(cells.model, cells.shared, cells.each[i, j], w[i, j], counts[k] > 0, rng)


class AnalogArray:
    """A crossbar of pulsed devices, a `Crossbar`.

    Parameters
    ----------
    device : PulsedDevice or OneSided
    rows, columns : int
    seed : int
        Of the devices' and lines' spreads, and of all noise and pulses after that.
    forward, backward : Periphery, optional
        Of W x and W^T d; backward defaults to forward.
    update : Update, optional

    Attributes
    ----------
    weights : float32 array, shape (rows, columns)
        As a perfect read would show them; starts at 0, or at the nearest that a cell can hold.
    cells : Cells
    rng : numpy.random.Generator
    handle : uint64 array
        Of `rng`, for compiled code, see `draws`.
    updates : int
        Vector updates so far.
    forward_ends, backward_ends : Ends
        The peripheries as `mvm` takes them.
    """

    def __init__(
        self,
        device: PulsedDevice | OneSided,
        rows: int,
        columns: int,
        seed: int = 0,
        *,
        forward: Periphery | None = None,
        backward: Periphery | None = None,
        update: Update | None = None,
    ):
        instance("AnalogArray.device", device, PulsedDevice, OneSided)
        for name, ends in (("forward", forward), ("backward", backward)):
            instance(f"AnalogArray.{name}", ends, Periphery, NoneType)
        instance("AnalogArray.update", update, Update, NoneType)
        rows, columns = integer("AnalogArray.rows", rows, 1), integer("AnalogArray.columns", columns, 1)
        seed = integer("AnalogArray.seed", seed)
        self.device, self.shape, self.update_settings = device, (rows, columns), update or Update()
        self.cells = device.sample(self.shape, (seed, 0))
        self.rng = np.random.default_rng((seed, 1))
        self.handle = handle(self.rng)
        self.seed, self.updates = seed, 0
        forward = forward or Periphery()
        seeds = np.random.default_rng((seed, 2)).integers(1 << 62, size=2).tolist()
        self.forward_ends = forward.ends(columns, rows, seeds[0])
        self.backward_ends = (backward or forward).ends(rows, columns, seeds[1], forward=False)
        self.weights = self.cells.hold(np.zeros(self.shape), self.rng)

    @property
    def granularity(self) -> float:
        """Step of the device that pulse probabilities are reckoned with."""
        return float(self.device.granularity)

    def forward(self, x: ArrayLike) -> Array:
        """W x through the periphery: x (columns,) or (batch, columns) -> float32 (rows,) or (batch, rows)."""
        return self._read(self.forward_ends, False, x)

    def backward(self, d: ArrayLike) -> Array:
        """W^T d through the periphery, without bound management: d (rows,) or (batch, rows) -> (..., columns)."""
        return self._read(self.backward_ends, True, d)

    def _read(self, ends: Ends, backward: bool, x: ArrayLike) -> Array:
        outputs, inputs = self.shape[::-1] if backward else self.shape
        batch = vectors("AnalogArray.backward: d" if backward else "AnalogArray.forward: x", x, inputs)
        y = np.empty((len(batch), outputs), np.float32)
        mvm_batch(ends, self.weights, backward, batch, y, np.empty_like(batch), self.handle)
        return y if np.ndim(x) == 2 else y[0]

    def update(self, x: ArrayLike, d: ArrayLike, lr: float) -> None:
        """W -= lr d x^T in the mean, by pulses, for one vector each or the vectors of a batch one after the other."""
        rows, columns = self.shape
        x, d = vectors("AnalogArray.update: x", x, columns), vectors("AnalogArray.update: d", d, rows)
        require(len(x) == len(d), "AnalogArray.update: x, d", (len(x), len(d)), "as many vectors x as d")
        self._outer(x, d, number("AnalogArray.update: lr", lr, -LARGE, LARGE))

    def _outer(self, x: Array, d: Array, lr: float) -> None:
        """`update` with vectors that are checked: float32 (batch, columns) and (batch, rows), C order, finite."""
        self.update_settings.check_rate(lr, self.granularity)
        settings, every = self.update_settings, getattr(self.device, "refresh_every", 0)
        # Worn pairs are looked for after every so many vectors, also inside a batch.
        first = every - self.updates % every if every else len(x)
        edges = [0, *range(first, len(x), every or len(x)), len(x)]
        for start, stop in zip(edges, edges[1:], strict=False):
            part = x[start:stop], d[start:stop]
            outer_batch(settings.train, self.cells, self.weights, *part, lr, self.granularity, self.handle)
            self.updates += stop - start
            if every and self.updates % every == 0:
                self.refresh()
        if settings.pulse_type == "none-with-device":
            self.weights[:] = self.cells.hold(self.weights)

    def read_line(self, k: int, columns: bool = True) -> Array:
        """W[:, k], or W[k] if not columns, read by a one-hot vector through the periphery of that direction."""
        k = self._check_line("read_line", k, columns)
        one = np.zeros(self.shape[columns], np.float32)
        one[k] = 1
        return self.forward(one) if columns else self.backward(one)

    def pulse_line(self, k: int, counts: ArrayLike, columns: bool = True) -> None:
        """Give the cells of W[:, k], or of W[k] if not columns, |counts| pulses each, up where counts > 0."""
        k = self._check_line("pulse_line", k, columns)
        counts = pulses("AnalogArray.pulse_line: counts", counts, (self.shape[not columns],))
        _pulse_line(self.cells, self.weights, k, columns, counts, self.handle)

    def _check_line(self, place: str, k: int, columns: bool) -> int:
        require(isinstance(columns, bool), f"AnalogArray.{place}: columns", columns, "True or False")
        return integer(f"AnalogArray.{place}: k", k, 0, self.shape[columns] - 1)

    def hold(self, weights: ArrayLike) -> None:
        """Set the weights as a perfect programming would, within the bounds of each cell."""
        weights = floats("AnalogArray.hold: weights", weights, self.shape)
        self.weights[:] = self.cells.hold(weights, self.rng)

    @cached_property
    def ageing(self) -> Ageing:
        """What the cells do without pulses; `decay`, `diffuse`, `reset` and `drift` are one call of it each."""
        single = self.device.device if isinstance(self.device, OneSided) else self.device
        return Ageing(single, self.cells, (self.seed, 3))

    def decay(self, alpha: float = 1.0) -> None:
        """One period of decay, `alpha` times as strong."""
        self.ageing.decay(self.weights, self.rng, alpha)

    def diffuse(self) -> None:
        """One period of diffusion."""
        self.ageing.diffuse(self.weights, self.rng)

    def reset(self, where: NDArray[np.bool_] | None = None) -> None:
        """Reset all cells, or those of a bool array (rows, columns)."""
        self.ageing.reset(self.weights, self.rng, where)

    def drift(self, time: float) -> None:
        """Let time pass, in units of the device's t_0."""
        self.ageing.drift(self.weights, time, self.rng)

    def refresh(self) -> int:
        """Refresh worn pairs of one-sided devices; returns how many. `update` does, every `refresh_every` vectors."""
        if isinstance(self.device, OneSided):
            return self.device.refresh(self.ageing, self.weights, self.rng)
        raise ValueError(f"AnalogArray.refresh: {self.device!r} is refused; allowed are OneSided pairs.")

    def program(
        self, target: ArrayLike, rounds: int = 50, tolerance: float | None = None, most: int = 10, reads: int = 1
    ) -> Programmed:
        """Write-verify, see `write_verify.program`."""
        return program(self, target, rounds, tolerance, most, reads)

    def state(self) -> dict[str, np.ndarray]:
        """Everything that `restore` needs to go on from here with the same numbers, but for the clock of `drift`."""
        now = self.rng.bit_generator.state
        numbers = [part for n in now["state"].values() for part in (n & WORD, n >> 64)]
        words = np.array([*numbers, now["has_uint32"], now["uinteger"], self.updates], np.uint64)
        average = np.array([ends.settings["average"][0] for ends in (self.forward_ends, self.backward_ends)])
        return {"weights": self.weights.copy(), "each": self.cells.each.copy(), "rng": words, "average": average}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go back to a `state` of an array with the same parameters."""
        weights, each, average, words = self._check_state(state)
        self.weights[:], self.cells.each[:] = weights, each
        for ends, value in zip((self.forward_ends, self.backward_ends), average, strict=True):
            ends.settings["average"] = value
        low, high, add, more, has, left, self.updates = words
        inner = {"state": low | high << 64, "inc": add | more << 64}
        self.rng.bit_generator.state = {"bit_generator": "PCG64", "state": inner, "has_uint32": has, "uinteger": left}

    def _check_state(self, state: Mapping[str, np.ndarray]) -> tuple[Array, Array, Array, list[int]]:
        """Weights, cells, averages and words of `rng`, of what is a `state` of an array with the same parameters."""
        place = "AnalogArray.restore: state"
        shapes = {"weights": self.shape, "each": self.cells.each.shape, "average": (2,), "rng": (7,)}
        found = [entry(place, state, name, shape) for name, shape in shapes.items()]
        weights, each, average = (floats(place, part, part.shape) for part in found[:3])
        require(found[3].dtype.kind in "iu", f"{place}['rng']", found[3].dtype, "uint64")
        return weights, each, average, [int(n) for n in found[3]]
