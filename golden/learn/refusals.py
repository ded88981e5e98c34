"""How wrong arguments are refused: one sentence that says where, what, and what is allowed."""

from collections.abc import Iterable
from typing import Any


def require(condition: bool, place: str, value: Any, allowed: str) -> None:
    """Raise a ValueError `<place>: <value> is refused; allowed is <allowed>.` unless the condition holds."""
    if not condition:
        raise ValueError(f"{place}: {value!r} is refused; allowed is {allowed}.")


def choice(place: str, value: str, choices: Iterable[str]) -> None:
    """Refuse what is not one of the choices."""
    require(value in choices, place, value, "one of " + ", ".join(choices))


def positive(place: str, value: int) -> int:
    """Refuse what is not an integer of at least 1; returns the value."""
    require(isinstance(value, int) and value >= 1, place, value, "an integer from 1")
    return value
