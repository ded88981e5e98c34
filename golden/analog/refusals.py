"""How wrong parameters of the analog models are refused: one sentence that says where, what, and what is allowed."""

from typing import Any


def require(condition: bool, place: str, value: Any, allowed: str) -> None:
    """Raise a ValueError `<place>: <value> is refused; allowed is <allowed>.` unless the condition holds."""
    if not condition:
        raise ValueError(f"{place}: {value!r} is refused; allowed is {allowed}.")
