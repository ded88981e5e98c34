"""What ends a command, each with the exit code that it ends in."""


from os import PathLike, fspath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..golden.config import ChipConfig


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


def require_emulated(config: "ChipConfig", source: str | PathLike[str] | None = None) -> None:
    """Raise `NotEmulated` if the RTL cannot be that chip; `source` is its file (default: its name)."""
    from ..golden.config_errors import plain  # for what has begun anyway: `--help` is quick without

    if config.defects is not None:
        name = plain(fspath(source or config.name))
        raise NotEmulated(f"{name}: defects: the emulated array of the RTL has none; it is allowed with --on golden.")
