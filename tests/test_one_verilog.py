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
    "digital": {
        "update.rounding": "stochastic", "update.layers": (1.0, 1.0, 0.5), "perturbation.tau_theta": 2,
        "engine.lanes": 8, "update.eta": 0.05, "update.schedule": ((9, 0.035),),
    },
    "filtered": {
        **FILTERED, "engine.window": 4, "perturbation.tau_theta": 4, "engine.lanes": 4, "update.schedule": ((9, 0.35),),
    },
    "tiki-taka": {**LOOP, "transfer.chopper": 0.2, "fast.read_noise": 0.3, "engine.lanes": 4},
}  # fmt: skip
SEEDS = 5, 2**32 - 1


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    """Where this file's simulators are built, of quick C++: one for each chip."""
    folder = tmp_path_factory.mktemp("builds")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulation.Simulator.__init__, "__defaults__", (verilate.QUICK, None))
        patch.setattr(verilate, "BUILDS", folder)
        yield folder


def simulator(learner):
    """A simulator with what a golden engine starts with."""
    return simulation.simulator(learner, learner.initial())


@pytest.mark.parametrize("name", CHIPS)
def test_one_simulator_learns_with_every_seed(name, builds):
    """And so does one chip, which is given another seed between two runs."""
    used, made = None, {*builds.iterdir()}
    for seed in SEEDS:
        learner = engine(small(**SIZE, **CHIPS[name], seed=seed))
        fresh = simulator(learner)
        learns_as(learner, fresh)
        assert fresh._register(Register.SEED) == seed
        used = used or fresh
        learns_as(learner, used)
    assert len({*builds.iterdir()} - made) == 1


def learns_as(learner, chip) -> None:
    """Load a chip with what a golden engine starts with, and compare both after a run."""
    state, chip.chip = learner.initial(), learner.chip
    chip.load(state, learner.inputs, learner.targets)
    chip.run(40)
    learner.run(state, 40)
    compare(state, chip.state())


@pytest.mark.parametrize("name, changed", [
    ("digital", {"update.eta": 0.03, "update.schedule": ((9, 0.0495),)}),
    ("filtered", {"update.eta": 0.3, "update.schedule": ((9, 0.495),)}),
])  # fmt: skip
def test_a_host_sets_rates_and_thresholds(name, changed, builds):
    """Those of another chip file: the one chip learns as the other would."""
    learners = [engine(small(**SIZE, **{**CHIPS[name], **keys})) for keys in ({}, changed)]
    paths = [learner.chip.path for learner in learners]
    assert paths[0].schedule != paths[1].schedule
    chip = simulator(learners[0])
    learns_as(learners[0], chip)
    rates = list(paths[1].rates)
    chip.transport.write(Region.RATES, 0, np.array(rates))
    assert chip.transport.read(Region.RATES, 0, len(rates)).tolist() == rates
    learns_as(learners[1], chip)


def test_a_seed_that_is_a_constant_is_one():
    chips = [small(**SIZE, **{"engine.settings": "constants"}, seed=seed) for seed in (7, 8)]
    assert simulation.any_seed(chips[0]) is chips[0]
    assert generate(chips[0]) != generate(chips[1])


def test_devices_are_made_anew_only_with_another_seed(builds):
    learner = engine(small(**SIZE, **CHIPS["filtered"]))
    chip = simulator(learner)
    for seed, busy in ((learner.chip.config.seed, 0), (3, 1)):
        chip.transport.write(Region.REGISTERS, Register.SEED, np.array([seed]))
        assert chip._register(Register.CONTROL) == busy
