"""What a host needs of a chip to train it: six verbs, in the units of the network.

    load(theta)      set the parameters
    present(x, t)    choose the samples that the next costs are of
    perturb(offsets) add offsets to the parameters
    cost()           mean cost of the samples
    pulse(counts)    move the parameters by pulses
    read()           the parameters as they are

The integer model, the Verilated RTL and a board are such chips (`engine_chip`), so is a crossbar of float devices
(`array_chip`), and so is any board with converters that a user wraps (`examples/my_board.py`). `chip_in_loop` trains
them all.
"""

from typing import NoReturn, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..inputs import widths
from .networks import Dense, Network


class Chip(Protocol):
    """A network in hardware whose parameters can be set and whose cost can be measured.

    Attributes
    ----------
    layers : tuple of int
        Inputs, and neurons of each dense layer. The P parameters are in the order of `networks.Network`: layer by
        layer, neuron by neuron, its input weights, then its bias.
    """

    @property
    def layers(self) -> tuple[int, ...]: ...

    def load(self, theta: ArrayLike) -> None:
        """Set the parameters, shape (P,), as near as the chip can hold them; ends a perturbation."""
        ...

    def present(self, x: NDArray[np.floating], t: NDArray[np.floating]) -> None:
        """Choose samples, shape (n, inputs), and targets, shape (n, outputs), for the costs to come."""
        ...

    def perturb(self, offsets: ArrayLike) -> None:
        """Add offsets, shape (P,), to the parameters, in place of those before, until the next `perturb` or `load`.

        `read` does not show them.
        """
        ...

    def cost(self) -> float:
        """Mean cost of the samples presented, one reading each."""
        ...

    def pulse(self, counts: ArrayLike) -> None:
        """Give the device of each parameter |counts| pulses, shape (P,), up where counts > 0.

        A chip without pulses raises ValueError, see `no_pulses`.
        """
        ...

    def read(self) -> NDArray[np.floating]:
        """The parameters that the chip holds, shape (P,)."""
        ...


def no_pulses(name: str) -> NoReturn:
    """Refuse pulses in one sentence."""
    raise ValueError(f"pulse: {name} takes no pulses from a host; allowed is load.")


def sizes_of(layers: tuple[int, ...]) -> Network:
    """Network of a chip's sizes. Its activations are not the chip's: only sizes and order of parameters are of use."""
    layers = widths("layers of the chip", layers)
    return Network(layers[:1], [Dense(n) for n in layers[1:]])
