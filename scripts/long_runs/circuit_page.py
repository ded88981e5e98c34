"""Page and picture of `circuit`."""

from statistics import median
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from ...golden.chip.chip import Chip
from ..plots import BLUE, INK, ORANGE, RED, STYLE
from .circuit_array import INPUTS, MIDDLE, NOISE, OFFSET, SPAN, SPREAD, TARGETS, UNIT

SOLVED = 0.04
"""Mean of (o - t)^2 over the four samples, below which XOR counts as learned."""


def picture(rows: list[dict[str, Any]]) -> Figure:
    """Mean cost of the four samples over steps, a line a seed."""
    with rc_context(STYLE):
        figure = Figure(figsize=(6.5, 3.4), layout="constrained")
        axes = figure.subplots()
        for row in rows:
            steps = row["every"] * np.arange(len(row["costs"]))
            colour = ORANGE if row["solved"] is None else BLUE
            axes.semilogy(steps, row["costs"], color=colour, lw=1, alpha=0.7)
        axes.axhline(SOLVED, color=RED, ls="--", lw=1, label=f"{SOLVED:g}, below it XOR is learned")
        axes.set_title("mean cost of the four samples, a line a seed", loc="left", color=INK, fontsize=9)
        axes.set_xlabel("step")
        axes.legend(fontsize=8)
    return figure


def page(chip: Chip, rows: list[dict[str, Any]], version: str) -> str:
    """The page, in Markdown."""
    lines = ["# A circuit in the loop", "", *_method(chip, version, len(rows)), "", *_verdict(rows), ""]
    lines += ["![Mean cost over steps](circuit.svg)", ""]
    heads = ["seed", "learned from step", "mean cost at first", "at the end", "words that `replay` found equal", "s"]
    heads += ["of them in ngspice"]
    lines += [f"| {' | '.join(heads)} |", "|" + "---:|" * len(heads)]
    for row in rows:
        solved = "no" if row["solved"] is None else f"{row['solved']:,}"
        lines.append(
            f"| {row['seed']} | {solved} | {row['costs'][0]:.3g} | {row['costs'][-1]:.3g} | {row['words']:,} | "
            f"{row['seconds']:.1f} | {row['seconds_ngspice']:.1f} |"
        )
    first = rows[0]
    lines += ["", f"Output voltages of seed {first['seed']} without noise, in mV:", ""]
    lines += ["| x1, x2 | target | before | after |", "|---|---:|---:|---:|"]
    for x, target, *volts in zip(INPUTS, TARGETS, *first["outputs_mv"], strict=True):
        before, after = (f"{value:+.1f}" for value in volts)
        lines.append(f"| {x[0]:+d}, {x[1]:+d} | {1e3 * UNIT * target:+.0f} | {before} | {after} |")
    return "\n".join([*lines, "", *_limits(), ""])


def _method(chip: Chip, version: str, count: int) -> list[str]:
    """What was done."""
    weights, cost = chip.config.weights, chip.config.cost
    return [
        f"Made by `python -m ohmgrad.scripts.long_runs.circuit` with {version}. The Verilog of the engine of",
        "`examples/circuit/xor.toml`, simulated by Verilator, trains a 2-2-1 network that is a circuit,",
        "`examples/circuit/xor.cir`, simulated by ngspice in the same process. A step has two operating points,",
        "one with the codes w + a s and one with w - a s.",
        "",
        f"- Cells: two resistors each, whose conductances {1e6 * MIDDLE:g} +- {1e6 * SPAN:g} uS are set by codes of",
        f"  {weights.dac_bits} bits; each is off by a factor of its own, with a deviation of {SPREAD:.0%}.",
        f"- Neurons: an op-amp of gain 2000 with an offset, drawn once with a deviation of {1e3 * OFFSET:g} mV, which",
        f"  behind it is 14 to 15 times as much; then a tanh stage. {UNIT:g} V is an activation of 1.",
        f"- Noise: a current at each summing node, drawn for every reading with a deviation of {1e9 * NOISE:g} nA.",
        f"- Cost: ((out - target) / {UNIT:g} V)^2 of one sample a step, the four in turn, in {cost.word_bits}",
        f"  bits whose LSB is {cost.unit:g}. The engine knows neither samples nor targets, spreads nor offsets.",
        "",
        "A seed is that of the start and the signs, and of devices, offsets and noise. The step size was chosen on a",
        f"NumPy sketch of such networks with other draws; the seeds are the first {count}, all of them.",
    ]


def _verdict(rows: list[dict[str, Any]]) -> list[str]:
    """What came of it."""
    solved = [row["solved"] for row in rows if row["solved"] is not None]
    words, steps, points, whole, ngspice = (
        sum(row[key] for row in rows) for key in ("words", "steps", "operating_points", "seconds", "seconds_ngspice")
    )
    median_step = f", in the median from step {median(solved):,.0f} on" if solved else ""
    return [
        f"**{len(solved)} of {len(rows)} seeds learn XOR** within {rows[0]['steps']:,} steps: the mean of",
        f"(o - t)^2 over the four samples, without noise, is below {SOLVED:g} and stays so to the end (looked at",
        f"every {rows[0]['every']} steps){median_step}. Every trace was replayed: of the same costs golden makes",
        f"the same C~ and codes, {words:,} words in all. A step took {1e3 * whole / steps:.2g} ms, an operating point",
        f"with its devices' new values {1e3 * ngspice / points:.2g} ms, on a machine that did other work too.",
    ]


def _limits() -> list[str]:
    """What this does not show."""
    return [
        "What is ideal: lines have no resistance, amplifiers no time constant and no rails, the tanh stage is a",
        "formula, and error and square are taken of the output voltage in Python, before the ADC. An operating point",
        "is no transient.",
    ]
