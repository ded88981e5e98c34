"""Values of the registers that make a chip go on from a state of the golden engine, and back."""

from typing import TYPE_CHECKING

from ..blocks.measure.cost import AVERAGE, FORWARD
from ..blocks.measure.samples import CYCLIC
from ..blocks.perturb.codes import SEQUENTIAL
from ..blocks.perturb.outer import LAYER
from .chip import Chip
from .memory_map import Register

if TYPE_CHECKING:
    from ..state import State


def registers(chip: Chip, state: "State") -> dict[Register, int]:
    """Settings of the chip, and values of all restorable registers at a state; 32 bits, unsigned.

    Counters that the chip has no use for are 0.
    """
    s, step = chip.sequencer, state.step
    lag = max(step - s.delay, 0)
    pattern, lag_pattern, sample = step // s.tau_p, lag // s.tau_p, step // s.tau_x
    stride, size = chip.codes.stride if chip.codes.kind == SEQUENTIAL else 0, chip.codes.size
    turns = len(chip.layout.rows) if chip.outer and chip.outer.method == LAYER else 1
    samples = chip.samples.size if chip.samples.order == CYCLIC else 1
    refresh = s.refresh if s.refresh and chip.cost.mode == FORWARD else 1
    memory = [int(word) & (2**64 - 1) for word in state.memory]
    return {
        Register.FLAGS: state.flags,
        Register.STEP: step,
        Register.PATTERN: pattern,
        Register.POSITION: pattern * stride % size,
        Register.TURN: pattern % turns,
        Register.SAMPLE: sample,
        Register.SAMPLE_INDEX: sample % samples,
        Register.PHASE_P: step % s.tau_p,
        Register.PHASE_X: step % s.tau_x,
        Register.PHASE_THETA: step % s.tau_theta,
        Register.PHASE_REFRESH: step % refresh,
        Register.LAG_PATTERN: lag_pattern,
        Register.LAG_POSITION: lag_pattern * stride % size,
        Register.LAG_PHASE_P: lag % s.tau_p,
        Register.LAG_PHASE_X: lag % s.tau_x,
        Register.MEMORY_0_LOW: memory[0] & 0xFFFFFFFF,
        Register.MEMORY_0_HIGH: memory[0] >> 32,
        Register.MEMORY_1_LOW: memory[1] & 0xFFFFFFFF,
        Register.MEMORY_1_HIGH: memory[1] >> 32,
        **settings(chip),
    }


def settings(chip: Chip) -> dict[Register, int]:
    """Values of all settings, which are those after reset."""
    values = {Register[name.upper()]: value for name, value in chip.sequencer._asdict().items()}
    values |= {Register.DECAY: chip.cost.decay, Register.LEAK: chip.correlator.leak}
    return values | {Register.SEED: chip.config.seed}


def limits(chip: Chip) -> dict[Register, tuple[int, int]]:
    """Smallest and largest value of each setting; others are ignored."""
    tau_p, tau_theta = chip.config.largest
    return {
        Register.TAU_P: (1, tau_p), Register.TAU_X: (1, 2**20), Register.TAU_THETA: (1, tau_theta),
        Register.REFRESH: (0, 2**20), Register.AVERAGE: (0, AVERAGE), Register.AVERAGE_C0: (0, AVERAGE),
        Register.BLANKING: (0, 2**20 - 1), Register.DELAY: (0, 15), Register.SETTLE: (0, 65535),
        Register.DECAY: (0, 65535), Register.LEAK: (1, 32768), Register.SEED: (0, 2**32 - 1),
    }  # fmt: skip


def constants(chip: Chip) -> dict[str, int]:
    """Settings that are constants of the Verilog, by field of `golden.blocks.control.sequencer.Sequencer`; none with
    registers.

    The delay is none of them where the chip can measure it.
    """
    engine = chip.config.engine
    if engine.settings == "registers":
        return {}
    values = {register.name.lower(): value for register, value in settings(chip).items()}
    if engine.calibration:
        del values["delay"]
    return values
