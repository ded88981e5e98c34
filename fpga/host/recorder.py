"""Traces of a chip's runs through its registers, for `ohmgrad replay`: of simulated chips and of boards.

The port `telemetry` of an engine alone has the same at full speed.
"""

from collections.abc import Callable
from os import PathLike

from ...golden.recorded import RecordedEngine
from ...golden.recording import Recorder
from .host import Host

EVERY = 100
"""Steps after which all memories are read."""


def record(
    host: Host,
    path: str | PathLike[str],
    steps: int,
    every: int = EVERY,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Advance a chip by `steps` steps, one at a time, and write a trace of them.

    Parameters
    ----------
    host : Host
        Of a chip that is loaded and not running.
    path : path
        See `golden.recording`.
    steps, every : int
        Memories are read after every so many steps, and at the end.
    progress : callable, optional
        Called with the steps done.

    Raises
    ------
    ConfigError
        The chip takes codes of lines, or readings of a fast array outside; or means of several readings of the cost, of
        which registers have the last; or loses a window of costs at the end of each run.
    BoardError, SimulationError
        As of the host; what was recorded so far is a trace that was cut.
    """
    chip = host.chip
    if RecordedEngine(chip).looped:
        raise chip.error(
            "update.path", '"tiki-taka"', "takes readings of lines, which registers have not; allowed here are others"
        )
    if chip.lined:
        raise chip.error(
            "perturbation.method", chip.config.perturbation.method,
            "takes codes of lines, which registers have not; allowed here is weight",
        )  # fmt: skip
    for key in ("average", "average_c0"):
        value = getattr(chip.config.cost, key)
        if value > 1:
            raise chip.error(
                f"cost.{key}", value, "makes sums of readings, of which registers have the last; allowed here is 1"
            )
    if chip.correlator.replay:
        raise chip.error(
            "engine.gradient", '"replay"', 'loses a window at the end of each run of one step; allowed here is "memory"'
        )
    with Recorder(path, chip, host.state()) as recorder:
        for done in range(1, steps + 1):
            host.run(1)
            seen = host.poll()
            state = host.state() if done % every == 0 or done == steps else None
            recorder.write([[seen["sum_0"], seen["sum_1"]]], [seen["cost"]], state=state)
            if progress:
                progress(done)
