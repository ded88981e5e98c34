"""Outer products: where each parameter stands, and the perturbations and factors that follow."""

import numpy as np
import pytest

from ohmgrad.golden.blocks.lib.layout import Layout
from ohmgrad.golden.blocks.perturb import outer
from ohmgrad.golden.blocks.perturb.codes import pattern_signs

from .chips import engine, linear, small

LAYERS = (2, 5, 3, 1)
LAYOUT = Layout(LAYERS, 4)


def cut(values):
    """One matrix a layer, shape (neurons, lines)."""
    sizes = [(i + 1) * j for i, j in zip(LAYERS[:-1], LAYERS[1:], strict=True)]
    parts = np.split(values, np.cumsum(sizes)[:-1])
    return [part.reshape(-1, i + 1) for part, i in zip(parts, LAYERS[:-1], strict=True)]


def test_coordinates_number_neurons_and_lines_through_all_layers():
    coordinates = outer.coordinates(LAYOUT)
    assert outer.lines(LAYOUT) == 3 + 6 + 4
    neurons, lines = cut(coordinates[:, 0]), cut(coordinates[:, 1])
    for k, (before, at) in enumerate([(0, 0), (5, 3), (8, 9)]):
        assert neurons[k].tolist() == [[before + j] * (LAYERS[k] + 1) for j in range(LAYERS[k + 1])]
        assert lines[k].tolist() == [list(range(at, at + LAYERS[k] + 1))] * LAYERS[k + 1]


def test_rank_one_perturbations_are_outer_products_in_every_layer():
    learner = engine(small(**{"perturbation.code": "rank-one"}))
    code = learner.chip.codes
    assert code.size == 9 + 13
    for pattern in (0, 1, 77, 2**31):
        values, at, line = pattern_signs(code, pattern), 0, 9
        for part in cut(learner.perturbations(pattern)):
            rows, columns = part.shape
            r, c = values[at : at + rows], values[line : line + columns]
            assert set(part.ravel().tolist()) <= {-1, 1} and (part == np.outer(r, c)).all()
            at, line = at + rows, line + columns


@pytest.mark.parametrize("method", ["node", "node-by-layer"])
def test_nodes_are_perturbed_through_their_biases(method):
    """All of them, or those of layer (pattern mod 3)."""
    learner = engine(small(**{"perturbation.method": method, "cost.bits": 16}))
    assert learner.chip.codes.size == 9
    for pattern in range(6):
        values, at = pattern_signs(learner.chip.codes, pattern), 0
        for k, part in enumerate(cut(learner.perturbations(pattern))):
            assert not part[:, :-1].any()
            turn = method == "node" or pattern % 3 == k
            assert (part[:, -1] == values[at : at + len(part)] * turn).all()
            at += len(part)


@pytest.mark.parametrize("mode", ["forward", "antithetic"])
@pytest.mark.parametrize(("code", "cycle"), [("walsh", 4), ("walsh-upper", 8), ("sequential", 4)])
def test_a_cycle_of_the_nodes_recovers_a_linear_gradient_exactly(code, cycle, mode):
    """[O25], dW = (C~ s) x^T: after as many steps as there are nodes, not parameters; x in codes, one is 3."""
    overrides = {"perturbation.method": "node", "perturbation.code": code, "cost.mode": mode}
    learner, state, gradient = linear(**overrides)
    learner.run(state, cycle)
    assert gradient.any() and state.flags == 0
    assert (state.g == (1 if code == "sequential" else cycle) * 3 * gradient).all()


def test_layers_take_turns():
    """A step adds to the words of G of one layer alone."""
    overrides = {"perturbation.method": "node-by-layer", "cost.bits": 16, "perturbation.tau_theta": 6}
    learner = engine(small(**overrides))
    for turn in range(3):
        state = learner.initial()
        learner.run(state, turn)
        before = state.g.copy()
        learner.run(state, 1)
        changed = [part.any() for part in cut(state.g - before)]
        assert changed == [k == turn for k in range(3)]


@pytest.mark.parametrize(("overrides", "bits"), [
    ({"perturbation.code": "rank-one"}, 2),
    ({"perturbation.method": "node"}, 2 + 7),
    ({"perturbation.method": "node", "perturbation.code": "sinusoidal", "perturbation.amplitude": 0.0625}, 6 + 7),
])  # fmt: skip
def test_factors_fit_their_width(overrides, bits):
    """A sine of amplitude 0.0625 has a peak of 16 sqrt(2) = 23 DAC steps, 6 bits with its sign."""
    chip = small(**overrides, **{"cost.bits": 12})
    assert chip.outer.factor_bits == chip.correlator.factor_bits == bits
    largest = chip.codes.peak * (1 if bits == 2 else 127)
    assert largest < 2 ** (bits - 1)
    assert chip.correlator.bound >= chip.cost.bound * largest
