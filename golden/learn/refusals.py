"""How wrong arguments are refused: one sentence that says where, what, and what is allowed; see `analog.refusals`."""

from collections.abc import Iterable

from ..analog.refusals import require


def choice(place: str, value: str, choices: Iterable[str]) -> None:
    """Refuse what is not one of the choices."""
    require(value in choices, place, value, "one of " + ", ".join(choices))


def positive(place: str, value: int) -> int:
    """Refuse what is not an integer of at least 1; returns the value."""
    require(isinstance(value, int) and value >= 1, place, value, "an integer from 1")
    return value
