"""With `engine.settings = "registers"` one Verilog serves every seed and step size, and one simulator every seed."""

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
SEEDS = 5, 2**32 - 1


@pytest.mark.parametrize("name", CHIPS)
def test_one_simulator_learns_with_every_seed(name, tmp_path, monkeypatch):
    """And so does one chip, which is given another seed between two runs."""
    monkeypatch.setattr(verilate, "FAST", verilate.QUICK)
    monkeypatch.setattr(verilate, "BUILDS", tmp_path)
    used = None
    for seed in SEEDS:
        learner = engine(small(**SIZE, **CHIPS[name], seed=seed))
        fresh = simulation.simulator(learner, learner.initial())
        learns_as(learner, fresh)
        assert fresh._register(Register.SEED) == seed
        used = used or fresh
        learns_as(learner, used)
    assert len(list(tmp_path.iterdir())) == 1


def learns_as(learner, chip) -> None:
    """Load a chip with what a golden engine starts with, and compare both after a run."""
    state, chip.chip = learner.initial(), learner.chip
    chip.load(state, learner.inputs, learner.targets)
    chip.run(40)
    learner.run(state, 40)
    compare(state, chip.state())


@pytest.mark.parametrize("path, scale", [({"update.layers": (1.0, 1.0, 0.5)}, 0.05), (FILTERED, 0.5)])
def test_a_host_sets_rates_and_thresholds(path, scale, tmp_path):
    """Those of another chip file: the one chip learns as the other would."""
    learners = [
        engine(small(**SIZE, **{**path, "update.eta": eta * scale, "update.schedule": ((9, later * scale),)}))
        for eta, later in ((1.0, 0.7), (0.6, 0.99))
    ]
    paths = [learner.chip.path for learner in learners]
    assert paths[0].schedule != paths[1].schedule
    chip = simulation.Simulator(learners[0].chip, generate(learners[0].chip), tmp_path, verilate.QUICK)
    learns_as(learners[0], chip)
    rates = list(paths[1].rates)
    chip.transport.write(Region.RATES, 0, np.array(rates))
    assert chip.transport.read(Region.RATES, 0, len(rates)).tolist() == rates
    learns_as(learners[1], chip)


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
