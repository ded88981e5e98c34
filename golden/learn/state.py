"""What a run changes, and its file."""

from dataclasses import dataclass, fields, replace

from array_api_compat import array_namespace

from ..inputs import finite
from .functions import Array


@dataclass
class State:
    """Everything a run changes; arrays of R seeds.

    Attributes
    ----------
    theta, g : arrays, shape (R, P)
        Parameters; G of the window under way (analog: its low-pass).
    momentum, second : arrays, shape (R, P)
        M, or Adam's means; (R, 0) where there are none.
    c0 : array, shape (R, batch)
        Last C0 of each sample of the mini-batch.
    high_pass, before, pole : arrays, shape (R,)
        C~ and last C (analog); low-pass of the cost.
    step, updates, evaluations : int
        Steps and updates done; presentations of a sample whose cost was read, in each of the seeds.
    """

    theta: Array
    g: Array
    momentum: Array
    second: Array
    c0: Array
    high_pass: Array
    before: Array
    pole: Array
    step: int = 0
    updates: int = 0
    evaluations: int = 0

    def become(self, other: "State") -> None:
        """Take all that another state holds, its own arrays."""
        for f in fields(self):
            setattr(self, f.name, getattr(other, f.name))

    def broken(self) -> str:
        """Name of the first array with a number that is not finite, or nothing."""
        arrays = (f.name for f in fields(self) if f.type is Array)
        return next((name for name in arrays if not finite(getattr(self, name))), "")

    def copy(self) -> "State":
        """Independent copy."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(self, **{name: v if isinstance(v, int) else array_namespace(v).asarray(v, copy=True)
                                for name, v in arrays.items()})  # fmt: skip
