"""What goes wrong with a board; each text is one sentence, and each `code` the exit code of a command."""


class BoardError(Exception):
    """A board cannot be used, or did something else than it should."""

    code = 1


class BoardReset(BoardError):
    """A board has lost what was written to it, since it was reset or another host took it."""


class BoardStopped(BoardError):
    """A chip has stopped at another step than it should, as a watchdog makes it."""


class BoardSilent(BoardError):
    """A board does not answer."""
