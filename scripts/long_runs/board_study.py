"""`python -m ohmgrad.scripts.long_runs.board_study`: bitstreams of the examples, and what they take; minutes for each.

Writes docs/results/board/builds.json and builds.md, and says what differs from baselines.json by more than
`TOLERANCE`; with --accept this run becomes the baseline.
"""

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

from ... import examples
from ...fpga.board.boards import BOARDS
from ...fpga.errors import Failure
from ...fpga.files import replacing, write_json
from ...fpga.synthesis.build import DoesNotFit, TooSlow, build, target
from ...fpga.synthesis.utilisation import NAMES, within
from ...golden.chip.chip import Chip
from ...golden.chip.config import load

RESULTS = Path("docs/results/board")
BASELINES, BUILDS = RESULTS / "baselines.json", RESULTS / "builds.json"
TOLERANCE = 0.1
SLACK = 1
"""Of each resource, beside `TOLERANCE`: a tenth of few multipliers is less than one."""
SEEDS = 3


class Example(NamedTuple):
    """A chip file of the examples on a board."""

    chip: str
    board: str


DESIGNS = {
    "XOR": Example("xor_icebreaker.toml", "icebreaker"),
    "NIST7x7": Example("nist7x7_icebreaker.toml", "icebreaker"),
    "digits": Example("digits_ulx3s.toml", "ulx3s-85f"),
    "digits, 25F": Example("digits_ulx3s.toml", "ulx3s-25f"),
}


def chip_of(name: str) -> Chip:
    """Chip of one of `DESIGNS`."""
    return Chip(load(Path(examples.__path__[0], DESIGNS[name].chip)))


def measure(name: str) -> dict[str, Any]:
    """What `build.build` returns for one of `DESIGNS`, with the chip file; or only why it does not fit."""
    board = BOARDS[DESIGNS[name].board]
    folder = Path("build/boards", f"{Path(DESIGNS[name].chip).stem}-{board.name}")
    row = {"chip": f"examples/{DESIGNS[name].chip}", "board": board.name, "mhz": board.mhz}
    try:
        built = build(target(chip_of(name), board, None), SEEDS, folder, lambda what: _say(f"{name}: {what}"))
    except DoesNotFit as error:
        return row | {"does_not_fit": str(error)}
    except TooSlow as error:
        _say(str(error))
        built = json.loads((folder / "build.json").read_text())
    return row | {key: value for key, value in built.items() if key not in row}


def differences(now: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """In words, what differs by more than `TOLERANCE` between two results of `measure`."""
    found = within(now.get("used", {}), before.get("used", {}), TOLERANCE, SLACK)
    speeds = now.get("fmax_mhz", 0.0), before.get("fmax_mhz", 0.0)
    if abs(speeds[0] - speeds[1]) > TOLERANCE * speeds[1]:
        found.append(f"{speeds[0]:g} MHz, before {speeds[1]:g}")
    if now.get("does_not_fit") != before.get("does_not_fit"):
        found.append(now.get("does_not_fit", "it fits, and did not before"))
    return found


def page(rows: dict[str, dict[str, Any]]) -> str:
    """The results in Markdown."""
    kinds = [kind for kind in NAMES if any(row.get("has", {}).get(kind) for row in rows.values())]
    heads = ["design", "chip", "board", *(NAMES[kind] for kind in kinds), "engine clock", "asked for", "baud", "tools"]
    lines = [
        "# Bitstreams of the examples", "",
        "Made by `python -m ohmgrad.scripts.long_runs.board_study`, by Yosys and nextpnr: used of available.",
        "The clock is",
        "nextpnr's, with iCE40's multipliers counted as in `fpga/synthesis/timing.py`; no board was measured.", "",
        f"| {' | '.join(heads)} |", "|---" * len(heads) + "|",
    ]  # fmt: skip
    for name, row in rows.items():
        if "does_not_fit" in row:
            continue
        used, has = row["used"], row["has"]
        cells = [f"{used.get(kind, 0):,} of {has[kind]:,}" if has.get(kind) else "" for kind in kinds]
        seconds = f"{sum(row['seconds'].values()):.0f} s"
        ends = [f"{row['fmax_mhz']:.1f} MHz", f"{row['mhz']:g} MHz", f"{row['baud']:,}", seconds]
        lines.append(f"| {' | '.join([name, row['chip'], row['board'], *cells, *ends])} |")
    lines += ["", *(f"{name}: {row['does_not_fit']}" for name, row in rows.items() if "does_not_fit" in row), ""]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Build the designs named, or all; 0, or 1 where something differs from the baselines."""
    accept = "--accept" in arguments
    names = [name for name in arguments if name != "--accept"] or list(DESIGNS)
    if unknown := [name for name in names if name not in DESIGNS]:
        raise Failure(f"{unknown[0]} is no design: it must be one of {', '.join(map(repr, DESIGNS))}, or --accept.")
    RESULTS.mkdir(parents=True, exist_ok=True)
    rows = designs(BUILDS)
    baselines = designs(BASELINES)
    status = 0
    for name in names:
        rows[name] = measure(name)
        write_json(BUILDS, {"designs": rows})
        for what in differences(rows[name], baselines[name]) if name in baselines else ():
            print(f"{name}: {what}")
            status = 1
    if accept:
        write_json(BASELINES, {"designs": baselines | {name: rows[name] for name in names}})
    with replacing(RESULTS / "builds.md") as file:
        file.write(page({name: rows[name] for name in DESIGNS if name in rows}).encode())
    return 0 if accept else status


def designs(path: Path) -> dict[str, dict[str, Any]]:
    """Results of `measure` by design, from a file."""
    return json.loads(path.read_text())["designs"] if path.exists() else {}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Failure as failure:
        print(f"board_study: {failure}", file=sys.stderr)
        sys.exit(failure.code)
