"""The report of a run: one self-contained HTML page, and the same in numbers as JSON."""

import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ...fpga.files import replacing, write_json
from ...golden.chip.chip import Chip
from ...golden.chip.config import ChipConfig
from ...golden.chip.dataset import learnt_of
from ...golden.chip.rules import show
from ...golden.data.own.companion import Companion
from ...golden.engine import Engine
from ...golden.state import FLAGS, State
from ..plots import curve_picture, image, samples_picture, weights_picture
from ..training.checkpoint import load_checkpoint
from ..training.initial import lines
from ..training.metrics import tables
from .resolution import resolution

PIXELS = {"nist7x7": (7, 7), "digits": (8, 8)}
"""Height and width of the data sets that are pictures."""
SHOWN = 20
"""Samples in the report."""

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 60rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: .95rem; margin: .8rem 0 .2rem; }
p.lead { color: #555; margin-top: .3rem; }
img { max-width: 100%; }
.tiles { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1.2rem 0; }
.tile { border: 1px solid #ddd; border-radius: .5rem; padding: .6rem 1rem; min-width: 8rem; }
.tile b { display: block; font-size: 1.4rem; }
.tile span { color: #666; font-size: .85rem; }
.good b { color: #1b7837; }
.bad b { color: #b2182b; }
.columns { display: flex; flex-wrap: wrap; gap: 0 3rem; }
table { border-collapse: collapse; font-size: .9rem; }
td, th { text-align: left; padding: .2rem 1.2rem .2rem 0; border-bottom: 1px solid #eee; }
th { color: #666; font-weight: normal; }
"""


def write_report(config: ChipConfig, folder: Path) -> dict[str, Any]:
    """Write `report.html` and `report.json` beside the results of a run.

    Parameters
    ----------
    config : ChipConfig
        The chip.
    folder : Path
        Where `train` left its results.

    Returns
    -------
    dict
        What `report.json` holds: the entries of `result.json`, but `checkpoints` is their number, and
        `curve` lists them; with `flags`, the names of those that are raised.
    """
    chip = Chip(config)
    result = json.loads((folder / "result.json").read_text())
    rows = result["checkpoints"]
    first, last = (load_checkpoint(folder / rows[i]["file"], chip) for i in (0, -1))
    flags = [name for bit, name in enumerate(FLAGS) if last.flags >> bit & 1]
    split, companion = learnt_of(config)
    engine, pixels = Engine(chip, split), PIXELS.get(config.dataset.set or "")
    before, after = (
        [matrix[:, :-1] * chip.state_unit for matrix in chip.matrices(state.theta)] for state in (first, last)
    )
    raised = f"Saturated at least once: {', '.join(flags)}." if flags else "Nothing ever saturated."
    sections = [
        f"<h1>{escape(config.name)}</h1>",
        f'<p class="lead">{_lead(chip)}</p>',
        _tiles(result),
        _section("What to change", _table(_findings(result))) if result["findings"] else "",
        _section("Weights that it started from", _table(_imported(result, chip))) if "init" in result else "",
        _section("Learning curve", _picture(curve_picture(result))),
        *(_section(title, _table(rows)) for title, rows in tables(result["metrics"])),
        _section("What the chip says now", _samples(engine, companion, last)),
        _section("Weights before and after", _picture(weights_picture(before, after, pixels))),
        _section("Clock cycles", _table(_clocks(result))) if result["cycles"] else "",
        _section("Resolution", f"{_table(resolution(chip))}<p>{raised}</p>"),
        _section("Configuration", _configuration(config)),
    ]
    title = f"ohmgrad: {escape(config.name)}"
    head = f'<html lang="en"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    page = "\n".join(["<!doctype html>", head, *sections, "</html>", ""])
    with replacing(folder / "report.html") as file:
        file.write(page.encode())
    report = result | {"checkpoints": len(rows), "curve": rows, "flags": flags}
    write_json(folder / "report.json", report)
    return report


def _lead(chip: Chip) -> str:
    layers = "-".join(map(str, chip.layout.layers))
    return (
        f"A network {layers} with {chip.layout.parameters:,} parameters learned {escape(chip.config.dataset.title)} by "
        f"multiplexed gradient descent in the {chip.config.update.path} path: perturb all, measure one "
        "cost, correlate, update. No backpropagation."
    )


def _tiles(result: dict[str, Any]) -> str:
    exact, compared = result["bit_exact"], result["compared"]
    verdict = {
        True: ("good", f"bit exact at {compared} checkpoints", "RTL == golden, every word of every memory"),
        False: ("bad", "not bit exact", "RTL and golden differ"),
        None: ("", "golden only", "no RTL was run"),
    }[exact]
    tiles = [verdict]
    if result["test_accuracy"] is not None:
        tiles.append(("", f"{result['test_accuracy']:.1%}", "test accuracy"))
    tiles.append(("", f"{result['mean_squared_error']:.3g}", "mean squared error, training samples"))
    tiles.append(("", f"{result['steps']:,}", f"steps, {result['cost_evaluations']:,} cost evaluations"))
    if result["cycles"]:
        tiles.append(("", f"{result['cycles']:,}", "clock cycles of the RTL"))
    tiles.append(("", f"{result['seconds']:.0f} s", "on this machine"))
    cards = (f'<div class="tile {kind}"><b>{value}</b><span>{what}</span></div>' for kind, value, what in tiles)
    return f'<div class="tiles">{"".join(cards)}</div>'


def _findings(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(f"from step {finding['step']:,}", finding["sentence"]) for finding in result["findings"]]


def _section(title: str, content: str) -> str:
    return f"<h2>{title}</h2>\n{content}"


def _picture(figure: Figure) -> str:
    return f'<img alt="" src="data:image/svg+xml;base64,{b64encode(image(figure, "svg")).decode()}">'


def _table(rows: Iterable[Sequence[object]]) -> str:
    def row(name: object, *values: object) -> str:
        return f"<tr><th>{escape(str(name))}</th>{''.join(f'<td>{escape(str(v))}</td>' for v in values)}</tr>"

    return f"<table>{''.join(row(*cells) for cells in rows)}</table>"


def _samples(engine: Engine, companion: Companion, state: State) -> str:
    """The first test samples (training samples if there are none), and what the chip says to them."""
    split, pixels, labels = engine.split, PIXELS.get(engine.chip.config.dataset.set or ""), companion.labels
    part = "test" if len(split.test_x) else "train"
    x, t, y = (getattr(split, f"{part}_{letter}")[:SHOWN] for letter in "xty")
    outputs = engine.outputs(state, x)
    if labels is None:
        wanted, said = map(_numbers, companion.values(t)), map(_numbers, companion.values(outputs))
        return _table([("inputs", "target", "chip"), *zip(map(_numbers, x), wanted, said, strict=True)])
    is_, says = [labels[k] for k in y], [labels[k] for k in companion.guesses(outputs)]
    if pixels:
        return _picture(samples_picture(x, pixels, is_, says))
    rows = zip(map(_numbers, x), is_, says, map(_numbers, outputs), strict=True)
    return _table([("inputs", "class", "chip", "outputs"), *rows])


def _imported(result: dict[str, Any], chip: Chip) -> list[tuple[str, str]]:
    return [(str(number), line) for number, line in enumerate(lines(result["init"], chip.state_unit), 1)]


def _numbers(values: NDArray[np.float64]) -> str:
    return ", ".join(f"{value:.3g}" for value in values)


def _clocks(result: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [("all steps", f"{result['cycles']:,}")]
    if result["clocks_per_step"]:
        rows.append(("a step", f"{result['clocks_per_step']:.2f}"))
        rows.append(("at 100 MHz, a step takes", f"{result['clocks_per_step'] / 100:.2f} us"))
        rows.append(("simulated a second", f"{result['clocks_per_s']:,.0f}"))
    return rows


def _configuration(config: ChipConfig) -> str:
    """One table a section of the chip file, defaults filled in."""
    sections = config.model_dump()
    top = {key: value for key, value in sections.items() if not isinstance(value, dict | None)}
    tables = [("chip", top), *((key, value) for key, value in sections.items() if isinstance(value, dict))]
    cards = (
        f"<div><h3>{name}</h3>{_table((key, show(value)) for key, value in table.items())}</div>"
        for name, table in tables
    )
    return f'<div class="columns">{"".join(cards)}</div>'
