"""With `engine.settings = "registers"` one Verilog, and one build of the simulator, serves every seed."""

import numpy as np
import pytest

from ohmgrad.fpga.host.golden import compare
from ohmgrad.fpga.simulation import simulator as simulation
from ohmgrad.fpga.simulation import verilate
from ohmgrad.golden.chip.memory_map import Region, Register
from ohmgrad.rtl.top import generate

from .chips import FILTERED, LOOP, engine, small

SIZE = {"network.layers": (2, 3, 2, 1), "array.adc_bits": 7, "array.output_bits": 9, "data.train": 3}
CHIPS = {
    "digital": {"update.rounding": "stochastic", "perturbation.tau_theta": 2, "engine.lanes": 8},
    "filtered": {**FILTERED, "engine.window": 4, "perturbation.tau_theta": 4, "engine.lanes": 4},
    "tiki-taka": {**LOOP, "transfer.chopper": 0.2, "fast.read_noise": 0.3, "engine.lanes": 4},
}
SEEDS = 0, 5, 2**32 - 1


@pytest.mark.parametrize("name", CHIPS)
def test_one_simulator_learns_with_every_seed(name, tmp_path, monkeypatch):
    """And so does one chip, which is given another seed between two runs."""
    monkeypatch.setattr(verilate, "FAST", verilate.QUICK)
    monkeypatch.setattr(verilate, "BUILDS", tmp_path)
    used, ends = None, []
    for seed in (*SEEDS, SEEDS[0]):
        learner = engine(small(**SIZE, **CHIPS[name], seed=seed))
        fresh = simulation.simulator(learner, learner.initial())
        used = used or fresh
        for chip in (fresh, used):
            chip.chip = learner.chip
            state = learner.initial()
            chip.load(state, learner.inputs, learner.targets)
            assert chip._register(Register.SEED) == seed
            chip.run(40)
            learner.run(state, 40)
            compare(state, chip.state())
        ends.append(state.theta.tolist())
    assert len(list(tmp_path.iterdir())) == 1
    assert len({*map(tuple, ends)}) == len(SEEDS) and ends[0] == ends[-1]


def test_a_seed_that_is_a_constant_is_one():
    chip = small(**{"engine.settings": "constants"}, seed=7)
    assert simulation.any_seed(chip) is chip
    assert generate(chip) != generate(small(**{"engine.settings": "constants"}, seed=8))


def test_devices_are_made_anew_only_with_another_seed(tmp_path):
    learner = engine(small(**SIZE, **FILTERED))
    chip = simulation.Simulator(learner.chip, generate(learner.chip), tmp_path, verilate.QUICK)
    chip.load(learner.initial(), learner.inputs, learner.targets)
    for seed, busy in ((learner.chip.config.seed, 0), (3, 1)):
        chip.transport.write(Region.REGISTERS, Register.SEED, np.array([seed]))
        assert chip._register(Register.CONTROL) == busy
