"""What is wrong with what a user gives, and with what becomes of it."""

from typing import Any


class RunStopped(ValueError):
    """A run cannot go on; the text is one sentence that says at which step and why.

    Attributes
    ----------
    state
        What was trained, as it was before that step: a `State`, or a network. It can be read, saved, and trained on
        with other settings.
    """

    def __init__(self, text: str, state: Any):
        super().__init__(text)
        self.state = state


class ConfigError(ValueError):
    """A chip file or an override is wrong; the text is one sentence that says where and how."""


class WeightsError(ValueError):
    """A file of weights cannot be used; the text is one sentence that names it."""
