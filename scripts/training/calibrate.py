"""`ohmgrad train --calibrate`: the delay of the cost, as the engine measures it before a run."""

from typing import Literal

from ...fpga.errors import Mismatch
from ...golden.chip.chip import Chip
from ...golden.chip.config import ChipConfig
from ...golden.chip.dataset import split_of
from ...golden.engine import Engine
from .progress import Monitor


def calibrate(config: ChipConfig, on: Literal["golden", "sim"], monitor: Monitor) -> ChipConfig:
    """Measure by how many steps the cost comes late, at the initial weights; see `golden.blocks.measure.calibration`.

    Parameters
    ----------
    config : ChipConfig
    on : {"golden", "sim"}
    monitor : Monitor
        Is told the delay.

    Returns
    -------
    ChipConfig
        The same chip with this delay as `engine.delay`.

    Raises
    ------
    ConfigError
        The chip cannot have this delay.
    SimulationError
        The simulator does not build, or does not answer.
    Mismatch
        RTL and golden find different delays.
    """
    chip = Chip(config)
    engine = Engine(chip, split_of(config))
    state = engine.initial()
    delay = engine.calibrate(state)
    if on == "sim":
        from ...fpga.simulation.simulator import simulator

        got = simulator(engine, state).calibrate()
        if got != delay:
            raise Mismatch(f"delay at step 0: expected {delay} (golden), got {got} (RTL).")
    before = chip.sequencer.delay
    changes = f"instead of {before} as in the chip file" if delay != before else "as in the chip file"
    monitor.say(f"calibrated: the cost arrives {delay} steps after its pattern, {changes}")
    return config if delay == before else config.with_(**{"engine.delay": delay})
