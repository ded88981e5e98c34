"""Cost and accuracy over steps, drawn in the terminal while a run goes."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Console, Group
from rich.live import Live as Screen
from rich.table import Table
from rich.text import Text

from .progress import Live
from .telemetry import Record

BLANK = 0x2800
"""Braille character without a dot."""
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of a braille character's dots, by row and column."""
HEIGHT, AXIS = 8, 9
"""Lines of a picture; columns of its axis."""
POINTS = 4096
"""Records kept for the picture; at twice as many, neighbours are averaged."""
PLAIN = 10.0
"""Seconds of a run between two lines where there is no terminal."""


class Curve:
    """A curve of rising x with at most `POINTS` points or twice that; the oldest are as fine as the newest."""

    def __init__(self) -> None:
        self.x: list[float] = []
        self.y: list[float] = []
        self._each, self._sum, self._count = 1, 0.0, 0

    def add(self, x: float, y: float) -> None:
        """Append a point; a step back, to a checkpoint, drops what lies behind it."""
        while self.x and self.x[-1] >= x:
            del self.x[-1], self.y[-1]
        self._sum, self._count = self._sum + y, self._count + 1
        if self._count == self._each:
            self.x.append(x)
            self.y.append(self._sum / self._count)
            self._sum, self._count = 0.0, 0
        if len(self.x) == 2 * POINTS:
            self.x = self.x[1::2]
            self.y = [(a + b) / 2 for a, b in zip(self.y[::2], self.y[1::2], strict=True)]
            self._each *= 2


def braille(
    x: Sequence[float], y: Sequence[float], width: int, height: int, xs: tuple[float, float], ys: tuple[float, float]
) -> list[str]:
    """Draw a curve in braille characters of 2 by 4 dots.

    Parameters
    ----------
    x, y : sequences of float
        Points, x rising. Points that share a column of dots are averaged, and columns between points interpolated.
    width, height : int
        In characters.
    xs, ys : tuples of float
        Values at the middle of the first and the last column, and of the lowest and the highest row; what lies
        outside is drawn at the edge.

    Returns
    -------
    list of str
        `height` lines, the highest first.
    """
    columns, rows = 2 * width, 4 * height
    dots = np.zeros((rows, columns), bool)
    if len(x):
        at = np.clip(np.rint(_scale(x, xs) * (columns - 1)), 0, columns - 1).astype(int)
        count, total = np.bincount(at, minlength=columns), np.bincount(at, _scale(y, ys), columns)
        filled = np.flatnonzero(count)
        line = np.arange(filled[0], filled[-1] + 1)
        level = np.interp(line, filled, total[filled] / count[filled])
        row = np.clip(np.rint((1 - level) * (rows - 1)), 0, rows - 1).astype(int)
        # Each column also has the dots down or up to its neighbour's, so that steep parts hold together.
        for column, a, b in zip(line, np.append(row[:1], row[:-1]), row, strict=True):
            low, high = (b, b) if abs(a - b) < 2 else (min(a + 1, b), max(a - 1, b))
            dots[low : high + 1, column] = True
    cells = sum(dots[r::4, c::2] * DOTS[r][c] for r in range(4) for c in range(2))
    return ["".join(chr(BLANK + code) for code in line) for line in np.reshape(cells, (height, width))]


def _scale(values: Sequence[float], ends: tuple[float, float]) -> np.ndarray:
    low, high = ends
    return (np.asarray(values, float) - low) / ((high - low) or 1.0)


def picture(title: str, curve: Curve, xs: tuple[float, float], ys: tuple[float, float], width: int) -> Text:
    """A curve with its axes, `width` columns wide and `HEIGHT` + 2 lines high."""
    inner = max(8, width - AXIS - 1)
    lines = braille(curve.x, curve.y, inner, HEIGHT, xs, ys)
    labels = {0: f"{ys[1]:.4g}", HEIGHT - 1: f"{ys[0]:.4g}"}
    body = [f"{labels.get(n, ''):>{AXIS - 2}} ┤{line}"
            if n in labels else f"{'':>{AXIS - 1}}│{line}"
            for n, line in enumerate(lines)]  # fmt: skip
    left, right = f"{xs[0]:,.0f}", f"{xs[1]:,.0f}"
    body.append(f"{'':>{AXIS}}{left}{right:>{max(0, inner - len(left))}}")
    return Text("\n".join([f"{'':>{AXIS}}{title}", *body]), no_wrap=True, overflow="crop")


class LivePlot(Live):
    """`progress.Live` with the curves of cost and accuracy above its bar; lines, where there is no terminal.

    The curve of the cost is a mean over the samples that each column of dots stands for.
    """

    def __init__(self, console: Console | None = None):
        super().__init__(console)
        self._cost, self._accuracy = Curve(), Curve()
        self._screen: Screen | None = None
        self._last: dict[str, Any] = {}
        self._ends, self._spoken = (0.0, 1.0), -math.inf

    def begin(self, what: str, step: int, steps: int) -> None:
        self._ends = (0.0, float(steps))
        super().begin(what, step, steps)
        if self._progress and self.console.is_terminal:
            self._progress.stop()
            self._screen = Screen(self, console=self.console, refresh_per_second=4)
            self._screen.start()

    def telemetry(self, record: Record) -> None:
        """Draw a record of `scripts.training.telemetry`."""
        self._last |= record
        if "cost" in record:
            self._cost.add(record["step"], record["cost"])
        if "accuracy" in record:
            self._accuracy.add(record["step"], 100 * record["accuracy"])
        if "event" in record:
            self.say(f"step {record['step']:,}: {record['event']}")
        if not self.console.is_terminal and record["seconds"] - self._spoken >= PLAIN:
            self._spoken = record["seconds"]
            self.say(self._figures())

    def end(self) -> None:
        if self._screen:
            self._screen.update(self, refresh=True)
            self._screen.stop()
            self._screen = None
        super().end()

    def __rich__(self) -> Group:
        width = min(self.console.width, 160) // 2 - 1
        highest = max(self._cost.y, default=1.0)
        panes = Table.grid(padding=(0, 1))
        panes.add_row(
            picture("cost", self._cost, self._ends, (0.0, highest), width),
            picture("test accuracy, %", self._accuracy, self._ends, (0.0, 100.0), width),
        )
        return Group(panes, Text(self._figures()), *([self._progress] if self._progress else []))

    def _figures(self) -> str:
        """The last record of each kind in one line."""
        last, parts = self._last, [f"step {self._last.get('step', 0):,}"]
        if "cost" in last:
            parts.append(f"cost {last['cost']:.4g}")
        if "gradient_norm" in last:
            parts.append(f"|G| {last['gradient_norm']:.3g}")
        if "steps_per_s" in last:
            parts.append(f"{last['steps_per_s']:,.0f} steps/s")
        if "accuracy" in last:
            parts.append(f"test accuracy {last['accuracy']:.1%}")
        parts.append(f"saturated: {', '.join(last.get('flags', ())) or 'nothing'}")
        return ", ".join(parts)
