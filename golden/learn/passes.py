"""The passes of a step, and what follows from their costs: shared by networks, chips and layers on arrays.

A step runs the network with its parameters (or pre-activations) moved by +a s, and mostly once more for comparison.
C~ is the response of the cost, and C~ s / a^2 is the gradient in the mean.
"""

from collections.abc import Callable, Sequence
from typing import Any

POLARITIES: dict[str, tuple[int, ...]] = {"forward": (1,), "antithetic": (1, -1), "analog": (1,)}
"""Polarities of the perturbed passes of a step, by mode."""
RESPONSES: dict[str, Callable[[Any, Any], Any]] = {
    "forward": lambda perturbed, c0: perturbed - c0,
    "antithetic": lambda plus, minus: 0.5 * (plus - minus),
}
"""C~ of the costs of two passes, by mode. In mode "analog" it is a high-pass of one cost over the steps."""
INPUTS = ("mean", "second", "clean")
"""Which inputs of a layer its pre-activations' perturbation is correlated with."""


def correlated_inputs(which: str, passes: Sequence[Any], clean: Any = None) -> Any:
    """Inputs x of dW = (C~ s) x^T: of the perturbed passes their mean or the second, or those of the unperturbed pass.

    Parameters
    ----------
    which : str
        One of INPUTS.
    passes : sequence of arrays
        Inputs of a layer in one or two perturbed passes.
    clean : array, optional
        Its inputs in the unperturbed pass.
    """
    if which == "clean":
        return clean
    return passes[-1] if which == "second" or len(passes) == 1 else 0.5 * (passes[0] + passes[1])
