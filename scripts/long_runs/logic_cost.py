"""`python -m ohmgrad.scripts.long_runs.logic_cost`: logic that each block takes on ECP5 and iCE40, by Yosys.

Writes docs/results/logic.md and logic.json.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, cast

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out

from ...fpga.errors import Failure
from ...fpga.files import write_json
from ...fpga.synthesis.synthesis import FAMILIES, VERSION, logic
from ...golden.blocks.lib.layout import Layout
from ...golden.blocks.perturb.codes import KINDS, RANDOM, SINUSOIDAL, WALSH, Codes
from ...golden.blocks.perturb.outer import NODE, RANK_ONE, Outer, lines
from ...golden.blocks.update.correlator import Correlator
from ...golden.blocks.update.window import Window
from ...rtl.lib.layout import lane_words
from ...rtl.perturb.codes import CodeGenerator
from ...rtl.perturb.outer import OuterProducts
from ...rtl.update.correlator import CorrelatorMemory
from ...rtl.update.window import WindowProducts
from ...rtl.update.window_signs import WindowSigns
from ...rtl.update.window_tables import RandomTables, WalshTables

RESULTS = Path("docs/results")
LAYOUT = Layout((64, 16, 10), 16)
"""The digits network."""
SIZE = 32
"""Patterns of a window, K."""
WIDTHS = (16, 21)
"""Widths of C~."""


class PlainSum(Component):
    """What a window's tables are held against: a lane's sum of K costs by a tree of adders.

    Parameters
    ----------
    bits : int
        Width of a cost.
    lanes : int
    relative : bool
        Each adder adds or subtracts by the product of its two first signs, and the sum takes the very first
        sign; else every cost is negated by its sign before a tree of plain adders.
    """

    def __init__(self, bits: int, lanes: int, relative: bool):
        self.relative = relative
        super().__init__(
            {
                "costs": In(data.ArrayLayout(signed(bits), SIZE)),
                "signs": In(data.ArrayLayout(SIZE, lanes)),
                "sums": Out(lane_words(bits + SIZE.bit_length() - 1, lanes)),
            }
        )

    def elaborate(self, platform):
        m, ports = Module(), cast(Any, self)
        for signs, out in zip(ports.signs, ports.sums, strict=True):
            terms: list[Value] = list(ports.costs)
            minus = list(signs)
            if not self.relative:
                terms = [Mux(bit, -cost, cost) for cost, bit in zip(terms, minus, strict=True)]
            while len(terms) > 1:
                pairs = list(zip(terms[::2], terms[1::2], strict=True))
                if self.relative:
                    apart = [a ^ b for a, b in zip(minus[::2], minus[1::2], strict=True)]
                    terms = [Mux(s, a - b, a + b) for (a, b), s in zip(pairs, apart, strict=True)]
                    minus = minus[::2]
                else:
                    terms = [a + b for a, b in pairs]
            total = Mux(minus[0], -terms[0], terms[0]) if self.relative else terms[0]
            register = Signal.like(out, reset_less=True)
            m.d.sync += register.eq(total)
            m.d.comb += out.eq(register)
        return m


class Block(NamedTuple):
    """A block to be synthesised.

    Attributes
    ----------
    make : callable
        Gives the component, of `LAYOUT.lanes` lanes.
    families : tuple of str
        Keys of `FAMILIES`.
    """

    make: Callable[[], Component]
    families: tuple[str, ...] = tuple(FAMILIES)


def codes(kind: int) -> Codes:
    """A code of the network; sines of 13 DAC steps root mean square, as the digits chip's amplitude."""
    return Codes(kind, 1, LAYOUT.parameters, 18 if kind == SINUSOIDAL else 1)


def outer(method: int, reference: bool) -> OuterProducts:
    """Outer products of the network's neurons and lines."""
    size = LAYOUT.neurons + (lines(LAYOUT) if method == RANK_ONE else 0)
    return OuterProducts(Outer(method, 2, 8), LAYOUT, Codes(RANDOM, 1, size), reference)


def window(kind: int, bits: int) -> Window:
    """A window of the network, tau_p = 1."""
    return Window(SIZE, bits, bits, codes(kind))


def _blocks() -> dict[str, Block]:
    """All blocks by their names in the table."""
    blocks = {
        f"codes, {name}": Block(lambda kind=kind: CodeGenerator(codes(kind), LAYOUT.lanes))
        for name, kind in KINDS.items()
    }
    ecp5 = ("ECP5",)
    # Beside a generator of values for neurons and lines, which is one of the codes above.
    blocks |= {
        "outer products, rank-one": Block(lambda: outer(RANK_ONE, False), families=ecp5),
        "outer products, node": Block(lambda: outer(NODE, False), families=ecp5),
        "outer products, node, what the cost takes": Block(lambda: outer(NODE, True), families=ecp5),
    }
    blocks["window random: signs"] = Block(lambda: WindowSigns(window(RANDOM, WIDTHS[0]), LAYOUT), families=ecp5)
    for bits in WIDTHS:
        blocks |= {
            f"correlator, K = 1, C~ {bits}": Block(lambda b=bits: CorrelatorMemory(Correlator(b, b + 5), LAYOUT)),
            f"window random, C~ {bits}": Block(
                lambda b=bits: WindowProducts(window(RANDOM, b), LAYOUT), families=ecp5
            ),
            f"window random: sums, C~ {bits}": Block(
                lambda b=bits: RandomTables(window(RANDOM, b), LAYOUT), families=ecp5
            ),
            f"window walsh, C~ {bits}": Block(lambda b=bits: WindowProducts(window(WALSH, b), LAYOUT)),
            f"window walsh: sums, C~ {bits}": Block(lambda b=bits: WalshTables(window(WALSH, b), LAYOUT)),
            f"plain tree, C~ {bits}": Block(lambda b=bits: PlainSum(b, LAYOUT.lanes, False), families=ecp5),
            f"plain tree, relative signs, C~ {bits}": Block(
                lambda b=bits: PlainSum(b, LAYOUT.lanes, True), families=ecp5
            ),
        }
    return blocks


BLOCKS = _blocks()


def measure(name: str, family: str) -> dict[str, Any]:
    """Row of the table: block, family, lanes, and what `synthesis.logic` gives."""
    block = BLOCKS[name]
    row = {"block": name, "family": family, "lanes": LAYOUT.lanes}
    return row | logic(block.make(), LAYOUT.lanes, family, name)


METHOD = f"""\
Made by `python -m ohmgrad.scripts.long_runs.logic_cost`: each block alone through Yosys {VERSION}
(`{FAMILIES["ECP5"]}`, `{FAMILIES["iCE40"]}`), before place and route.

The network is 64-16-10 (1,210 parameters) on {LAYOUT.lanes} lanes; windows have K = {SIZE} costs. An ECP5 carry
cell counts as two LUTs, 16 x 4 bits of LUT RAM as four, and two more for the slice that its write port takes
(column "write"); "total" and "LUTs a lane" hold all of them. iCE40 has no LUT RAM, which the random window's
tables need. The plain tree adds the same {SIZE} costs with their signs: each negated by its sign, or ("relative
signs") each adder adding or subtracting by the product of its two signs."""


def main() -> int:
    """Measure all blocks and write the page; returns the exit code."""
    rows = [measure(name, family) for name, block in BLOCKS.items() for family in block.families]
    RESULTS.mkdir(parents=True, exist_ok=True)
    write_json(RESULTS / "logic.json", rows)
    page = ["# Logic of the blocks", "", METHOD, ""]
    names = {
        "luts": "LUT4", "carry": "carry", "ram_luts": "RAM", "write_luts": "write",
        "flip_flops": "FF", "block_rams": "block RAM", "total_luts": "total", "luts_per_lane": "LUTs a lane",
    }  # fmt: skip
    for family in FAMILIES:
        page += [f"## {family}", "", f"| block | {' | '.join(names.values())} |", "|---" + "|---:" * len(names) + "|"]
        for row in rows:
            if row["family"] == family:
                page.append(f"| {row['block']} | " + " | ".join(f"{row[key]:,.5g}" for key in names) + " |")
        page.append("")
    page += ["## A lane of the random window on ECP5, in LUTs", "", *_lane(rows)]
    (RESULTS / "logic.md").write_text("\n".join([*page, ""]))
    return 0


def _lane(rows: list[dict[str, Any]]) -> list[str]:
    """Table of what a lane of the random window takes, by part."""
    total = {row["block"]: row["luts_per_lane"] for row in rows if row["family"] == "ECP5"}
    write = {row["block"]: row["write_luts"] / row["lanes"] for row in rows if row["family"] == "ECP5"}
    heads = ["C~", "sums", "of these write ports", "signs", "share of the rest", "all",
             "sums as a plain tree", "with relative signs"]  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", "|---:" * len(heads) + "|"]
    for bits in WIDTHS:
        whole, signs, sums = f"window random, C~ {bits}", "window random: signs", f"window random: sums, C~ {bits}"
        values = [total[sums], write[sums], total[signs], total[whole] - total[sums] - total[signs], total[whole],
                  total[f"plain tree, C~ {bits}"], total[f"plain tree, relative signs, C~ {bits}"]]  # fmt: skip
        lines.append(f"| {bits} | " + " | ".join(f"{value:,.0f}" for value in values) + " |")
    return lines


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"logic_cost: {failure}", file=sys.stderr)
        sys.exit(failure.code)
