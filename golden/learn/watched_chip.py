"""A chip whose verbs are watched: what it raises, or gives that is no answer, is one sentence with verb and step."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..inputs import floats, number, require, require_finite
from .chip_protocol import Chip

VERBS = ("load", "present", "perturb", "cost", "pulse", "read")


class ChipFault(ValueError):
    """A chip, the user's own often, did not do what was asked of it."""


class WatchedChip:
    """A chip with the same verbs.

    Parameters
    ----------
    chip : Chip
    size : int
        Number of parameters P.

    Attributes
    ----------
    step : int or None
        Step of the run that the verbs are for; None outside a run.

    Raises
    ------
    ChipFault
        By the verbs.
    """

    def __init__(self, chip: Chip, size: int):
        for verb in VERBS:
            require(callable(getattr(chip, verb, None)), "chip", chip, f"a chip with the verbs {', '.join(VERBS)}")
        self.chip, self.size = chip, size
        self.step: int | None = None

    def load(self, theta: NDArray[Any]) -> None:
        """Load finite parameters."""
        try:
            require_finite(self._place("load"), np.asarray(theta))
        except ValueError as error:
            raise ChipFault(str(error)) from None
        self._call("load", theta)

    def present(self, x: NDArray[Any], t: NDArray[Any]) -> None:
        """Present samples."""
        self._call("present", x, t)

    def perturb(self, offsets: NDArray[Any]) -> None:
        """Perturb the parameters."""
        self._call("perturb", offsets)

    def cost(self) -> float:
        """A finite cost."""
        answer = self._call("cost")
        try:
            return number(self._place("cost"), answer)
        except ValueError as error:
            raise ChipFault(str(error)) from None

    def pulse(self, counts: NDArray[np.int64]) -> None:
        """Pulse the devices."""
        self._call("pulse", counts)

    def read(self) -> NDArray[np.float64]:
        """Finite parameters, shape (P,)."""
        answer = self._call("read")
        try:
            return floats(self._place("read"), answer, (self.size,), dtype=np.float64)
        except ValueError as error:
            raise ChipFault(str(error)) from None

    def _place(self, verb: str) -> str:
        return verb if self.step is None else f"{verb} at step {self.step}"

    def _call(self, verb: str, *arguments: Any) -> Any:
        try:
            return getattr(self.chip, verb)(*arguments)
        except Exception as error:
            said = " ".join(str(error).split()) or "no word"
            text = f"{self._place(verb)}: the chip raised {type(error).__name__} ({said.rstrip('.')}) and is refused"
            raise ChipFault(f"{text}; allowed is a chip that answers.") from error
