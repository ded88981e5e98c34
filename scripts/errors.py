"""What ends a command, each with the exit code that it ends in."""


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


class Interrupted(Failure):
    """Ctrl-C ended the run behind a checkpoint."""

    code = 130
