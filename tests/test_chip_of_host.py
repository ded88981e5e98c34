"""A host's chip in the loop over the link: the costs are golden's, bit for bit, and so is what is learned.

The same over the host port of the Verilated RTL is in `test_simulation`, over the pins of a netlist in
`fpga/simulation/netlist.py`.
"""

import numpy as np

from ohmgrad.fpga.host.chip_in_loop import chip_of
from ohmgrad.fpga.host.host import Host
from ohmgrad.fpga.host.serial_link import SerialLink
from ohmgrad.golden.chip.memory_map import EVALUATE, Region
from ohmgrad.golden.learn import MGD
from ohmgrad.golden.learn.chip_in_loop import ChipTrainer
from ohmgrad.golden.learn.engine_chip import EngineChip, GoldenEvaluator

from .board_model import Line, ModelBoard
from .chips import engine, small


class Sampled(ModelBoard):
    """Evaluates the samples that were written: record of two words of 8 codes, inputs first (`Region.SAMPLES`)."""

    def _command(self, value):
        if value == EVALUATE:
            words = np.array(self.regions[Region.SAMPLES], np.int32).reshape(-1, 16)
            self.engine.inputs, self.engine.targets = words[:, :2], words[:, 8:9]
        super()._command(value)


def over(board):
    link = SerialLink(Line(board), "line")
    link.hello()
    return Host(board.engine.chip, link)


def test_costs_and_parameters_over_the_link_are_goldens():
    """Samples one by one and together, words that change in part; and the trainer on top of them."""
    golden, chip = engine(small()), small()
    host = over(Sampled(engine(chip)))
    chips, rng = (EngineChip(chip, GoldenEvaluator(golden)), chip_of(host)), np.random.default_rng(8)
    x, t = golden.split.train_x, golden.split.train_t
    for case in range(6):
        theta, offsets = rng.uniform(-1, 1, chip.layout.parameters), np.zeros(chip.layout.parameters)
        offsets[case :: 5] = 0.5
        part = slice(case % 4, case % 4 + 1) if case < 4 else slice(None)
        costs = []
        for one in chips:
            one.load(theta)
            one.present(x[part], t[part])
            first = one.cost()
            one.perturb(offsets)
            costs.append((first, one.cost(), one.read().tolist()))
        assert costs[0] == costs[1] and costs[0][0] != costs[0][1]
    settings = MGD(amplitude=0.125, eta=0.05, mode="forward")
    trainers = [ChipTrainer(one, settings, x, t, 5) for one in chips]
    states = [trainer.run(trainer.initial(), 30) for trainer in trainers]
    np.testing.assert_array_equal(states[0].theta, states[1].theta)
    assert trainers[0].mean_cost(states[0].theta) == trainers[1].mean_cost(states[1].theta)
