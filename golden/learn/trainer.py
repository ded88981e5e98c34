"""The MGD trainer: choice of the probe, samples, steps of theta, evaluation; the windows of a run are `window`."""

from collections.abc import Callable, Sequence

import numpy as np
from array_api_compat import array_namespace, device

from .functions import Array
from .networks import Dense, Network
from .nodes import Node
from .noise import Defects, Hardware
from .perturbations import START, Maker, keys, sample_indices
from .probes import Explicit, ExplicitRankOne, InRegisters, Probe, RankOne
from .refusals import require
from .settings import MGD
from .state import State
from .window import advance

CHUNK = 1 << 24
"""Values that the largest array of a chunk of steps may have: 64 MiB of float32."""


class Trainer:
    """MGD on R copies of a network, one a seed.

    Parameters
    ----------
    network : Network
    settings : MGD
    x, t : arrays, shape (samples, features) and (samples, outputs), floating
        They choose namespace, processor (CPU or GPU) and float type of everything.
    seeds : sequence of int
        0 .. 2**32 - 1 each: signs, samples, start, noise and defects of a copy depend on its seed alone.
    defects : Defects

    Raises
    ------
    ValueError
        Arguments that do not fit together.
    """

    reads_each = False
    """Whether a pattern and mini-batch that are held are read at each step: costs of a network do not change."""

    def __init__(self, network: Network, settings: MGD, x: Array, t: Array, seeds: Sequence[int] = (0,),
                 defects: Defects = Defects()):  # noqa: B008  # fmt: skip
        self.network, self.settings, self.defects = network, settings, defects
        self.xp = xp = array_namespace(x, t)
        same = xp.isdtype(x.dtype, "real floating") and x.dtype == t.dtype
        require(same, "x", x.dtype, f"a floating type, that of t ({t.dtype})")
        require(x.ndim == 2 and x.shape[1] == network.features, "x", x.shape, f"(samples, {network.features})")
        require(tuple(t.shape) == (len(x), network.outputs), "t", tuple(t.shape), f"({len(x)}, {network.outputs})")
        require(all(0 <= s < 1 << 32 for s in seeds) and len(seeds) > 0, "seeds", seeds, "a list of 0 to 2**32 - 1")
        require(settings.batch <= len(x) or settings.order == "random", "batch", settings.batch, f"up to {len(x)}")
        self.x, self.t, self.seeds = x, t, np.array(seeds, np.int64)
        self.maker = Maker(xp, x.dtype, device(x))
        self.hardware = Hardware(defects, network, self.maker, self.seeds)
        self.probe, values = self._choose()
        self.chunk = max(1, CHUNK // (len(seeds) * values))

    def _choose(self) -> tuple[Probe, int]:
        """The probe, and the values a step and seed of its largest array."""
        m, network, d = self.settings, self.network, self.defects
        rails = len(m.rails) + 1
        wide = m.batch * rails * max(b.pixels * max(b.inputs, b.outputs) for b in network.blocks)
        weights = network.size * rails * (m.batch if m.per_sample else 1)
        kind, values = Explicit, max(weights, wide)
        if m.nodes:
            kind, values = Node, max(wide, m.batch * network.nodes)
        elif m.method == "rank-one":
            kind, values = (ExplicitRankOne, values) if d.weights else (RankOne, wide)
        elif self._registers():
            kind, values = InRegisters, wide
        hardware = self.hardware
        probe = kind(network, self.maker, m.code, m.amplitude, self.seeds, hardware.effective, hardware.spread)
        if isinstance(probe, Node):
            probe.inputs, probe.by_layer = m.inputs, m.method == "node-by-layer"
        return probe, values

    def _registers(self) -> bool:
        """Whether the compiled kernels can make the signs."""
        m = self.settings
        compiled = self.maker.numpy and self.x.dtype == np.float32
        dense = all(isinstance(layer, Dense) for layer in self.network.layers)
        return compiled and dense and m.code == "random" and m.per_sample and not self.defects.weights

    def initial(self, theta: Array = None, bounds: tuple[float, float] | None = None) -> State:
        """State before the first step.

        Parameters
        ----------
        theta : array, shape (P,) or (R, P), optional
            Start of all seeds, or of each. Else it is drawn uniformly, within `bounds` or, without these, within
            +-1 / sqrt(inputs + 1) in each layer.
        """
        xp, maker, seeds, size = self.xp, self.maker, len(self.seeds), self.network.size
        if theta is not None:
            theta = xp.asarray(theta, dtype=maker.dtype, device=maker.processor)
            shape = tuple(theta.shape)
            require(shape in ((size,), (seeds, size)), "theta", shape, f"({size},) or ({seeds}, {size})")
            theta = xp.asarray(xp.broadcast_to(theta, (seeds, size)), copy=True)
        else:
            scale = np.concatenate([np.full(b.stop - b.start, (b.inputs + 1) ** -0.5) for b in self.network.blocks])
            low, high = (-scale, scale) if bounds is None else bounds
            draw = maker.uniform(keys(self.seeds, START, 0), size)
            theta = xp.astype(maker.array(low, xp.float64) + maker.array(high - low, xp.float64) * draw, maker.dtype)
        m = self.settings

        def zeros(*shape: int) -> Array:
            return xp.zeros((seeds, *shape), dtype=maker.dtype, device=maker.processor)

        return State(theta, zeros(size), zeros(size if m.momentum or m.adam else 0), zeros(size if m.adam else 0),
                     zeros(m.batch), zeros(), zeros(), zeros())  # fmt: skip

    def run(
        self, state: State, steps: int, progress: Callable[[State], object] | None = None, every: int = 1000
    ) -> State:
        """Do `steps` steps on the state, in place, and return it.

        `progress` is called with the state whenever another `every` steps are done, at the end of a window or chunk.
        A run gives the same bits as one that was stopped between windows, saved, and restored.
        """
        end, due = state.step + steps, state.step + every
        while state.step < end:
            advance(self, state, end)
            if progress is not None and state.step >= due:
                progress(state)
                due = state.step + every
        return state

    def samples(self, numbers: np.ndarray) -> tuple[Array, Array]:
        """Samples and targets of mini-batches by number: shape (R or 1, K, B, ...)."""
        m, xp = self.settings, self.xp
        numbers = numbers[:, None] * m.batch + np.arange(m.batch)
        seeds = self.seeds[:1] if m.shared or m.order == "cyclic" else self.seeds
        index = sample_indices(m.order, len(self.x), seeds, numbers)
        flat = self.maker.array(index.ravel(), xp.int64)
        return tuple(xp.reshape(xp.take(v, flat, axis=0), (*index.shape, -1)) for v in (self.x, self.t))  # type: ignore

    def eta(self, state: State) -> float:
        """Learning rate of the next update."""
        m = self.settings
        return m.eta * (m.schedule(state.updates) if m.schedule else 1.0)

    def move(self, state: State, step: Array) -> None:
        """theta -= step, with the noise of the update."""
        state.theta -= step
        if self.defects.update_noise:
            state.theta += self.hardware.update_noise(state.updates, self.network.size)
        state.updates += 1

    def costs(self, theta: Array, x: Array = None, t: Array = None) -> Array:
        """True costs of the samples (default: those of the training) with the defects of the weights: (R, samples)."""
        return self._outputs(theta, x, t)[0]

    def evaluate(self, theta: Array, x: Array = None, t: Array = None) -> tuple[Array, Array]:
        """Mean cost, and fraction of samples that are classified rightly: arrays of shape (R,).

        A sample is right if its largest output is that of the largest target; with one output, if it is on the same
        side of the middle between the smallest and the largest target.
        """
        costs, right = self._outputs(theta, x, t)
        return self.xp.mean(costs, axis=1), self.xp.mean(self.xp.astype(right, self.maker.dtype), axis=1)

    def _outputs(self, theta: Array, x: Array, t: Array) -> tuple[Array, Array]:
        """Cost of each sample, and whether it is classified rightly; in parts that fit into `CHUNK`."""
        xp, network = self.xp, self.network
        x, t = (self.x, self.t) if x is None or t is None else (x, t)
        middle = (xp.min(t) + xp.max(t)) / 2
        weights = self.hardware.effective(theta)
        widest = max(b.pixels * max(b.inputs, b.outputs) for b in network.blocks)
        count = max(1, CHUNK // (widest * len(theta)))
        costs, right = [], []
        for at in range(0, len(x), count):
            target = t[None, at : at + count]
            y = network.forward(weights, x[None, at : at + count], None, self.hardware.spread)
            costs.append(network.costs(y, target))
            if network.outputs == 1:
                right.append((y[..., 0] > middle) == (target[..., 0] > middle))
            else:
                right.append(xp.argmax(y, axis=-1) == xp.argmax(target, axis=-1))
        return xp.concat(costs, axis=1), xp.concat(right, axis=1)
