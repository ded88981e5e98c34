"""Pictures of runs: learning curve, weights, samples."""

from io import BytesIO
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from numpy.typing import NDArray

INK, BLUE, ORANGE, RED, GREEN = "#333333", "#1f5fa8", "#e08214", "#b2182b", "#1b7837"
STYLE: dict[Any, Any] = {
    "font.size": 9, "axes.edgecolor": "#999999", "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "grid.color": "#e5e5e5", "svg.hashsalt": "ohmgrad", "legend.frameon": False,
}  # fmt: skip
PLAIN: dict[Any, Any] = {**STYLE, "axes.grid": False}


def image(figure: Figure, kind: str) -> bytes:
    """A figure as a file of kind "png" or "svg"."""
    buffer = BytesIO()
    metadata = {"Date": None} if kind == "svg" else None
    with rc_context(STYLE):
        figure.savefig(buffer, format=kind, dpi=150, bbox_inches="tight", metadata=metadata)
    return buffer.getvalue()


def curve_picture(result: dict[str, Any]) -> Figure:
    """Test accuracy and mean squared error at the checkpoints of a result, RTL and golden in one picture."""
    rows = result["checkpoints"]
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 3), layout="constrained")
        for axes, key, label, scale in zip(
            figure.subplots(1, 2),
            ("test_accuracy", "mean_squared_error"),
            ("test accuracy, %", "mean squared error"),
            (100, 1),
            strict=True,
        ):
            drawn = {"golden": (key, "-", BLUE)}
            if result["on"] == "sim":
                drawn = {"golden": (f"golden_{key}", "-", BLUE), "RTL": (key, "o", ORANGE)}
            for name, (entry, line, colour) in drawn.items():
                points = [(row["step"], row[entry] * scale) for row in rows if row[entry] is not None]
                if points:
                    x, y = zip(*points, strict=True)
                    axes.plot(x, y, line, color=colour, label=name, markersize=5, markerfacecolor="none")
            axes.set_xlabel("step")
            axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
            axes.xaxis.set_major_locator(MaxNLocator(5))
            axes.set_title(label, loc="left", color=INK, fontsize=9)
            if axes.lines:
                axes.legend()
            if key == "mean_squared_error":
                axes.set_yscale("log")
    return figure


def weights_picture(
    before: list[NDArray[np.float64]], after: list[NDArray[np.float64]], pixels: tuple[int, int] | None
) -> Figure:
    """Weights of every layer before and after, one row of pictures a layer.

    Parameters
    ----------
    before, after : list of float arrays, shape (neurons, inputs)
        One a layer, real units.
    pixels : tuple of (int, int), optional
        The inputs' height and width: the first layer is then drawn as one such picture a neuron.
    """
    with rc_context(PLAIN):
        before, after = (
            [_tiles(matrix, pixels if k == 0 else None) for k, matrix in enumerate(layers)]
            for layers in (before, after)
        )
        heights = [min(max(0.6, 3.6 * len(matrix) / len(matrix[0])), 1.6) for matrix in after]
        figure = Figure(figsize=(8, sum(heights) + 0.5 * len(heights)), layout="constrained")
        grid = figure.subplots(len(after), 2, squeeze=False, height_ratios=heights)
        for k, pair in enumerate(zip(before, after, strict=True)):
            bound = max(np.nanmax(abs(matrix)) for matrix in pair) or 1.0
            scale = ScalarMappable(Normalize(-bound, bound), "RdBu_r")
            for axes, matrix, when in zip(grid[k], pair, ("before", "after"), strict=True):
                axes.imshow(matrix, norm=scale.norm, cmap=scale.cmap, aspect="auto")
                axes.set(xticks=[], yticks=[])
                axes.set_frame_on(False)
                axes.set_title(f"layer {k}, {when}", loc="left", color=INK)
            figure.colorbar(scale, ax=list(grid[k]), shrink=0.9, pad=0.01).outline.set_visible(False)
    return figure


def samples_picture(
    images: NDArray[np.float64], pixels: tuple[int, int], labels: list[str], guesses: list[str]
) -> Figure:
    """Sample images, each with its label and what the chip says."""
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 1.1 * (-(-len(images) // 10))), layout="constrained")
        grid = figure.subplots(-(-len(images) // 10), 10, squeeze=False).ravel()
        for axes in grid:
            axes.set_axis_off()
        for axes, pixel, label, guess in zip(grid, images, labels, guesses, strict=False):
            axes.imshow(pixel.reshape(pixels), cmap="Greys")
            says, colour = (guess, GREEN) if label == guess else (f"{guess}, is {label}", RED)
            axes.set_title(says, color=colour, fontsize=8)
    return figure


def _tiles(matrix: NDArray[np.float64], pixels: tuple[int, int] | None) -> NDArray[np.float64]:
    """One picture a neuron, at most 8 in a row with a gap (NaN) between; or the matrix itself."""
    if pixels is None:
        return matrix
    height, width = pixels
    count = len(matrix)
    across = min(count, 8)
    down = -(-count // across)
    tiles = np.full((down * across, height + 1, width + 1), np.nan)
    tiles[:count, :height, :width] = matrix.reshape(count, height, width)
    tiles = tiles.reshape(down, across, height + 1, width + 1).swapaxes(1, 2)
    return tiles.reshape(down * (height + 1), across * (width + 1))[:-1, :-1]
