"""`python -m ohmgrad.scripts.long_runs.filter_cost`: cells and clock of the filter alone on iCE40 and ECP5, by the
open tools.

Writes docs/results/ttv2_logic.md and ttv2_logic.json.
"""

import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from ...fpga.errors import Failure
from ...fpga.files import write_json
from ...fpga.synthesis.placement import FAMILIES, SEED, fmax
from ...fpga.synthesis.synthesis import VERSION, logic
from ...golden.blocks.tiki_taka.lines import Lines
from ...golden.blocks.update.ttv2 import KEEP, SUBTRACT, ZERO, Ttv2
from ...rtl.update.ttv2 import FilterMemory

RESULTS = Path("docs/results")
READING_BITS = 9
LINES, LENGTH = 32, 32
"""1,024 words of H."""
WIDTHS, LANES = (8, 12, 16, 20, 24), (1, 4, 16)
VARIANTS: dict[str, dict[str, Any]] = {
    "subtract": {},
    "zero": {"reset": ZERO},
    "keep, 1/8": {"reset": KEEP, "keep_shift": 3},
    "3 fractional bits": {"fraction": 3},
    "leak 2**-6": {"fraction": 3, "leak": 6},
    "AGAD": {"fraction": 3, "mean": 5},
    "rescale by up to 2**8": {"rescale": 8},
}
"""Of 16 bits on 4 lanes; the first is what all widths have."""


def block(bits: int, lanes: int, reset: int = SUBTRACT, keep_shift: int = 0, **options: Any) -> FilterMemory:
    """The filter of one row."""
    return FilterMemory(Ttv2(bits, READING_BITS, reset, keep_shift, (), **options), Lines(((LINES, LENGTH),), lanes))


def measure(name: str, bits: int, lanes: int, family: str, **options: int) -> dict[str, Any]:
    """Row of the table: variant, sizes, what `synthesis.logic` gives, and MHz by part."""
    label = f"filter, {name}, {bits} bits, {lanes} lanes"
    row = {"variant": name, "bits": bits, "lanes": lanes, "family": family}
    row |= logic(block(bits, lanes, **options), lanes, family, label)
    hosts = ("host", "host_mean", "host_past")
    return row | {"fmax_mhz": fmax(block(bits, lanes, **options), family, label, hosts)}


_NEXTPNR = ", ".join(metadata.version(chip.program) for chip in FAMILIES.values())
METHOD = f"""\
Made by `python -m ohmgrad.scripts.long_runs.filter_cost`: `FilterMemory` alone, {LINES * LENGTH:,} words of H
({LINES} lines of
{LENGTH}), readings of {READING_BITS} bits. Cells are those of Yosys {VERSION} before place and route, counted as in
logic.md. MHz are what nextpnr estimates after place and route ({_NEXTPNR}; seed
{SEED}, ECP5 of speed grade 6) with shift registers around the filter, so that every path begins and ends in a register.
What the host reads is not taken there: it goes from the block RAMs through a multiplexer of the lanes, and would be
the longest path on ECP5 with several lanes. "-" means that the part has too few cells or block RAMs.

The filter takes a word of lanes a clock also where the same word comes again in the next clock. So one way cannot be
cut by registers: H, the sum, threshold, reset, and H again; it sets the clock."""


def main() -> int:
    """Measure all rows and write the page; returns the exit code."""
    plain = next(iter(VARIANTS))
    rows, page = [], ["# Logic and clock of the filter", "", METHOD, ""]
    for family, chip in FAMILIES.items():
        sizes = [measure(plain, bits, lanes, family) for lanes in LANES for bits in WIDTHS]
        kinds = [measure(name, 16, 4, family, **options) for name, options in VARIANTS.items()]
        rows += sizes + kinds[1:]
        page += [f"## {family}", "", *_table(("lanes", "bits"), sizes, list(chip.parts)), ""]
        page += ["16 bits on 4 lanes:", "", *_table(("variant",), kinds, list(chip.parts)), ""]
    RESULTS.mkdir(parents=True, exist_ok=True)
    write_json(RESULTS / "ttv2_logic.json", rows)
    (RESULTS / "ttv2_logic.md").write_text("\n".join(page))
    return 0


def _table(keys: tuple[str, ...], rows: list[dict[str, Any]], parts: list[str]) -> list[str]:
    """Lines of a table."""
    names = {
        "luts": "LUT4", "carry": "carry", "ram_luts": "RAM", "write_luts": "write", "flip_flops": "FF",
        "block_rams": "block RAM", "total_luts": "total", "luts_per_lane": "LUTs a lane",
    }  # fmt: skip
    heads = [*keys, *names.values(), *(f"{part} MHz" for part in parts)]
    lines = [f"| {' | '.join(heads)} |", "|---" + "|---:" * (len(heads) - 1) + "|"]
    for row in rows:
        clocks = [row["fmax_mhz"][part] for part in parts]
        values = [str(row[key]) for key in keys] + [f"{row[key]:,.5g}" for key in names]
        lines.append(f"| {' | '.join(values + ['-' if mhz is None else f'{mhz:.1f}' for mhz in clocks])} |")
    return lines


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"filter_cost: {failure}", file=sys.stderr)
        sys.exit(failure.code)
