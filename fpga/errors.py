"""What goes wrong, each with the exit code that a command ends in; each text is one sentence."""

from os import PathLike, fspath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..golden.chip.config import ChipConfig


class Failure(Exception):
    """Ends a command; the text is one sentence."""

    code = 1


class CheckpointError(Failure):
    """A checkpoint cannot be used; the text names the file."""

    code = 2


class SimulationError(Failure):
    """The Verilog does not build, or the simulated chip does not answer."""


class Mismatch(Failure):
    """RTL and golden differ; the text has memory, index, step, expected and got."""


class NotEmulated(Failure):
    """The chip has what the RTL has not; the text names the chip file."""

    code = 2


class Interrupted(Failure):
    """Ctrl-C ended the run behind a checkpoint."""

    code = 130


class BoardError(Exception):
    """A board cannot be used, or did something else than it should."""

    code = 1


class BoardReset(BoardError):
    """A board has lost what was written to it, since it was reset or another host took it."""


class BoardStopped(BoardError):
    """A chip has stopped at another step than it should, as a watchdog makes it."""


class BoardSilent(BoardError):
    """A board does not answer."""


def require_emulated(
    config: "ChipConfig", source: str | PathLike[str] | None = None, outside: bool = False
) -> None:
    """Raise `NotEmulated` if the RTL cannot be that chip, or unless `outside` is enough, has not its array.

    `source` is its file (default: its name).
    """
    from ..golden.chip.rules import plain  # for what has begun anyway: `--help` is quick without

    name = plain(fspath(source or config.name))
    if config.array.kind == "external" and not outside:
        raise NotEmulated(
            f'{name}: array.kind: "external" is an array that is not here to be trained; such a chip can be generated '
            "with --top engine, verified and replayed."
        )
    if config.defects is not None:
        raise NotEmulated(f"{name}: defects: the emulated array of the RTL has none; it is allowed with --on golden.")
