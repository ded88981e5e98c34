"""Which counters of a chip are registers of their own, how wide they are, and which bits of others the rest read.

The number of what lasts tau steps, step // tau, and its phase, step mod tau, are bits of the step where tau is a
constant and a power of two, and counters of their own elsewhere; see `golden.chip.registers`.
"""

from ..blocks.measure.cost import FORWARD
from ..blocks.measure.samples import CYCLIC
from ..blocks.perturb.codes import SEQUENTIAL
from ..blocks.perturb.outer import LAYER
from .chip import Chip
from .memory_map import Register
from .registers import constants

COUNTER = 32
"""Bits of the number of a step, a pattern or a sample."""
TAU_BITS = 21
"""Bits of a time constant and of a phase."""
RESTORABLE = tuple(Register(k).name.lower() for k in range(Register.STEP, Register.LAG_PHASE_X + 1))
"""Names of all counters that the host may write."""
TAUS = ("tau_p", "tau_x", "tau_theta", "refresh")
"""Settings that a phase counts up to."""


def index_bits(count: int) -> int:
    """Width of a number below `count`; at least 1."""
    return max(1, (count - 1).bit_length())


def position_bits(chip: Chip) -> int:
    """Width of a place in the sequence of a sequential code."""
    return index_bits(chip.codes.size)


def turn_bits(chip: Chip) -> int:
    """Width of the number of a layer whose nodes are perturbed."""
    return index_bits(len(chip.layout.rows))


def sample_bits(chip: Chip) -> int:
    """Width of the number of a sample in the memory."""
    return index_bits(chip.samples.size)


def constant_log2(chip: Chip, name: str) -> int | None:
    """log2 of a time constant that is a constant and a power of two; None of all others."""
    tau = constants(chip).get(name)
    return tau.bit_length() - 1 if tau and tau & (tau - 1) == 0 else None


def counters(chip: Chip) -> dict[str, int]:
    """Name and bits of the counters that are registers of a chip, of `RESTORABLE`."""
    found = {"step": COUNTER}
    if constant_log2(chip, "tau_p") is None:
        found |= {"pattern": COUNTER, "phase_p": TAU_BITS, "lag_pattern": COUNTER, "lag_phase_p": TAU_BITS}
    if constant_log2(chip, "tau_x") is None:
        found |= {"sample": COUNTER, "phase_x": TAU_BITS, "lag_phase_x": TAU_BITS}
    if constant_log2(chip, "tau_theta") is None:
        found["phase_theta"] = TAU_BITS
    if chip.cost.mode == FORWARD and constant_log2(chip, "refresh") is None and constants(chip).get("refresh") != 0:
        found["phase_refresh"] = TAU_BITS
    if chip.codes.kind == SEQUENTIAL:
        found |= dict.fromkeys(("position", "lag_position"), position_bits(chip))
    if chip.outer and chip.outer.method == LAYER:
        found["turn"] = turn_bits(chip)
    if chip.samples.order == CYCLIC:
        found["sample_index"] = sample_bits(chip)
    return found


def has_lag(chip: Chip) -> bool:
    """Whether the pattern correlated with may be another than that of the last step."""
    return constants(chip).get("delay") != 0


def counter_source(chip: Chip, name: str) -> tuple[str, int, int] | None:
    """What a counter reads while nothing runs: a counter, or `lag`, and its bits from and to; None if it reads 0."""
    if name in counters(chip):
        return name, 0, COUNTER
    source = "lag" if name.startswith("lag") and has_lag(chip) else "step"
    what = name.removeprefix("lag_")
    tau = {"pattern": "tau_p", "sample": "tau_x", "phase_refresh": "refresh"}.get(what, what.replace("phase", "tau"))
    cut = constant_log2(chip, tau) if tau in TAUS else None
    if cut is None or (what == "phase_refresh" and chip.cost.mode != FORWARD):
        return None
    return (source, 0, cut) if what.startswith("phase") else (source, cut, COUNTER)
