"""Layers on arrays: each algorithm against a plain recomputation, reads of a line, state, refusals, learning."""

import re
from copy import deepcopy
from math import trunc

import numpy as np
import pytest

from ohmgrad.golden.analog.devices import ConstantStep, SoftBounds
from ohmgrad.golden.analog.one_sided import OneSided
from ohmgrad.golden.analog.periphery import Periphery
from ohmgrad.golden.analog.update import Update
from ohmgrad.golden.learn.on_array import (
    AGAD,
    ArraySGD,
    Buffered,
    Chopped,
    ChoppedTTv2,
    Dynamic,
    Leaky,
    Mixed,
    MixedPrecision,
    TikiTaka,
    Transfer,
    TTv1,
    TTv2,
    Units,
)

PERFECT = Periphery(is_perfect=True)
SLOW = 0.0301
"""Step of C, such that no sum of reads of A is a whole number of steps but for rounding."""
COUNTED = Update(pulse_type="deterministic-implicit", desired_bl=7, update_bl_management=False, update_management=False)


def plain(step, kind=ConstantStep, **more):
    """A device without any spread or noise."""
    return kind(dw_min=step, dw_min_dtod=0, dw_min_std=0, up_down_dtod=0, w_max_dtod=0, w_min_dtod=0, **more)


def exact(step, settings=None, kind=TTv2, shape=(4, 3), slow=SLOW, **more):
    """A layer whose every number follows from its inputs."""
    ends = dict.fromkeys(("forward", "read"), PERFECT)
    return kind(*shape, plain(step), plain(slow), settings=settings, update=COUNTED, transfer_update=COUNTED,
                **{**ends, **more})  # fmt: skip


def samples(shape, count, seed=1):
    """Vectors x and d, float32."""
    rng = np.random.default_rng(seed)
    x, d = rng.uniform(-1, 1, (count, shape[1])), rng.normal(0, 1, (count, shape[0]))
    return x.astype(np.float32), d.astype(np.float32)


def moved(x, d, lr, granularity, length=7):
    """Signed pulses of a deterministic-implicit outer product: round(BL p_d p_x), against d x."""
    scale = np.sqrt(lr / (granularity * length))
    p_x, p_d = np.minimum(scale * abs(x), 1), np.minimum(scale * abs(d), 1)
    return -np.sign(np.outer(d, x)) * np.rint(length * np.outer(p_d, p_x))


@pytest.mark.parametrize("gamma", [0.0, 0.4])
@pytest.mark.parametrize("columns", [True, False])
@pytest.mark.parametrize("reads", [1, 3])
def test_ttv2_against_a_plain_recomputation(columns, reads, gamma):
    """A takes w -= lr d x^T with the mean step of both devices; H and C as in `filters`; batches are split up."""
    settings = Buffered(transfer_every=2, n_reads_per_transfer=reads, transfer_columns=columns, fast_lr=0.05,
                        gamma=gamma, forget_buffer=False, transfer_bl=2)  # fmt: skip
    reference = np.random.default_rng(2).normal(0, 0.1, (4, 3)).astype(np.float32)
    layer = exact(0.02, settings, reference=reference)
    x, d = samples((4, 3), 400)
    layer.update(x[:151], d[:151], 0.3)
    layer.update(x[151:], d[151:], 0.3)
    a, c, h, line, fired = reference.astype(float), np.zeros((4, 3)), np.zeros((4, 3)), 0, 0
    for n in range(400):
        a += 0.02 * moved(x[n], d[n], 0.05, (0.02 + SLOW) / 2)
        a = np.clip(a, -0.6, 0.6)
        for _ in range(reads if n % 2 else 0):
            at = np.s_[:, line] if columns else np.s_[line]
            w = h[at] + 0.3 * (gamma or 1) * (a - reference)[at]
            pulses = np.array([max(-2, min(2, trunc(v / SLOW))) for v in w])
            h[at] = w - np.where(pulses, 0.9 * pulses * SLOW, 0)
            c[at] = np.clip(c[at] + SLOW * pulses, -0.6, 0.6)
            fired += abs(pulses).sum()
            line = (line + 1) % (3 if columns else 4)
    # 400 float32 additions to A of at most 0.6, and as many to H.
    np.testing.assert_allclose(layer.fast.weights, a, atol=400 * 0.6 * 6e-8)
    np.testing.assert_allclose(layer.h, h, atol=1e-4)
    np.testing.assert_allclose(layer.slow.weights, c, atol=1e-4)
    np.testing.assert_allclose(layer.weights, gamma * a + c, atol=1e-4)
    np.testing.assert_allclose(layer.forward(x[0]), layer.weights @ x[0], rtol=1e-5)
    assert fired > 50 and 0.1 < abs(a).max()


@pytest.mark.parametrize("columns", [True, False])
def test_ttv1_pulses_what_it_reads(columns):
    """C <- C + rate z by trains of C's own granularity; the rate is transfer_lr times the learning rate."""
    layer = exact(0.02, Transfer(transfer_columns=columns, fast_lr=0.05, transfer_lr=0.5), TTv1)
    a, c = np.zeros((4, 3)), np.zeros((4, 3))
    x, d = samples((4, 3), 60)
    for n in range(60):
        layer.update(x[n], d[n], 0.4)
        a = np.clip(a + 0.02 * moved(x[n], d[n], 0.05, (0.02 + SLOW) / 2), -0.6, 0.6)
        line = n % (3 if columns else 4)
        one = np.eye(3 if columns else 4)[line]
        u, v = (one, a[:, line]) if columns else (a[line], one)
        c = np.clip(c - SLOW * moved(u, v, 0.5 * 0.4, SLOW), -0.6, 0.6)
    np.testing.assert_allclose(layer.fast.weights, a, atol=1e-5)
    np.testing.assert_allclose(layer.weights, c, atol=1e-5)
    assert abs(c).max() > 0.1


def test_choppers_turn_the_pulses_on_a_and_the_reads_back():
    """With the same inputs, an A that stores chopped gradients leads to the same H where pulses are symmetric."""
    straight = exact(0.02, Chopped(fast_lr=0.05, buffer_granularity=1e4))
    chopped = exact(0.02, Chopped(fast_lr=0.05, buffer_granularity=1e4, out_chop_prob=0.5))
    chopped.memory.line_sign[:] = [1, -1, -1]
    for x, d in zip(*samples((4, 3), 3), strict=True):
        straight.update(x, d, 1)
        chopped.update(x, d, 1)
    np.testing.assert_allclose(chopped.h, straight.h, atol=1e-7)
    assert abs(straight.h).max() > 0
    np.testing.assert_allclose(chopped.fast.weights, straight.fast.weights * [1, -1, -1], atol=1e-7)
    # After the sweep the words' signs are drawn anew: what follows is stored with them.
    sign = np.outer(chopped.memory.word_sign, chopped.memory.line_sign)
    before = chopped.fast.weights.copy(), straight.fast.weights.copy()
    x, d = samples((4, 3), 1, seed=8)
    straight.update(x, d, 1)
    chopped.update(x, d, 1)
    assert (chopped.memory.word_sign != 1).any()
    np.testing.assert_allclose(chopped.fast.weights - before[0], sign * (straight.fast.weights - before[1]), atol=1e-7)


@pytest.mark.parametrize("mixed", [
    Mixed(), Mixed(transfer_every=3), Mixed(n_rows_per_transfer=3, transfer_every=2), Mixed(granularity=0.1),
    Mixed(n_x_bins=5, n_d_bins=17),
], ids=["all", "every third", "rows", "coarse", "bins"])  # fmt: skip
def test_mixed_precision_against_a_plain_recomputation(mixed):
    layer = MixedPrecision(4, 3, plain(0.02), settings=mixed, forward=PERFECT)
    x, d = samples((4, 3), 90)
    x[::5, 1] = d[::7, 2] = 0
    layer.update(x[:31], d[:31], 0.05)
    layer.update(x[31:], d[31:], 0.05)
    step = mixed.granularity or 0.02
    w, chi, row, count = np.zeros((4, 3)), np.zeros((4, 3)), 0, mixed.n_rows_per_transfer % 5
    count = 4 if mixed.n_rows_per_transfer == -1 else count

    def levels(v, bins):
        top = abs(v).max()
        return np.rint((v + top) / (2 * top / (bins - 1))) * (2 * top / (bins - 1)) - top if bins else v

    for n in range(90):
        chi -= 0.05 * np.outer(levels(d[n].astype(float), mixed.n_d_bins), levels(x[n].astype(float), mixed.n_x_bins))
        for _ in range(0 if (n + 1) % mixed.transfer_every else count):
            pulses = np.trunc(chi[row] / step)
            chi[row] -= pulses * step
            w[row] = np.clip(w[row] + 0.02 * pulses, -0.6, 0.6)
            row = (row + 1) % 4
    np.testing.assert_allclose(layer.weights, w, atol=1e-5)
    np.testing.assert_allclose(layer.chi, chi, atol=1e-5)
    assert np.count_nonzero(w) > 4


def test_sgd_is_the_update_of_its_array():
    layer = ArraySGD(4, 3, plain(0.02), update=COUNTED, forward=PERFECT)
    x, d = samples((4, 3), 9)
    layer.update(x, d, 0.05)
    expected = sum(0.02 * moved(x[n], d[n], 0.05, 0.02) for n in range(9))
    np.testing.assert_allclose(layer.weights, expected, atol=1e-6)
    np.testing.assert_allclose(layer.backward(d), d @ layer.weights, atol=1e-6)


@pytest.mark.parametrize("periphery", [
    Periphery(out_noise=0), Periphery(out_noise=0, noise_management="none", inp_res=1 / 10, inp_bound=0.9),
    Periphery(out_noise=0, ir_drop=1, ir_drop_g_ratio=1e3), Periphery(out_noise=0, mv_type="pos-neg-separate"),
], ids=["default", "coarse", "wires", "two passes"])  # fmt: skip
@pytest.mark.parametrize("columns", [True, False])
def test_a_line_is_read_as_one_hot_vector_would_be(columns, periphery):
    layer = TTv2(6, 5, SoftBounds(), seed=3, read=periphery, reference="symmetry")
    array = layer.fast
    array.weights[...] = np.random.default_rng(1).uniform(-0.6, 0.6, (6, 5))
    for line in range(5 if columns else 6):
        one = np.eye(5 if columns else 6, dtype=np.float32)[line]
        read = array.forward if columns else array.backward
        assert (array.read_line(line, columns) == read(one)).all()
        full, array.weights = array.weights, array.weights - layer.reference
        expected = read(one)
        array.weights = full
        assert (array.read_line(line, columns, layer.reference) == expected).all()


def test_reads_of_a_line_are_noisy_as_the_periphery_says():
    """2,000 reads of 6 words: the standard error of the deviation is 1 / sqrt(24000) = 0.65 %, and 5 are allowed."""
    layer = TTv2(6, 5, SoftBounds(), seed=3, read=Periphery(out_res=0))
    reads = np.array([layer.fast.read_line(2) for _ in range(2000)])
    assert abs(reads.std() / 0.06 - 1) < 5 * 0.0065
    assert abs(reads.mean()) < 5 * 0.06 / np.sqrt(12000)


def test_a_starts_at_its_reference_and_only_then_h_stays_empty():
    device = SoftBounds(up_down=0.2, dw_min=0.01)
    for reference, drift in (("symmetry", False), (None, True)):
        layer = TTv2(6, 5, device, seed=4, settings=Buffered(), read=PERFECT, reference=reference)
        point = layer.fast.cells.symmetry()
        if reference is None:
            layer.fast.hold(point)
        assert (layer.fast.weights == point).all() and abs(point).max() > 0.02
        for _ in range(10):
            layer.update(np.zeros(5), np.zeros(6), 1.0)
        assert layer.h.any() == drift or layer.weights.any() == drift


@pytest.mark.parametrize("every", [0, 10])
def test_one_sided_pairs_of_c_are_refreshed(every):
    """Reads of +-0.5 in turn pulse plus and minus devices alike; unrefreshed, both end at their bound of 0.6."""
    pair = OneSided(device=plain(0.05), refresh_every=every)
    layer = TTv2(2, 3, plain(0.05), pair, settings=Buffered(transfer_lr=1, scale_transfer_lr=False), read=PERFECT)
    for n in range(240):
        layer.fast.weights[...] = 0.5 if (n // 3) % 2 else -0.5
        layer.update(np.zeros(3), np.zeros(2), 1.0)
    plus, minus = layer.slow.cells.hidden(layer.weights)
    smaller = np.minimum(plus, minus)
    assert (smaller > 0.59).all() if not every else (smaller < 0.59).all()


ALL = {
    "sgd": (ArraySGD, None),
    "ttv1": (TTv1, Transfer(fast_lr=0.05, transfer_lr=0.3)),
    "gamma": (TTv1, Transfer(fast_lr=0.05, transfer_lr=0.3, gamma=0.3)),
    "buffered": (TTv2, Buffered(fast_lr=0.05)),
    "leaky": (TTv2, Leaky(fast_lr=0.02, thres_scale=5, momentum=0)),
    "units": (TTv2, Units(fast_lr=0.05, lambda_h=0.05)),
    "chopped": (ChoppedTTv2, Chopped(fast_lr=0.05, buffer_granularity=8, in_chop_prob=0.02, out_chop_prob=0.02)),
    "agad": (AGAD, Dynamic(fast_lr=0.1, buffer_granularity=20, scale_transfer_lr=False)),
    "mixed": (MixedPrecision, Mixed()),
}


def make(name, seed):
    """A layer of 2 outputs and 4 inputs with 30 % spreads and noise of the converters."""
    kind, settings = ALL[name]
    return kind(2, 4, SoftBounds(dw_min=0.01), seed=seed, **({"settings": settings} if settings else {}))


def regress(layer, steps, seed=5):
    """Steps of linear regression towards fixed weights of +-0.3; returns the root mean square distance from them."""
    rng, target = np.random.default_rng(seed), np.float32([[0.3, -0.2, 0.1, 0.3], [-0.3, 0.2, 0.2, -0.1]])
    for _ in range(steps):
        x = rng.uniform(-1, 1, 4).astype(np.float32)
        layer.update(x, layer.forward(x) - target @ x, 0.05)
    return np.sqrt(np.square(layer.weights - target).mean())


@pytest.mark.parametrize("name", ALL)
def test_every_algorithm_learns(name):
    """From a distance of 0.22 to less than half of it, with 30 % spreads, noisy converters and stochastic pulses."""
    layer = make(name, 6)
    before = layer.weights.copy()
    distance = regress(layer, 4000)
    assert (before == 0).all() and distance < 0.11, f"seed 6: {distance}"


@pytest.mark.parametrize("name", ALL)
def test_state_and_copies_go_on_with_the_same_numbers(name):
    layer = make(name, 7)
    regress(layer, 150)
    state, twin, other = layer.state(), deepcopy(layer), make(name, 7)
    other.restore(state)
    assert (other.weights == layer.weights).all() and (twin.weights == layer.weights).all()
    regress(layer, 150)
    after = layer.state()
    for again in (twin, other):
        regress(again, 150)
        assert again.state().keys() == after.keys()
        assert all((value == after[key]).all() for key, value in again.state().items()), "not the same"
        assert (again.weights == layer.weights).all()
    assert any((value != state[key]).any() for key, value in after.items())
    assert (regress(make(name, 8), 150) != regress(make(name, 7), 150)).any()


def test_weights_are_held_within_each_cells_bounds():
    for name in ALL:
        layer = make(name, 1)
        wanted = np.float32([[0.1, -0.2, 9, 0], [0.05, 0, -9, 0.3]])
        layer.hold(wanted)
        slow = layer.slow if isinstance(layer, TikiTaka) else layer.array
        assert (slow.weights == np.clip(wanted, *slow.cells.bounds)).all(), name
        assert (layer.weights == slow.weights).all(), name


LAYER = TTv2(4, 3, plain(0.1))


@pytest.mark.parametrize(("call", "text"), [
    (lambda: LAYER.update(np.ones(4), np.ones(4), 1),
     "update: x: shape (4,) is refused; allowed is (3,) or (batch, 3)."),
    (lambda: LAYER.update(np.ones((2, 3)), np.ones(3), 1),
     "update: d: shape (3,) is refused; allowed is (4,) or (batch, 4)."),
    (lambda: LAYER.update(np.ones((2, 3)), np.ones(4), 1),
     "update: x, d: (2, 1) is refused; allowed is as many vectors x as d."),
    (lambda: LAYER.update(np.ones(3), np.ones(4), 0),
         "update: lr: 0 is refused; allowed is a number above 0 up to 1e+30."),
    (lambda: LAYER.hold(np.ones((3, 4))), "hold: weights: shape (3, 4) is refused; allowed is (4, 3)."),
    (lambda: TTv2(4, 3, plain(0.1), reference="zero"),
     "reference: 'zero' is refused; allowed is an array, \"symmetry\" or None."),
    (lambda: TTv2(4, 3, plain(0.1), reference=np.ones(3)),
     "reference: shape (3,) is refused; allowed is (4, 3)."),
    (lambda: Mixed(n_rows_per_transfer=0),
     "Mixed.n_rows_per_transfer: 0 is refused; allowed is an integer from 1, or -1 for all."),
])  # fmt: skip
def test_wrong_arguments_are_refused(call, text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        call()


@pytest.mark.parametrize(("kind", "settings"), [
    (TTv1, Buffered()), (TTv2, Transfer()), (ChoppedTTv2, Buffered()), (AGAD, Chopped()),
])  # fmt: skip
def test_settings_of_another_algorithm_are_refused(kind, settings):
    with pytest.raises(ValueError, match="^settings: "):
        kind(4, 3, plain(0.1), settings=settings)
