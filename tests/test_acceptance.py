"""Acceptance of multiplexed gradient descent, golden side; a test's number is that of the requirement.

1 sequential code, 2 exact codes, 3 convergence of the estimate, 6 lanes and windows, 7 theta in place, 10 cost
evaluations. Independence of the signs (5) is in test_codes_statistics, alignment (8) in test_calibration; 4, RTL
against golden, and 9, the published figures, need a simulator and hours.
"""

import numpy as np
import pytest

from ohmgrad.golden.blocks.control.sequencer import Sequencer, cost_evaluations

from .chips import FILTERED, LOOP, engine, linear, small


def cost_sum(chip, theta, inputs, targets):
    """S of the unperturbed network, with int64 matrices."""
    lines, shift = inputs.astype(np.int64), chip.crossbar.adc_shift
    tables = chip.neuron.tables()
    for k, weights in enumerate(chip.matrices(theta.astype(np.int64) >> chip.crossbar.drop)):
        total = weights @ [*lines, chip.crossbar.one]
        code = np.sign(total) * ((abs(total) + (1 << shift >> 1)) >> shift)
        lines = tables[k][np.clip(code, -chip.crossbar.adc_bound, chip.crossbar.adc_bound)].astype(np.int64)
    return ((lines - targets) ** 2).sum()


@pytest.mark.parametrize("refresh", [1, 0, 37])
def test_acceptance_1_a_sequential_cycle_is_the_forward_difference(refresh):
    """G before, and theta after, an update at the end of each of three cycles of P = 37 steps.

    C0 is measured at every step, whenever the sample or theta changed, or once a cycle.
    """
    taus = {"perturbation.tau_x": 37, "perturbation.tau_theta": 37}
    cost = {"cost.mode": "forward", "cost.bits": 17, "array.adc_bits": 14, "array.output_bits": 9}
    code = {"perturbation.code": "sequential", "update.eta": 0.05, "cost.refresh": refresh}
    chip = small(**taus, **cost, **code)
    learner = engine(chip)
    state = learner.initial()
    for _ in range(3):
        start = state.theta.copy()
        sample = learner.trace(state, 36).sample[-1]
        data = learner.inputs[sample], learner.targets[sample]
        wiggled = start + (chip.crossbar.amplitude << chip.crossbar.drop) * np.eye(37, dtype=np.int64)
        gradient = np.array([cost_sum(chip, theta, *data) for theta in wiggled]) - cost_sum(chip, start, *data)
        waiting = state.g != gradient
        assert waiting.sum() <= 1 and not state.g[waiting].any(), "one parameter is still to come"
        assert (state.theta == start).all()
        learner.run(state, 1)
        product = gradient * chip.path.optimizer.schedule[0][1][0]
        step = np.sign(product) * ((abs(product) + (1 << chip.path.optimizer.shift >> 1)) >> chip.path.optimizer.shift)
        assert (state.theta == start - step).all() and not state.g.any()
        assert np.count_nonzero(step) > 5 and state.flags == 0


@pytest.mark.parametrize(("code", "cycle"), [("walsh", 256), ("walsh-upper", 512)])
@pytest.mark.parametrize("mode", ["forward", "antithetic"])
def test_acceptance_2_a_walsh_cycle_recovers_a_linear_gradient_exactly(mode, code, cycle):
    """G is the gradient of all 200 parameters times the length of the cycle; after n cycles n times that."""
    learner, state, gradient = linear(**{"perturbation.code": code, "cost.mode": mode})
    assert np.count_nonzero(gradient) > 40
    for n in range(1, 4):
        learner.run(state, cycle)
        assert (state.g == n * cycle * gradient).all() and state.flags == 0


def quadratic(code, mode, target=1.0, **overrides):
    """A linear neuron with 9 parameters and a squared error."""
    neuron = {"network.layers": [8, 1], "data.set": "parity8", "data.test": 4, "cost.function": "mse",
              "cost.bits": 23, "perturbation.amplitude": 3 / 8191, "perturbation.tau_x": 64,
              "perturbation.tau_theta": 64}  # fmt: skip
    return linear(target, **{**neuron, "perturbation.code": code, "cost.mode": mode, **overrides})


@pytest.mark.parametrize(
    ("code", "mode", "cycle", "exact"),
    [
        ("walsh", "antithetic", 16, True),
        ("walsh-upper", "forward", 32, True),
        ("walsh-upper", "antithetic", 32, True),
        ("walsh", "forward", 16, False),
    ],
)
def test_acceptance_2_a_quadratics_gradient_is_exact(code, mode, cycle, exact):
    """But for plain rows in forward mode, which alias: row i is the product of two others, a Hessian's term."""
    learner, state, gradient = quadratic(code, mode)
    learner.run(state, cycle)
    assert gradient.all() and state.flags == 0
    assert (state.g == cycle * gradient).all() == exact


def test_acceptance_2_a_quadratics_gradient_of_xor():
    xor = {"network.layers": [2, 1], "data.set": "xor", "cost.bits": 20}
    taus = {"perturbation.tau_x": 8, "perturbation.tau_theta": 8}
    learner, state, gradient = quadratic("walsh", "antithetic", **xor, **taus)
    learner.run(state, 4)
    assert gradient.all() and state.flags == 0
    assert (state.g == 4 * gradient).all()


def off(g, gradient):
    """Angle between two vectors, in degrees; 90 if one is zero."""
    norm = np.linalg.norm(g) * np.linalg.norm(gradient)
    return 90.0 if norm == 0 else float(np.degrees(np.arccos(np.clip(g @ gradient / norm, -1, 1))))


@pytest.mark.parametrize("code", ["random", "rank-one"])
def test_acceptance_3_random_codes_are_within_15_degrees_after_14_p_steps(code):
    """[M23]'s figure; tan^2 of the expected angle is (P - 1) / n, its spread about 1 / sqrt(2 P)."""
    learner, state, gradient = linear(**{"seed": 3, "perturbation.code": code, "cost.bits": 13})
    learner.run(state, 14 * 200)
    tangent, expected = np.tan(np.radians(off(state.g, gradient))), (199 / 2800) ** 0.5
    print(f"seed 3: {np.degrees(np.arctan(tangent)):.1f} degrees, expected {np.degrees(np.arctan(expected)):.1f}")
    assert abs(tangent / expected - 1) < 5 / 400**0.5 and state.flags == 0


SINES = {"perturbation.amplitude": 16 * 3 / 8191, "cost.bits": 15, "perturbation.tau_theta": 1024,
         "perturbation.tau_x": 1024}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "within", "overrides"),
    [("walsh", 2, {}), ("walsh-upper", 2, {}), ("sequential", 2.8, {}), ("sinusoidal", 2.8, SINES)],
)
def test_acceptance_3_codes_with_a_cycle_stay_within_15_degrees_early(code, within, overrides):
    """From `within` P steps on, and not before one P: the figures of [O25] for P = 200 and a linear cost."""
    learner, state, gradient = linear(**{"perturbation.code": code, **overrides})
    angles = []
    for _ in range(1000):
        learner.run(state, 1)
        angles.append(off(state.g, gradient))
    stays = 1 + max(n for n, angle in enumerate(angles, 1) if angle > 15)
    print(f"{code}: within 15 degrees from {stays / 200:.2f} P steps on")
    assert 1 < stays / 200 < within and state.flags == 0


PATHS = {
    "digital": {},
    "filtered": {**FILTERED, "update.reset": "keep"},
    "momentum": {"update.momentum": 0.9, "update.rounding": "stochastic"},
    "late": {"array.latency": 2, "cost.mode": "forward", "cost.refresh": 0, "perturbation.blanking": 1},
}
TAUS = {"perturbation.tau_p": 4, "perturbation.tau_x": 4, "perturbation.tau_theta": 8}


def after(steps, **overrides):
    learner = engine(small(**overrides))
    state = learner.initial()
    learner.run(state, steps)
    assert (state.theta != learner.initial().theta).any()
    return state


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("code", ["random", "walsh", "walsh-upper"])
def test_acceptance_6_theta_is_the_same_for_all_lanes_and_windows(code, name):
    overrides = {**TAUS, **PATHS[name], "perturbation.code": code}
    plain = after(1003, **overrides)
    others = [{"engine.lanes": lanes, "engine.window": window} for lanes in (1, 4, 16) for window in (1, 2, 64)]
    for other in others:
        state = after(1003, **overrides, **other)
        for array, words in plain.arrays.items():
            assert (state.arrays[array] == words).all(), (other, array)


@pytest.mark.parametrize("name", ["digital", "filtered", "momentum"])
@pytest.mark.parametrize("window", [2, 8, 64])
def test_acceptance_6_a_replayed_window_gives_the_same_theta(window, name):
    """Without words of G: the costs of the patterns since the last update are all that is kept."""
    overrides = {**TAUS, **PATHS[name], "perturbation.code": "walsh-upper"}
    stored, replayed = (
        after(1008, **overrides, **{"engine.window": window, "engine.gradient": gradient})
        for gradient in ("memory", "replay")
    )
    assert stored.arrays.keys() - replayed.arrays.keys() == {"g"} and not stored.g.any()
    for array, words in replayed.arrays.items():
        assert (stored.arrays[array] == words).all(), array


IN_PLACE = {
    **PATHS,
    "node": {"perturbation.method": "node", "cost.bits": 16},
    "node-by-layer": {"perturbation.method": "node-by-layer", "cost.bits": 16},
    "tiki-taka": {**LOOP, "perturbation.tau_theta": 8},
    "rank-one": {"perturbation.code": "rank-one"},
    "sinusoidal": {"perturbation.code": "sinusoidal"},
    "walsh-upper": {"perturbation.code": "walsh-upper", "cost.mode": "forward"},
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_acceptance_7_theta_stays_in_place_between_updates(name):
    """[M23]'s pattern is held for tau_p steps, and leaves nothing behind when it goes."""
    learner = engine(small(**{**TAUS, **IN_PLACE[name]}))
    state = learner.initial()
    moved = []
    for step in range(1, 161):
        before = state.theta.copy()
        learner.run(state, 1)
        if (state.theta != before).any():
            moved.append(step)
    assert moved and all(step % 8 == 0 for step in moved)


@pytest.mark.parametrize("taus", [(1, 1), (3, 5), (4, 6), (6, 4), (7, 7), (1, 8)])
@pytest.mark.parametrize("refresh", [None, 0, 1, 4])
def test_acceptance_10_cost_evaluations_are_counted(refresh, taus):
    """By going through the steps: every reading of a rail, and of C0 where it is measured."""
    tau_x, tau_theta = taus
    for average, average_c0, rails in ((0, 0, 1), (3, 0, 2), (1, 4, 1)):
        sequencer = Sequencer(1, tau_x, tau_theta, refresh or 0, average, average_c0)
        count, new = 0, True
        for step in range(100):
            assert cost_evaluations(sequencer, rails, refresh is not None, step) == count
            new |= step > 0 and step % tau_x == 0
            count += rails * 2**average
            if refresh is not None and (step % refresh == 0 if refresh else new):
                count, new = count + 2**average_c0, False
            new |= (step + 1) % tau_theta == 0
