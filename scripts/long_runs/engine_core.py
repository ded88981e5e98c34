"""`python -m ohmgrad.scripts.long_runs.engine_core [--cells]`: cells and clock of the engine alone beside engine and
emulated array, for each update path and for an external cost, on ECP5 and iCE40.

Writes engine_core.md and engine_core.json into the folder of results; it takes hours, and with --cells, which leaves
the clocks out, a quarter of one.
"""

import sys
from importlib import metadata
from importlib.resources import files as resources
from pathlib import Path
from typing import Any, NamedTuple

from amaranth.lib.wiring import Component

from ...fpga.errors import Failure
from ...fpga.files import write_json
from ...fpga.synthesis.placement import FAMILIES, SEED, fmax
from ...fpga.synthesis.synthesis import VERSION, logic
from ...golden.chip.chip import Chip
from ...golden.chip.config import load
from ...rtl.top import EngineTop, Top

RESULTS = Path("docs/results")
EXTERNAL, CONSTANTS = {"array.kind": "external"}, {"engine.settings": "constants"}
CHIP, ALONE = "engine and array", "engine alone"


class Case(NamedTuple):
    """What is synthesised.

    Attributes
    ----------
    example : str
    what : str
        `CHIP` or `ALONE`.
    overrides : dict
    """

    example: str
    what: str
    overrides: dict[str, Any]

    def chip(self) -> Chip:
        """Its chip."""
        return Chip(load(str(resources("ohmgrad.examples") / f"{self.example}.toml")).with_(**self.overrides))

    def component(self, chip: Chip) -> Component:
        """Its top."""
        return Top(chip) if self.what == CHIP else EngineTop(chip)


SMALL = {"parameters.count": 9, "engine.lanes": 1}
"""An external cost with as many parameters and lanes as XOR."""
CASES = [
    *(
        Case(example, what, overrides)
        for example in ("xor", "xor_filtered", "xor_tiki_taka")
        for what, overrides in ((CHIP, {}), (ALONE, EXTERNAL))
    ),
    Case("xor", ALONE, EXTERNAL | CONSTANTS),
    Case("external", ALONE, SMALL),
    Case("external", ALONE, SMALL | CONSTANTS),
    Case("external", ALONE, {}),
]
PARTS = {"ECP5": "25F", "iCE40": "HX8K"}
"""On which parts the clock is measured."""
LARGE = ("xor_filtered", "xor_tiki_taka")
"""Examples whose emulated array has more cells than any iCE40; Yosys takes over twenty minutes to say so."""


def measure(case: Case, family: str, place: bool = True) -> dict[str, Any]:
    """Row of the table: the case, its sizes, what `synthesis.logic` gives, and MHz."""
    chip = case.chip()
    config, layout = chip.config, chip.layout
    row: dict[str, Any] = {
        "example": case.example, "path": config.update.path, "cost": config.cost.source, "what": case.what,
        "settings": config.engine.settings, "parameters": layout.parameters, "lanes": layout.lanes, "family": family,
    }  # fmt: skip
    label = f"{case.example}, {case.what}, {config.engine.settings}"
    row |= logic(case.component(chip), layout.lanes, family, label)
    if place:
        row["fmax_mhz"] = fmax(case.component(chip), family, label, parts=(PARTS[family],))[PARTS[family]]
    return row


_NEXTPNR = ", ".join(metadata.version(chip.program) for chip in FAMILIES.values())
METHOD = f"""\
Made by `python -m ohmgrad.scripts.long_runs.engine_core`: `rtl.top.Top` (engine, registers, emulated array) beside
`rtl.top.EngineTop` of the same chip with `array.kind = "external"` (engine, registers, and the array's port with its
guard); and the engine of `examples/external.toml`, whose cost comes as words, with 300 parameters and with 9. Neuron
and cost unit are in the engine wherever the cost is that of outputs. "constants" is `engine.settings = "constants"`.

Cells are those of Yosys {VERSION} before place and route, counted as in logic.md; multipliers are those of ECP5, and
what Yosys is not told to use on iCE40. MHz are what nextpnr estimates after place and route ({_NEXTPNR}; seed {SEED};
ECP5-{PARTS["ECP5"]} of speed grade 6, iCE40 {PARTS["iCE40"]}) with shift registers around the top, since its ports are
more than the pins: every path begins and ends in a register. "-" means that the part has too few cells, block RAMs or
multipliers; on iCE40 the emulated arrays of `xor_filtered` and `xor_tiki_taka` are left out, which have more cells
than any of its parts."""


def main(place: bool) -> int:
    """Measure all cases, with clocks if they are placed, and write the page; returns the exit code."""
    rows, page = [], ["# Logic and clock of the engine alone", "", METHOD, ""]
    if not place:
        page += ["This page was made with `--cells`: the clocks have not been measured.", ""]
    for family in PARTS:
        cases = [c for c in CASES if family == "ECP5" or c.what == ALONE or c.example not in LARGE]
        found = [measure(case, family, place) for case in cases]
        rows += found
        page += [f"## {family}", "", *_table(found), ""]
    RESULTS.mkdir(parents=True, exist_ok=True)
    write_json(RESULTS / "engine_core.json", rows)
    (RESULTS / "engine_core.md").write_text("\n".join(page))
    return 0


def _table(rows: list[dict[str, Any]]) -> list[str]:
    """Lines of a table."""
    words = ("example", "path", "what", "settings")
    names = {
        "parameters": "P", "lanes": "lanes", "total_luts": "LUT4", "flip_flops": "FF", "block_rams": "block RAM",
        "multipliers": "multipliers", "fmax_mhz": "MHz",
    }  # fmt: skip
    names = {key: name for key, name in names.items() if key in rows[0]}
    lines = [f"| {' | '.join([*words, *names.values()])} |", "|---" * len(words) + "|---:" * len(names) + "|"]
    for row in rows:
        numbers = ["-" if row[key] is None else f"{row[key]:,}" for key in names]
        lines.append(f"| {' | '.join([*(row[key] for key in words), *numbers])} |")
    return lines


if __name__ == "__main__":
    try:
        sys.exit(main("--cells" not in sys.argv))
    except Failure as failure:
        print(f"engine_core: {failure}", file=sys.stderr)
        sys.exit(failure.code)
