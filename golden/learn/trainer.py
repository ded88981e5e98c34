"""The MGD trainer: choice of the probe, samples, steps of theta, evaluation; the windows of a run are `window`."""

from collections.abc import Callable, Sequence
from typing import NoReturn

import numpy as np
from array_api_compat import array_namespace, device, is_array_api_obj, is_numpy_array

from .. import inputs
from ..errors import RunStopped
from ..inputs import integer, number, refuse, require
from .functions import Array, right
from .networks import Dense, Network
from .nodes import Node
from .noise import Defects, Hardware
from .perturbations import START, Maker, keys, sample_indices
from .probes import Explicit, ExplicitRankOne, InRegisters, Probe, RankOne
from .settings import MGD
from .state import State
from .window import advance

CHUNK = 1 << 24
"""Values that the largest array of a chunk of steps may have: 64 MiB of float32."""

LOOK = 1000
"""Steps after which a run looks whether all numbers are finite; it then knows the step from doing them again."""


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
        for name, value, kind in (("network", network, Network), ("settings", settings, MGD)):
            inputs.instance(name, value, kind)
        inputs.instance("defects", defects, Defects)
        self.network, self.settings, self.defects = network, settings, defects
        self.x, self.t = inputs.samples(x, t, network.features, network.outputs, network.cost == "cross-entropy")
        self.seeds = inputs.seeds("seeds", seeds)
        self.xp = xp = array_namespace(x, t)
        require(settings.batch <= len(x) or settings.order == "random", "batch", settings.batch, f"up to {len(x)}")
        least = float(xp.finfo(x.dtype).eps)
        number(f"amplitude of {inputs.kind(x)}", settings.amplitude, least, 100)
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
            theta = self._array("theta", theta, (size,), (seeds, size))
            theta = xp.asarray(xp.broadcast_to(theta, (seeds, size)), copy=True)
        else:
            scale = np.concatenate([np.full(b.stop - b.start, (b.inputs + 1) ** -0.5) for b in self.network.blocks])
            low, high = (-scale, scale) if bounds is None else _bounds(bounds)
            draw = maker.uniform(keys(self.seeds, START, 0), size)
            theta = xp.astype(maker.array(low, xp.float64) + maker.array(high - low, xp.float64) * draw, maker.dtype)
        zeros = {name: xp.zeros(shape, dtype=maker.dtype, device=maker.processor)
                 for name, shape in self._shapes().items()}  # fmt: skip
        return State(**{**zeros, "theta": theta})

    @np.errstate(over="ignore", invalid="ignore")  # Of what that leads to there is one sentence.
    def run(
        self, state: State, steps: int, progress: Callable[[State], object] | None = None, every: int = 1000
    ) -> State:
        """Do `steps` steps on the state, in place, and return it.

        `progress` is called with the state whenever another `every` steps are done, at the end of a window or chunk.
        A run gives the same bits as one that was stopped between windows, saved, and restored.

        Raises
        ------
        ValueError
            Arguments that are not those above, or a state of another trainer.
        RunStopped
            A number of the state turns infinite or is none: with the first step that made it so, and the state, this
            one, as it was before that step.
        """
        self.require_state("state", state)
        steps, every = integer("steps", steps), integer("every", every, 1)
        require(progress is None or callable(progress), "progress", progress, "a function, or None")
        end, due, good = state.step + steps, state.step + every, state.copy()
        while state.step < end:
            self.advance(state, end)
            now = progress is not None and state.step >= due
            if now or state.step >= min(end, good.step + LOOK):
                if name := state.broken():
                    self._stop(name, state, good)
                good = state.copy() if state.step < end else good
            if progress is not None and now:
                progress(state)
                due = state.step + every
        return state

    def advance(self, state: State, end: int) -> None:
        """Go on towards step `end`, as far as one theta leads; see `window`."""
        advance(self, state, end)

    def _stop(self, name: str, state: State, good: State) -> NoReturn:
        """Find the step that broke the state, one by one from the last good one, and end the run before it."""
        broken = state.step
        state.become(good)
        while state.step < broken:
            good = state.copy()
            self.advance(state, state.step + 1)
            if found := state.broken():
                name = found
                break
        step = state.step
        state.become(good)
        text = f"run: step {step} makes {name} infinite or no number; allowed are finite numbers, as of a smaller eta "
        raise RunStopped(f"{text}than {self.settings.eta:g}, and the state before that step is kept.", state)

    def require_state(self, place: str, state: State) -> None:
        """Refuse what is not a finite state of this trainer."""
        inputs.instance(place, state, State)
        for name in ("step", "updates", "evaluations"):
            integer(f"{place}.{name}", getattr(state, name))
        for name, shape in self._shapes().items():
            value = getattr(state, name)
            if not is_array_api_obj(value) or inputs.kind(value) != inputs.kind(self.x):
                refuse(f"{place}.{name}", inputs.shown(value), f"an array of {inputs.kind(self.x)}, as of `initial`")
            inputs.fits(f"{place}.{name}", value, shape)
            inputs.require_finite(f"{place}.{name}", value)

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of a state's arrays."""
        m, seeds, size = self.settings, len(self.seeds), self.network.size
        means = size if m.momentum or m.adam else 0, size if m.adam else 0
        inner = {"theta": (size,), "g": (size,), "momentum": means[:1], "second": means[1:], "c0": (m.batch,)}
        inner |= dict.fromkeys(("high_pass", "before", "pole"), ())
        return {name: (seeds, *shape) for name, shape in inner.items()}

    def _array(self, place: str, value: object, *shapes: inputs.Shape) -> Array:
        """A finite array of this trainer's library, type and processor, of one of the shapes."""
        if self.maker.numpy or is_numpy_array(value) or not is_array_api_obj(value):
            value = inputs.real(place, value).astype(np.float64)
        inputs.fits(place, value, *shapes)
        with np.errstate(over="ignore"):
            found = self.maker.array(value)
        inputs.require_finite(place, found)
        return found

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

        Of the samples of the training, or of x and t, which then are both given. A sample is right if its largest
        output is that of the largest target; with one output, if it is on the same side of the middle between the
        smallest and the largest target.
        """
        costs, hits = self._outputs(theta, x, t)
        return self.xp.mean(costs, axis=1), self.xp.mean(self.xp.astype(hits, self.maker.dtype), axis=1)

    def _outputs(self, theta: Array, x: Array, t: Array) -> tuple[Array, Array]:
        """Cost of each sample, and whether it is classified rightly; in parts that fit into `CHUNK`."""
        xp, network = self.xp, self.network
        theta = self._array("theta", theta, (len(self.seeds), network.size))
        x, t = self._pair(x, t)
        middle = (xp.min(t) + xp.max(t)) / 2
        weights = self.hardware.effective(theta)
        widest = max(b.pixels * max(b.inputs, b.outputs) for b in network.blocks)
        count = max(1, CHUNK // (widest * len(theta)))
        costs, hits = [], []
        for at in range(0, len(x), count):
            target = t[None, at : at + count]
            y = network.propagate(weights, x[None, at : at + count], None, self.hardware.spread)
            costs.append(network.costs(y, target))
            hits.append(right(xp, y, target, middle))
        return xp.concat(costs, axis=1), xp.concat(hits, axis=1)

    def _pair(self, x: Array, t: Array) -> tuple[Array, Array]:
        """Samples and targets: those given, both, or those of the training."""
        if x is None and t is None:
            return self.x, self.t
        for place, value, other in (("x", x, "t"), ("t", t, "x")):
            if value is None:
                refuse(place, "None", f"an array beside {other}, or none of both")
        x = self._array("x", x, ("samples", self.network.features))
        # Its number of rows is that of x; `samples` says what labels should be.
        t = self._array("t", t, *({1: [("samples",)], 2: [("samples", "outputs")]}.get(np.ndim(t), [(len(x),)])))
        return inputs.samples(x, t, self.network.features, self.network.outputs, self.network.cost == "cross-entropy")


def _bounds(bounds: tuple[float, float]) -> tuple[float, float]:
    """Least and largest start of a parameter."""
    require(isinstance(bounds, Sequence) and len(bounds) == 2, "bounds", bounds, "a pair of numbers")
    low = number("bounds[0]", bounds[0], -inputs.LARGE, inputs.LARGE)
    return low, number("bounds[1]", bounds[1], low, inputs.LARGE)
