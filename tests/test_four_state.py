"""No chip needs contents of memories or values of registers at power-up: four states, under Icarus.

RAM and registers start as X, which golden's words and the outputs must not show; and RAM full of zeros, ones, the most
negative word and random words changes nothing. Every memory is read after reset, and flags and memories after a run.
"""

import shutil

import pytest

from ohmgrad.rtl.lib.style import ASYNC, SYNC

from .chips import FILTERED, LOOP, engine, small
from .four_state import FILLS, Simulation

SIZE = {"network.layers": (2, 3, 2, 1), "array.adc_bits": 7, "array.output_bits": 9}
CHIPS = {
    "digital, random": {"engine.lanes": 4, "perturbation.tau_theta": 2},
    "digital, replay": {
        "perturbation.code": "walsh", "engine.window": 8, "engine.gradient": "replay", "perturbation.tau_theta": 8,
        "update.momentum": 0.5, "update.rounding": "stochastic", "engine.lanes": 8,
    },
    "digital, nodes": {
        "perturbation.method": "node", "cost.mode": "forward", "cost.refresh": 4, "cost.average": 1,
        "cost.average_c0": 2, "perturbation.tau_theta": 3, "engine.lanes": 2, "average.shift": 3,
    },
    "digital, analog": {
        "cost.mode": "analog", "perturbation.code": "sinusoidal", "perturbation.tau_x": 8, "perturbation.tau_theta": 3,
        "array.latency": 1, "update.eta": 0.001, "engine.lanes": 2,
    },
    "filtered, random": {**FILTERED, "engine.lanes": 1, "update.reset": "keep"},
    "filtered, window": {**FILTERED, "engine.window": 4, "perturbation.tau_theta": 4, "engine.lanes": 4},
    "filtered, layers": {
        **FILTERED, "perturbation.method": "node-by-layer", "engine.lanes": 8, "data.order": "cyclic",
        "perturbation.tau_p": 2, "perturbation.tau_x": 4, "perturbation.tau_theta": 4,
    },
    "tiki-taka, choppers": {
        **LOOP, "transfer.chopper": 0.2, "transfer.means": 2, "transfer.fraction": 3, "fast.slots": 2,
        "fast.read_noise": 0.3, "average.shift": 3, "engine.lanes": 4,
    },
    "tiki-taka, rank-one": {
        **LOOP, "perturbation.method": "weight", "perturbation.code": "rank-one", "transfer.lines": "rows",
        "fast.trains": "deterministic", "transfer.chopper_period": 1, "engine.lanes": 1,
    },
    "tiki-taka, rescaled": {
        **LOOP, "fast.management": False, "transfer.leak": 1, "transfer.fraction": 2, "engine.lanes": 2,
        "transfer.change": "rescale", "update.schedule": ((4, 0.2),),
    },
}  # fmt: skip
RUNS = 2, 11


ICARUS = pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus is missing: apt-get install iverilog")


@ICARUS
@pytest.mark.parametrize("name", CHIPS)
def test_it_runs_as_golden_whatever_memories_start_with(name, tmp_path):
    simulation = Simulation(engine(small(**SIZE, **CHIPS[name])), tmp_path, RUNS)
    for fill in FILLS:
        require_equal(simulation.run(fill))


@ICARUS
@pytest.mark.parametrize("name", ["digital, random", "tiki-taka, rank-one"])
@pytest.mark.parametrize("reset, options", [(SYNC, ()), (ASYNC, ("+still",))])
def test_it_runs_the_same_after_another_reset(name, reset, options, tmp_path):
    """Memories, flags and counters are as after the first one; an asynchronous reset needs no clock."""
    simulation = Simulation(engine(small(**SIZE, **CHIPS[name])), tmp_path, RUNS[-1:], reset)
    require_equal(simulation.run("unknown", "+rounds=2", *options))


def require_equal(said: str) -> None:
    """Fail with what the bench said if anything differs."""
    assert " 0 wrong, 0 clocks with X " in said and said.count("\n") == 1, said
