"""Faults by the thousand on a virtual board: `python -m ohmgrad.scripts.long_runs.soak [NAME ...]`; all of these
without names.

flip, drop, repeat, cut
         of the line between host and board, see `faults`: training in pieces, the board loaded anew now and then, and
         all its memories compared with golden's after each piece
kill     SIGKILL of `train --on board` at any moment, then --resume; the engine goes on while nobody listens
reset    the board's button, at any moment of `train --on board`
both     SIGKILL and reset at once, then --resume

Every checkpoint of the last three is compared with a golden run that nothing disturbed. A difference ends the program.
Results, one row a name, go to docs/results/board/soak.json and soak.md; rows of names left out are kept.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from ...fpga.files import replacing, write_json
from ...fpga.simulation.verilate import BUILDS
from ...fpga.simulation.virtual_board import VirtualBoard
from ...golden.chip.config import ChipConfig, load
from .fault_runs import EVERY, Outcome, bad_line, learner, reset
from .faults import KINDS
from .killed_runs import endless, killed

RESULTS = Path("docs/results/board")
CHIP = "xor_filtered"
COUNT = 1000
"""Faults of each kind; or as many as there are in `fault_runs.LONGEST` seconds."""
DIVISOR = 4
"""Clocks a bit: half of the iCEBreaker's, as most of a virtual board's clocks go into bits."""
COMMAND = "python -m ohmgrad.scripts.long_runs.soak"


def main(names: list[str]) -> int:
    """Try the faults named, or all; returns the exit code."""
    config = load(str(resources("ohmgrad.examples") / f"{CHIP}.toml"))
    engine = learner(config)
    engine.run(engine.initial(), 1)  # compiled here, before processes are forked
    with VirtualBoard(engine.chip, BUILDS, DIVISOR) as board, tempfile.TemporaryDirectory() as folder:
        faults = _faults(config, board, Path(folder))
        unknown = [name for name in names if name not in faults]
        if unknown:
            print(f"soak: {unknown[0]}: no such fault; there are {', '.join(faults)}.", file=sys.stderr)
            return 2
        for name in names or faults:
            outcome = faults[name]()
            print(f"\r{outcome}", file=sys.stderr)
            _keep(outcome, list(faults))
    return 0


def _faults(config: ChipConfig, board: VirtualBoard, folder: Path) -> Mapping[str, Callable[[], Outcome]]:
    lines = {kind: partial(bad_line, kind, learner(config), board.port, COUNT) for kind in KINDS}
    runs = {
        "kill": partial(killed, endless(config), board, folder, COUNT, False),
        "reset": partial(reset, config, board, folder, COUNT),
        "both": partial(killed, endless(config), board, folder, COUNT, True),
    }
    return lines | runs


def _keep(outcome: Outcome, order: list[str]) -> None:
    """Put a row into the kept results."""
    path = RESULTS / "soak.json"
    rows: dict[str, Any] = {row["fault"]: row for row in json.loads(path.read_text())} if path.exists() else {}
    rows[outcome.fault] = asdict(outcome)
    RESULTS.mkdir(parents=True, exist_ok=True)
    ordered = [rows[name] for name in order if name in rows]
    write_json(path, ordered)
    with replacing(RESULTS / "soak.md") as file:
        file.write(page(ordered).encode())


def page(rows: list[dict[str, Any]]) -> str:
    """The results as a page in Markdown."""
    columns = {
        "fault": "fault", "times": "times", "steps": "steps", "checkpoints": "compared with golden", "words": "words",
        "repeats": "requests sent again", "dropped": "frames the board dropped", "damaged": "frames the host dropped",
        "resets": "resets made good", "seconds": "seconds",
    }  # fmt: skip
    lines = [
        "# Faults",
        "",
        f"Made by `{COMMAND}`: {CHIP} trains on a virtual board, while every {EVERY:.0f} bytes (mean, at random) a bit",
        "of the line flips, a byte is dropped or repeated, or the line is cut from the middle of a frame on; while the",
        "process that trains is killed and resumed; while the board is reset. In every comparison all memories, step",
        "and flags were equal to those of a golden run that nothing disturbed: nothing wrong was learned, and",
        "nothing lost. A row ends after 1,000 faults or ten minutes; - : not counted. A reset that falls on a board",
        "which is not loaded yet needs no mending.",
        "",
        "| " + " | ".join(columns.values()) + " |",
        "|" + "---|" * len(columns),
    ]
    for row in rows:
        cells = [_cell(row[key]) for key in columns]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else f"{value:,.0f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
