"""Page and picture of `arrays_outside`."""

from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from ...golden.chip.chip import Chip
from ..plots import BLUE, GREEN, INK, ORANGE, RED, STYLE

TITLES = {
    "bowl": "bowl of 300 curvatures",
    "mesh": "mesh of 300 phase shifters",
    "net": "dense net 14-14-6",
}
MARKS = (500, 1000, 2000, 4000)
"""Steps of the table."""
LEAST = 20
"""LSBs of a cost word: below, what is left of a cost is a matter of converters."""


def picture(rows: list[dict[str, Any]]) -> Figure:
    """Cost over steps, a plot an array: RTL as points, floats as a band and a line, of the bowl what theory says."""
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 3.2), layout="constrained")
        for axes, row in zip(figure.subplots(1, len(rows), squeeze=False)[0], rows, strict=True):
            floats, rtl = np.array(list(row["floats"].values())), row["rtl"]["costs"]
            steps = row["every"] * np.arange(len(rtl))
            axes.fill_between(steps, floats.min(0), floats.max(0), color=BLUE, alpha=0.25, lw=0,
                              label=f"floats, {len(floats)} seeds")  # fmt: skip
            axes.semilogy(steps, floats[0], color=BLUE, label="floats, the RTL's signs")
            if "bound" in row:
                axes.plot(steps, row["expected"], "--", color=GREEN, label="expected, exactly")
                axes.plot(steps, rtl[0] * row["contraction"] ** steps, ":", color=RED, label="bound of the expected")
            axes.plot(steps[::4], rtl[::4], "o", color=ORANGE, markersize=3, markerfacecolor="none", label="RTL")
            axes.set_title(TITLES[row["array"]], loc="left", color=INK, fontsize=9)
            axes.set_xlabel("step")
            axes.legend(fontsize=7)
    return figure


def page(chip: Chip, rows: list[dict[str, Any]]) -> str:
    """The page, in Markdown."""
    cost, bowl = chip.config.cost, rows[0]
    lines = ["# Arrays outside", "", *_method(chip, rows), "", "![Cost over steps](arrays_outside.svg)", ""]
    lines += ["| array | step | RTL | floats, its signs | floats, all seeds | RTL from their mean, in deviations |"]
    lines += ["|---|---:|---:|---:|---:|---:|"]
    for row in rows:
        costs = row["rtl"]["costs"]
        lines.append(f"| {row['array']} | 0 | {costs[0]:.4g} | | | |")
        for mark in (mark for mark in MARKS if mark // row["every"] < len(costs)):
            at = mark // row["every"]
            floats = np.array([costs[at] for costs in row["floats"].values()])
            mean, deviation = floats.mean(), floats.std(ddof=1)
            lines.append(
                f"| {row['array']} | {mark:,} | {costs[at]:.4g} | {floats[0]:.4g} | {mean:.4g} +- {deviation:.2g} | "
                f"{(costs[at] - mean) / deviation:+.1f} |"
            )
    least = LEAST * cost.unit
    heads = ["array", "steps", "words that `replay` found equal", "largest cost word", "largest C~"]
    heads += [f"RTL from floats of its signs, while the cost is above {least:g}"]
    lines += ["", f"| {' | '.join(heads)} |"]
    lines += ["|---|---:|---:|---:|---:|---:|"]
    for row in rows:
        rtl = row["rtl"]
        pairs = [pair for pair in zip(rtl["costs"], next(iter(row["floats"].values())), strict=True) if pair[1] > least]
        lines.append(
            f"| {row['array']} | {rtl['steps']:,} | {rtl['words']:,} | {rtl['largest_word']:,} of "
            f"{2**cost.word_bits - 1:,} | {rtl['largest_difference']:,} of {chip.cost.bound:,} | "
            f"{max(abs(a / b - 1) for a, b in pairs):.1%} at most |"
        )
    lines += ["", *_floor(chip)]
    return "\n".join([*lines, "", *_bowl(bowl), ""])


def _method(chip: Chip, rows: list[dict[str, Any]]) -> list[str]:
    """What was done."""
    cost, count = chip.config.cost, len(rows[0]["floats"])
    return [
        "Made by `python -m ohmgrad.scripts.long_runs.arrays_outside`: the engine of `examples/external.toml`",
        f"({chip.layout.parameters} parameters, {chip.layout.lanes} lanes), its Verilog made once and its simulator",
        "built once, trains three arrays in Python that it knows nothing of. Codes of",
        f"{chip.config.weights.dac_bits} bits go out, cost words of {cost.word_bits} bits come in, one LSB",
        f"{cost.unit:g} of C. Beside it the float trainer of `golden.learn` trains the same array from the same",
        f"start without converters, with {count} seeds of its signs, the first of which are the RTL's. Costs of the",
        "table are those of the unperturbed array, of the RTL with the codes that it has sent. The arrays are",
        "`scripts/long_runs/outside_arrays.py`; their least cost is 0.",
    ]


def _floor(chip: Chip) -> list[str]:
    """Where a run ends, and why."""
    return [
        f"Costs below an LSB of the cost word ({chip.config.cost.unit:g}) are reached all the same, as its rounding",
        "acts as noise; how far is a matter of that noise and of the cells' DACs, whose LSB is",
        f"{chip.weight_unit:.3g} of weight. The mesh has a floor with floats too: C~ is a difference over a finite",
        "amplitude.",
    ]


def _bowl(row: dict[str, Any]) -> list[str]:
    """The bowl beside its theory."""
    floats = [np.inf if steps is None else steps for steps in row["steps_floats"]]
    return [
        "## The bowl beside theory",
        "",
        "The expected cost of a step is at most the factor 1 - eta h (2 - eta sum h_i) of the cost before, with h the",
        f"smallest of the curvatures h_i (`arrays_outside.contraction` derives it): {row['contraction']:.6f} here. By "
        "Markov's",
        f"inequality the cost is below {row['share']:.0%} of the first one after {row['bound']:,} steps, but for a",
        f"probability of {row['risk']:.0%} at most. The RTL needed {row['steps_rtl']:,} steps (looked at every",
        f"{row['every']}), the floats {min(floats):,} to {max(floats):,}. The dashed line is the expected cost without",
        "any inequality, by the recursion of the squared distances.",
    ]
