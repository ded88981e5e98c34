"""The trainer of `golden.learn` for dense networks and sign codes, compiled: the same steps a hundred times as fast.

An array library spends its time on calls where a network has 9 or 220 parameters. This trainer takes the settings
of `MGD` (those that `fits` admits), makes the same signs, draws the same samples and the same noise, and so comes to
the same theta but for the order of sums; the tests hold the two against each other. Gradient descent is in it too.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...golden.blocks.measure.samples import ORDERS
from ...golden.blocks.perturb.codes import KINDS, Codes, scratch
from ...golden.inputs import choice
from ...golden.learn import MGD, Defects, Dense, Network
from . import compiled_kernels as kernels
from .compiled_kernels import EXACT, NODE, RANK_ONE, WEIGHT
from .compiled_network import CROSS_ENTROPY, LINEAR, MSE, RELU, SIGMOID, TANH, Net

METHODS = {"weight": WEIGHT, "node": NODE, "rank-one": RANK_ONE}
ACTIVATIONS = {"linear": LINEAR, "sigmoid": SIGMOID, "tanh": TANH, "relu": RELU}
COSTS = {"mse": MSE, "cross-entropy": CROSS_ENTROPY}


def fits(network: Network, settings: MGD, defects: Defects) -> bool:
    """Whether this trainer does what these settings say: what it has of them is varied, all else at its default."""
    m = settings
    if m.mode == "analog":
        return False
    ours = MGD(
        code=m.code, method=m.method, mode=m.mode, amplitude=m.amplitude, eta=m.eta, tau_theta=m.tau_theta,
        batch=m.batch, order=m.order, readings=m.readings, c0_readings=m.c0_readings,
    )  # fmt: skip
    return (
        m == ours
        and defects == Defects(cost_noise=defects.cost_noise, update_noise=defects.update_noise)
        and all(isinstance(layer, Dense) and layer.activation in ACTIVATIONS for layer in network.layers)
        and network.cost in COSTS
        and m.code in ("random", "sequential", "walsh", "walsh-upper")
        and (m.method in ("weight", "rank-one") or m.method == "node" and m.batch == 1)
        and (m.mode == "antithetic" or m.tau_theta == 1)
    )


class CompiledTrainer:
    """R networks under training.

    Parameters
    ----------
    network : Network
    settings : MGD
        Of these, gradient descent takes `eta`, `batch`, `order` and `tau_theta`.
    x, t : arrays
        As `Trainer` takes them.
    theta : array, shape (R, P)
        Start; changed in place, and of the type that is computed in.
    seeds : sequence of int
    defects : Defects
    exact : bool
        Gradient descent: the exact gradient in place of its estimate.
    """

    def __init__(self, network: Network, settings: MGD, x: Any, t: Any, theta: NDArray[Any], seeds: Sequence[int],
                 defects: Defects, exact: bool = False):  # fmt: skip
        self.theta, self.seeds, self.step = theta, seeds, 0
        choice("cost", network.cost, COSTS)
        for layer in network.layers:
            choice("activation", layer.activation if isinstance(layer, Dense) else type(layer).__name__, ACTIVATIONS)
        m, method = settings, EXACT if exact else METHODS[settings.method]
        second = m.readings if m.mode == "antithetic" else m.c0_readings
        lines = sum(b.inputs + 1 for b in network.blocks)
        size = {NODE: network.nodes, RANK_ONE: network.nodes + lines}.get(method, network.size)
        self._codes = Codes(KINDS[m.code], 0, size)
        high, low, out = scratch(self._codes.size)
        signs = np.zeros(max(out.size, network.size), theta.dtype)
        self._code = kernels.Code(self._codes.plan, self._codes.quarter(), high, low, out, signs)
        self._task = kernels.Task(
            _net(network),
            kernels.Settings(
                method, -1 if m.mode == "antithetic" else 0, m.amplitude, m.eta, m.tau_theta, m.batch, ORDERS[m.order]
            ),
            kernels.Noise(
                (m.readings, second), max(m.readings, m.c0_readings), defects.cost_noise, defects.update_noise
            ),
            np.ascontiguousarray(x, theta.dtype),
            np.ascontiguousarray(t, theta.dtype),
        )
        widest = max(max(b.inputs, b.outputs) for b in network.blocks)
        self._values = np.zeros((2, len(network.blocks) + 1, widest), theta.dtype)
        self._g = np.zeros_like(theta)
        self.evaluations_a_step = m.batch if exact else m.batch * (m.readings + second)

    def run(self, steps: int) -> None:
        """Go on by so many steps, with all seeds."""
        for theta, g, seed in zip(self.theta, self._g, self.seeds, strict=True):
            code = self._code._replace(plan=self._codes._replace(seed=seed).plan)
            kernels.run(self.step, steps, seed, self._task, code, self._values, theta, g)
        self.step += steps


def _net(network: Network) -> Net:
    """A dense network as the kernels take it."""
    shape = np.array([[b.inputs, b.outputs, b.start] for b in network.blocks])
    kinds = np.array([ACTIVATIONS[layer.activation] for layer in network.layers if isinstance(layer, Dense)])
    return Net(COSTS[network.cost], shape, kinds)
