"""Clocks that a placed design reaches, from nextpnr's report."""

from collections.abc import Mapping
from typing import Any, NamedTuple

MULTIPLICATION_NS = 10.0
"""SB_MAC16 without registers, 16 x 16 bits: up to 9 ns in IceStorm's timings_up5k.txt."""
CASCADE_NS = 5.0
"""Its adder, where one takes the product of another."""
UNCLOCKED = "$PACKER_GND_NET"
"""Beginning of the clock that nextpnr names for cells without one."""


class Clock(NamedTuple):
    """A clock of the design, in MHz."""

    asked: float
    reached: float


def clocks(report: Mapping[str, Any]) -> dict[str, Clock]:
    """Clocks by name.

    nextpnr-ice40 knows no delay of a multiplier: to it a path ends at its inputs, and another one begins at its
    outputs. Here the longest of either, with a multiplication between them, are one path of the clock, although they
    may belong to different multipliers.
    """
    longest: dict[tuple[str, str], float] = {}
    for path in report["critical_paths"]:
        between = path["from"].split()[-1], path["to"].split()[-1]
        longest[between] = sum(part["delay"] for part in path["path"])
    found = {}
    for name, clock in report["fmax"].items():
        if name.startswith(UNCLOCKED):
            continue
        reached = clock["achieved"]
        for idle in {end for between in longest for end in between if end.startswith(UNCLOCKED)}:
            if (name, idle) in longest and (idle, name) in longest:
                cascade = longest[idle, idle] + CASCADE_NS if (idle, idle) in longest else 0.0
                taken = longest[name, idle] + MULTIPLICATION_NS + cascade + longest[idle, name]
                reached = min(reached, 1000 / taken)
        found[name] = Clock(round(clock["constraint"], 2), round(reached, 2))
    return found


def slack(found: Mapping[str, Clock]) -> float:
    """MHz by which the slowest clock is too fast; negative where one is too slow."""
    return min(clock.reached - clock.asked for clock in found.values())
