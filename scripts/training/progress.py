"""How a run tells what it is doing, and how it hears Ctrl-C."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text


class Monitor:
    """Hears how a run gets on, and says nothing."""

    def begin(self, what: str, step: int, steps: int) -> None:
        """Note that run `what` goes on from `step` to `steps`."""

    def at(self, step: int) -> None:
        """Note that the run has come to `step`."""

    def say(self, line: str) -> None:
        """Note what there is to say in one line."""

    def upload(self, done: int, codes: int) -> None:
        """Note that so many of a board's sample codes are written."""

    def checkpoint(self, step: int, accuracy: float, line: str) -> None:
        """Note that a checkpoint was written."""

    def telemetry(self, record: dict[str, Any]) -> None:
        """Note a record of `scripts.training.telemetry`."""

    def end(self) -> None:
        """Note that the run is over, for whatever reason."""


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.speed or 0.0
        return Text(f"{speed / 1000:,.0f} k/s" if speed >= 10000 else f"{speed:.0f}/s")


class Live(Monitor):
    """A live bar with steps a second, test accuracy and the time left; lines stay above it."""

    def __init__(self, console: Console | None = None):
        self.console = console or Console(highlight=False)
        self._progress: Progress | None = None
        self._upload: TaskID | None = None

    def begin(self, what: str, step: int, steps: int) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(None),
            TextColumn("{task.completed:,} {task.fields[unit]}"),
            _Rate(),
            TextColumn("{task.fields[accuracy]} right"),
            TimeRemainingColumn(),
            console=self.console,
            speed_estimate_period=10,
        )
        self._task = self._progress.add_task(what, total=steps, completed=step, accuracy="-", unit="steps")
        self._progress.start()

    def at(self, step: int) -> None:
        if self._progress:
            self._progress.update(self._task, completed=step)

    def upload(self, done: int, codes: int) -> None:
        if self._progress:
            if self._upload is None:
                self._upload = self._progress.add_task("samples", total=codes, accuracy="-", unit="codes")
            self._progress.update(self._upload, completed=done, visible=done < codes)

    def say(self, line: str) -> None:
        self.console.print(line, soft_wrap=True, markup=False)

    def checkpoint(self, step: int, accuracy: float, line: str) -> None:
        if self._progress:
            self._progress.update(self._task, completed=step, accuracy=_share(accuracy))
        self.say(line)

    def end(self) -> None:
        if self._progress:
            self._progress.stop()
            self._progress = self._upload = None


def _share(accuracy: float) -> str:
    """A share in per cent; a dash where it is NaN."""
    return f"{accuracy:.1%}" if accuracy == accuracy else "-"


@contextmanager
def interruptible() -> Iterator[Callable[[], None]]:
    """Hold Ctrl-C back to where a run can go on from.

    Yields a function that raises KeyboardInterrupt if Ctrl-C was pressed. A second Ctrl-C does not wait.
    """
    pressed = threading.Event()
    outside = signal.getsignal(signal.SIGINT)

    def note(*_: object) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, outside)

    def check() -> None:
        if pressed.is_set():
            raise KeyboardInterrupt

    main = threading.current_thread() is threading.main_thread()
    if main:
        signal.signal(signal.SIGINT, note)
    try:
        yield check
    finally:
        if main:
            signal.signal(signal.SIGINT, outside)
