"""Three arrays of 300 parameters that an engine knows nothing of, in NumPy: what they cost at real parameters.

Their costs are scaled to fit one chip file, `examples/external.toml`, as the gain before an ADC would: its unit and
its step size are folded into the rates of the one RTL that trains all three.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...golden.chip.chip import Chip
from ...golden.learn.chip_protocol import no_pulses

Vector = NDArray[np.floating]


class Physics(Protocol):
    """What has a cost at parameters theta, shape (P,), in units of weight."""

    def __call__(self, theta: Vector) -> float: ...


class Bowl:
    """C = 1/2 sum h_i (theta_i - minimum_i)^2, curvatures h_i between 1.2 and 1.7; least cost 0.

    Parameters
    ----------
    parameters : int
    """

    def __init__(self, parameters: int):
        rng = np.random.default_rng(10)
        self.minimum = rng.uniform(-0.3, 0.3, parameters)
        self.curvatures = rng.uniform(1.2, 1.7, parameters)

    def __call__(self, theta: Vector) -> float:
        return float(self.curvatures @ (theta - self.minimum) ** 2) / 2


class Mesh:
    """Phase shifters between columns of 50:50 couplers, as in a photonic mesh; C = gain (1 - power into one port).

    Light of power 1 enters port 0. In each column every mode has its shifter, phi = pi theta / 2 on top of a phase that
    fabrication has left, and couplers (1, i; i, 1) / sqrt(2) follow, in odd columns one mode further on. Nothing is
    lost, so that the least cost is 0.

    Parameters
    ----------
    parameters : int
        A multiple of `modes`.
    modes : int
        Even.
    gain : float
    """

    def __init__(self, parameters: int, modes: int = 12, gain: float = 4.0):
        rng = np.random.default_rng(11)
        self.left = rng.uniform(-np.pi, np.pi, (parameters // modes, modes))
        self.couplers, self.port, self.gain = [_couplers(modes, first) for first in (0, 1)], modes // 2, gain

    def __call__(self, theta: Vector) -> float:
        light = np.zeros(self.left.shape[1], complex)
        light[0] = 1
        for k, shifted in enumerate(np.exp(1j * (self.left + np.pi / 2 * theta.reshape(self.left.shape)))):
            light = self.couplers[k % 2] @ (shifted * light)
        return self.gain * float(1 - abs(light[self.port]) ** 2)


def _couplers(modes: int, first: int) -> NDArray[np.complex128]:
    """Matrix of a column whose couplers begin at this mode."""
    matrix = np.eye(modes, dtype=complex)
    for k in range(first, modes - 1, 2):
        matrix[k : k + 2, k : k + 2] = np.array([[1, 1j], [1j, 1]]) / np.sqrt(2)
    return matrix


class Net:
    """A dense net 14-14-6, tanh and linear, on 64 samples; C = gain / 2 mean |o - t|^2.

    Targets are outputs of a net of the same sizes with weights of its own, so that the least cost is 0.

    Parameters
    ----------
    parameters : int
        300.
    gain : float
    """

    def __init__(self, parameters: int, gain: float = 2.0):
        rng = np.random.default_rng(12)
        self.inputs, self.gain = rng.uniform(-1, 1, (64, 14)), gain
        self.targets = self.outputs(rng.uniform(-0.7, 0.7, parameters))

    def outputs(self, theta: Vector) -> Vector:
        """Outputs of all samples, shape (64, 6); each neuron has its weights, then its bias."""
        first, second = theta[:210].reshape(14, 15), theta[210:].reshape(6, 15)
        hidden = np.tanh(self.inputs @ first[:, :-1].T + first[:, -1])
        return hidden @ second[:, :-1].T + second[:, -1]

    def __call__(self, theta: Vector) -> float:
        return self.gain / 2 * float(((self.outputs(theta) - self.targets) ** 2).sum(axis=1).mean())


ARRAYS: dict[str, Callable[[int], Physics]] = {"bowl": Bowl, "mesh": Mesh, "net": Net}
"""By name, made for a number of parameters."""


class OnBench:
    """An array behind DACs and an ADC, for `train` of `cocotb_tests/outside.py`.

    Parameters
    ----------
    physics : Physics
    chip : Chip
        Says what an LSB of a code and of a cost word is, and how wide the word is.
    """

    def __init__(self, physics: Physics, chip: Chip):
        cost = chip.config.cost
        self.physics, self.weight_unit, self.cost_unit = physics, chip.weight_unit, cost.unit
        self.largest, self.codes = 2**cost.word_bits - 1, np.zeros(chip.layout.parameters, np.int64)

    def apply(self, words: NDArray[np.integer]) -> None:
        """Take codes of the weights."""
        self.codes = words

    def cost(self, moved: NDArray[np.integer], sample: int) -> int:
        """S with the codes moved by so much."""
        return min(self.largest, round(self.physics((self.codes + moved) * self.weight_unit) / self.cost_unit))


class OnHost:
    """The same array without converters, for `golden.learn.chip_in_loop`; a neuron's worth of P - 1 inputs and a bias.

    Parameters
    ----------
    physics : Physics
    parameters : int
    """

    def __init__(self, physics: Physics, parameters: int):
        self.physics, self.layers = physics, (parameters - 1, 1)
        self._theta = self._offsets = np.zeros(parameters)

    def load(self, theta: ArrayLike) -> None:
        """Set the parameters."""
        self._theta, self._offsets = np.array(theta, np.float64), np.zeros(len(self._theta))

    def present(self, x: ArrayLike, t: ArrayLike) -> None:
        """Samples are the array's own."""

    def perturb(self, offsets: ArrayLike) -> None:
        """Add offsets."""
        self._offsets = np.asarray(offsets, np.float64)

    def cost(self) -> float:
        """Cost as it is."""
        return self.physics(self._theta + self._offsets)

    def pulse(self, counts: ArrayLike) -> None:
        """Refused."""
        no_pulses("an array without devices")

    def read(self) -> Vector:
        """The parameters."""
        return self._theta.copy()
