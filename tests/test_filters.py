"""The digital filter by hand, against a plain float64 recomputation, and its choppers' statistics."""

import re
from math import trunc

import numpy as np
import pytest

from ohmgrad.golden.learn.choppers import Chopped, Dynamic
from ohmgrad.golden.learn.filter_line import LINE, SWEEP, empty, filter_line, next_line
from ohmgrad.golden.learn.filters import Buffered, Leaky, Transfer, Units

STEPS = 0.02, 0.05
"""Granularities of A and C."""


def one(settings, reads, lr=0.5):
    """Reads of a line of one word in turn: H and pulses after each."""
    constants, memory = settings.constants(lr, STEPS, 1), empty(1, 1, isinstance(settings, Dynamic))
    pulses, out = np.zeros(1, np.int32), []
    for z in reads:
        filter_line(constants, memory, np.array([z], np.float32), pulses)
        next_line(constants, memory, np.random.default_rng(0))
        out.append((float(memory.h[0, 0]), int(pulses[0])))
    return np.array(out)


@pytest.mark.parametrize(("settings", "h", "pulses"), [
    # lr z = 0.03: the threshold 0.05 is passed at 0.06, of which a tenth stays.
    (Buffered(), [0.03, 0.006, 0.036, 0.0066], [0, 1, 0, 1]),
    (Buffered(gamma=0.5), [0.015, 0.03, 0.045, 0.006], [0, 0, 0, 1]),
    (Buffered(thres_scale=2), [0.03, 0.06, 0.09, 0.012], [0, 0, 0, 1]),
    # 0.06 - 0.9 0.05 = 0.015; 0.045; 0.075 - 0.045 = 0.03.
    (Buffered(forget_buffer=False), [0.03, 0.015, 0.045, 0.03], [0, 1, 0, 1]),
    (Buffered(transfer_lr=3, scale_transfer_lr=False, momentum=0), [0, 0, 0, 0], [1, 1, 1, 1]),
    # 0.18 / 0.05 = 3.6: three pulses, 0.03 stays; 0.21 is four.
    (Buffered(transfer_lr=6, transfer_bl=4, momentum=0, forget_buffer=False), [0.03, 0.01, 0.04, 0.02], [3, 4, 3, 4]),
    (Chopped(), [0, 0, 0, 0], [1, 1, 1, 1]),
    (Chopped(buffer_granularity=5), [0.3, 0.6, 0.9, 0], [0, 0, 0, 1]),
    (Chopped(buffer_granularity=5, no_buffer=True), [0.3, 0.3, 0.3, 0.3], [0, 0, 0, 0]),
    # 0.03 / (0.02 0.5 5 / 2) with 2 vectors a transfer and one line.
    (Chopped(buffer_granularity=0.5, auto_granularity=5, transfer_every=2, transfer_bl=9), [0, 0, 0, 0], [1, 1, 1, 1]),
    # 0.03 / (0.02 20 0.05 / 0.02 0.6)
    (Chopped(buffer_granularity=20, correct_gradient_magnitudes=True, fast_lr=0.6), [0.05, 0.1, 0.15, 0.2], [0] * 4),
    # A steady 0.06 tends to 0.06: 0.015, 0.02625, 0.0346875, 0.041015625; never above 0.05 before the sixth.
    (Leaky(beta=0.25), [0.015, 0.02625, 0.0346875, 0.041015625], [0, 0, 0, 0]),
    (Leaky(beta=0.9), [0.054, 0.0594, 0.05994, 0.059994], [1, 1, 1, 1]),
    (Leaky(beta=0.9, momentum=0), [0, 0, 0, 0], [1, 1, 1, 1]),
    (Units(lambda_h=0.5), [0.03, 0, 0.03, 0], [0, 1, 0, 1]),
    (Units(lambda_h=0.5, threshold=2, reset="subtract"), [0.03, 0.06, 0.09, 0.02], [0, 0, 0, 1]),
    (Units(lambda_h=0.5, reset="keep", keep_shift=2), [0.03, 0.015, 0.045, 0.01875], [0, 1, 0, 1]),
])  # fmt: skip
@pytest.mark.parametrize("sign", [1, -1])
def test_by_hand(settings, h, pulses, sign):
    got = one(settings, [sign * 0.06] * 4)
    assert got[:, 1].tolist() == [sign * n for n in pulses]
    # float32 of H.
    np.testing.assert_allclose(got[:, 0], sign * np.array(h), rtol=1e-6, atol=1e-8)


def test_pulses_of_units_do_not_depend_on_the_learning_rate():
    assert (one(Units(lambda_h=0.3), [0.1, 0.2, -0.7], 1e-3) == one(Units(lambda_h=0.3), [0.1, 0.2, -0.7], 9.0)).all()


def test_agad_reads_against_the_mean_of_the_period_before():
    """N = 2, s = 1/2: flips after sweeps 1 and 3; no pulse before sweep 3, where H is reduced all the same."""
    settings = Dynamic(in_chop_prob=0.5, tail_weightening=1, buffer_granularity=25, forget_buffer=False)
    # z + 0.4 offset; 1 / (0.02 25) 0.5 = 1 per unit of z.
    reads = [0.4, 0.8, 1.0, 0.5, 0.9, 1.1]
    # means 0.2, 0.5 | 0.75, 0.625 | 0.7625, 0.93125; past 0 | 0.5 | 0.625.
    # H 0.4, 1.2 -> 0.2 | -(0.5) -> -0.3, -(0) -> -0.3 | 0.275 -> -0.025, 0.475 -> 0.45
    got = one(settings, reads)
    np.testing.assert_allclose(got[:, 0], [0.4, 0.2, -0.3, -0.3, -0.025, 0.45], atol=1e-6)
    assert not got[:, 1].any()
    capped = one(Dynamic(in_chop_prob=0.5, tail_weightening=1, buffer_granularity=25, buffer_cap=0.3), reads)
    assert abs(capped[:, 0]).max() == np.float32(0.3)
    # An offset that never moves is all in the mean after a period: H gets nothing more.
    steady = one(Dynamic(in_chop_prob=0.5, tail_weightening=2, buffer_granularity=100), [0.4] * 9)
    assert (steady[2:, 0] == steady[1, 0]).all() and steady[1, 0] > 0


def reference(settings, z, signs, h, means, lr, sweep, flipped):
    """A line's filter step by the table in `filters`, float64, one word at a time."""
    out = []
    for word in range(len(z)):
        signal, rate = z[word], settings.transfer_rate(lr) / (settings.buffer_granularity * STEPS[0])
        if isinstance(settings, Dynamic):
            mean, past = means[word]
            past = mean if flipped else past
            s = min(settings.tail_weightening / settings.period, 1)
            means[word] = (1 - s) * mean + s * signal, past
            signal -= past
            if settings.experimental_correct_accumulation:
                rate /= min(sweep % settings.period + 1, 1 / STEPS[0])
        w = h[word] + signs[word] * rate * signal
        n = max(-settings.transfer_bl, min(settings.transfer_bl, trunc(w)))
        if n:
            w = settings.momentum * w if settings.forget_buffer else w - (1 - settings.momentum) * n
        cap = getattr(settings, "buffer_cap", 0) * settings.transfer_bl
        h[word] = max(-cap, min(cap, w)) if cap else w
        out.append(n if not isinstance(settings, Dynamic) or sweep > settings.period else 0)
    return out


@pytest.mark.parametrize("settings", [
    Chopped(in_chop_prob=0.3, out_chop_prob=0.2, buffer_granularity=9, transfer_bl=3, momentum=0.4,
            forget_buffer=False),
    Chopped(in_chop_prob=0.3, in_chop_random=False, buffer_granularity=30),
    Dynamic(in_chop_prob=0.4, in_chop_random=True, out_chop_prob=0.1, buffer_granularity=9, transfer_bl=2,
            buffer_cap=0.3, forget_buffer=False),
    Dynamic(in_chop_prob=0.25, buffer_granularity=5, experimental_correct_accumulation=True),
], ids=["random", "regular", "agad", "agad-correct"])  # fmt: skip
def test_many_lines_against_a_plain_recomputation(settings):
    """Reads of 60 sweeps over 5 lines of 4 words; its choppers are drawn, and checked further below."""
    lr, lines, length = 0.3, 5, 4
    rng, reads = np.random.default_rng(3), np.random.default_rng(4)
    constants, memory = settings.constants(lr, STEPS, lines), empty(lines, length, isinstance(settings, Dynamic))
    h, means = np.zeros((lines, length)), [[(0.0, 0.0)] * length for _ in range(lines)]
    pulses, flipped, fired = np.zeros(length, np.int32), [False] * lines, 0
    for step in range(60 * lines):
        line, sweep = step % lines, step // lines
        assert memory.cursor[[LINE, SWEEP]].tolist() == [line, sweep]
        z = reads.normal(0.1, 0.5, length).astype(np.float32)
        signs = memory.line_sign[line] * memory.word_sign
        filter_line(constants, memory, z, pulses)
        expected = reference(settings, z.astype(float), signs, h[line], means[line], lr, sweep, flipped[line])
        assert pulses.tolist() == expected, f"step {step}"
        np.testing.assert_allclose(memory.h[line], h[line], atol=1e-4)
        before = memory.line_sign[line]
        next_line(constants, memory, rng)
        flipped[line] = bool(memory.line_sign[line] != before)
        assert flipped[line] == memory.flipped[line]
        if not settings.in_chop_random:
            assert flipped[line] == (sweep % settings.period == settings.period - 1)
        fired += abs(pulses).sum()
    assert fired > 50


def test_random_choppers_flip_with_their_probabilities():
    """Counts of 4,000 lines and of 4,000 words, within 5 standard deviations of their binomials.

    A false alarm has probability 6e-7 each; off by 0.05 is 6 deviations for the lines, 10 for the words,
    found in 90 % or more of all seeds.
    """
    settings, lines, length = Chopped(in_chop_prob=0.3, out_chop_prob=0.1), 8, 8
    constants, memory, rng = settings.constants(1, STEPS, lines), empty(lines, length), np.random.default_rng(11)
    line_flips = word_flips = 0
    for _ in range(500 * lines):
        before, words = memory.line_sign.copy(), memory.word_sign.copy()
        line = memory.cursor[LINE]
        next_line(constants, memory, rng)
        changed = np.flatnonzero(before != memory.line_sign)
        assert set(changed) <= {line}
        if line < lines - 1:
            assert (words == memory.word_sign).all()
        line_flips += len(changed)
        word_flips += int((words != memory.word_sign).sum())
    for count, p in ((line_flips, 0.3), (word_flips, 0.1)):
        assert abs(count - 4000 * p) < 5 * np.sqrt(4000 * p * (1 - p)), (count, p)


@pytest.mark.parametrize(("settings", "text"), [
    (lambda: Transfer(transfer_every=0), "Transfer.transfer_every: 0 is refused; allowed is an integer from 1."),
    (lambda: Buffered(thres_scale=0), "Buffered.thres_scale: 0 is refused; allowed is a number above 0."),
    (lambda: Chopped(momentum=1.5), "Chopped.momentum: 1.5 is refused; allowed is a number from 0 to 1."),
    (lambda: Chopped(out_chop_prob=2), "Chopped.out_chop_prob: 2 is refused; allowed is a probability."),
    (lambda: Dynamic(in_chop_prob=0), "Dynamic.in_chop_prob: 0 is refused; allowed is a number above 0."),
    (lambda: Leaky(beta=0), "Leaky.beta: 0 is refused; allowed is a number above 0 up to 1."),
    (lambda: Units(reset="none"), "Units.reset: 'none' is refused; allowed is one of zero, subtract, keep."),
])  # fmt: skip
def test_wrong_settings_are_refused(settings, text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        settings()
