"""What a design takes of an FPGA, counted from its netlist and from nextpnr's report, and what it has too much."""

from collections.abc import Mapping
from typing import Any

NAMES = {
    "cells": "logic cells", "lut": "LUTs", "ff": "flip-flops", "carry": "carry cells", "bram": "block RAMs",
    "spram": "SPRAMs", "dsp": "multipliers",
}  # fmt: skip
"""Resources in words. A cell is a LUT with its flip-flop and carry (iCE40), or a LUT (ECP5)."""
NETLIST = {
    "lut": ("SB_LUT4", "LUT4"), "ff": ("SB_DFF", "TRELLIS_FF"), "carry": ("SB_CARRY", "CCU2C"),
    "bram": ("SB_RAM40", "DP16KD"), "spram": ("SB_SPRAM",), "dsp": ("SB_MAC16", "MULT18X18D"),
}  # fmt: skip
"""Beginnings of the names of Yosys's cells."""
PLACED = {
    "cells": ("ICESTORM_LC", "TRELLIS_COMB"), "ff": ("TRELLIS_FF",), "bram": ("ICESTORM_RAM", "DP16KD"),
    "spram": ("ICESTORM_SPRAM",), "dsp": ("ICESTORM_DSP", "MULT18X18D"),
}  # fmt: skip
"""Names of nextpnr's."""


def of_netlist(cells: Mapping[str, int]) -> dict[str, int]:
    """Resources that a netlist's cells, counted by type, are: `NETLIST`'s, and the least of cells that they need.

    An ECP5 carry cell takes two LUTs, 16 x 4 bits of its distributed RAM take four; on iCE40 LUT, flip-flop and
    carry may share a cell, or not.
    """

    def count(*kinds: str) -> int:
        return sum(number for kind, number in cells.items() if kind.startswith(kinds))

    found = {name: count(*kinds) for name, kinds in NETLIST.items()}
    if any(kind.startswith("SB_") for kind in cells):
        least = max(found["lut"], found["ff"], found["carry"])
    else:
        least = found["lut"] + 2 * found["carry"] + 4 * count("TRELLIS_DPR16X4")
    return {"cells": least} | found


def of_report(utilization: Mapping[str, Mapping[str, int]]) -> tuple[dict[str, int], dict[str, int]]:
    """Resources used and there, from the part of nextpnr's report that tells them."""
    used, there = {}, {}
    for name, kinds in PLACED.items():
        for kind in kinds:
            if kind in utilization:
                used[name], there[name] = utilization[kind]["used"], utilization[kind]["available"]
    return used, there


def of_log(log: str) -> dict[str, dict[str, int]]:
    """What nextpnr logs of utilisation before it places, as its report has it.

    >>> of_log("Info:            ICESTORM_LC:    9058/   5280   171%")
    {'ICESTORM_LC': {'used': 9058, 'available': 5280}}
    """
    found = {}
    for line in log.splitlines():
        match line.replace("/", " ").split():
            case ["Info:", kind, used, available, percent] if kind.endswith(":") and percent.endswith("%"):
                found[kind[:-1]] = {"used": int(used), "available": int(available)}
    return found


def too_much(used: Mapping[str, int], there: Mapping[str, int]) -> str:
    """In words by how much resources do not suffice; nothing where they do.

    >>> too_much({"cells": 6000, "bram": 12}, {"cells": 5280, "bram": 30})
    '6,000 logic cells, 720 more than its 5,280'
    """
    return " and ".join(
        f"{used[name]:,} {NAMES[name]}, {used[name] - limit:,} more than its {limit:,}"
        for name, limit in there.items()
        if used.get(name, 0) > limit
    )


def rows(used: Mapping[str, int], there: Mapping[str, int]) -> list[tuple[str, ...]]:
    """A table's rows: resource, used, there, share."""
    return [
        (NAMES[name], f"{used[name]:,}", f"{there[name]:,}", f"{used[name] / there[name]:.0%}")
        for name in NAMES
        if name in used and there.get(name)
    ]


def within(now: Mapping[str, Any], before: Mapping[str, Any], tolerance: float, slack: int = 0) -> list[str]:
    """Resources of which now more or less is used than before, in words: beyond the relative `tolerance` and `slack`.

    >>> within({"lut": 111}, {"lut": 100}, 0.1), within({"lut": 110}, {"lut": 100}, 0.1)
    (['111 LUTs, before 100'], [])
    """
    return [
        f"{now[name]:,} {NAMES[name]}, before {old:,}"
        for name, old in before.items()
        if abs(now.get(name, 0) - old) > tolerance * old + slack
    ]
