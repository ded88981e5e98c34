"""The transfer filter: its equations, its resets, what each variant is for, and that `subtract` loses nothing."""

from fractions import Fraction

import numpy as np
import pytest

from ohmgrad.golden.blocks.update.ttv2 import RESETS, SUBTRACT, Ttv2, rescale, transfer, transfer_line

from .reference import clipped, filtered, nearest


def apply(block, threshold, g, h):
    """Transfer, with 32-bit arrays; returns H, the pulses and whether H saturated."""
    g, h = np.array(g, np.int32), np.array(h, np.int32)
    pulses = np.full_like(h, 9)
    over = transfer(np.int32(block.bound), block.reset, block.keep_shift, threshold, g, h, pulses)
    assert not g.any(), "G was not cleared"
    return h.tolist(), pulses.tolist(), over


@pytest.mark.parametrize("keep_shift", [1, 3])
@pytest.mark.parametrize("reset", RESETS.values(), ids=RESETS)
@pytest.mark.parametrize("threshold", [1, 100, 4095])
def test_transfer(threshold, reset, keep_shift):
    block = Ttv2(13, 10, reset, keep_shift, ((0, threshold),))
    assert block.bound == 4095
    draw = np.random.default_rng(threshold)
    h = draw.integers(-4095, 4096, 500).tolist()
    g = draw.integers(-511, 512, 500).tolist()
    exact = [x - y for x, y in zip(h, g, strict=True)]
    expected = [filtered(block, threshold, clipped(x, 4095)) for x in exact]
    got, pulses, over = apply(block, threshold, g, h)
    assert list(zip(got, pulses, strict=True)) == expected
    assert over == any(abs(x) > 4095 for x in exact)


def test_a_pulse_fires_at_the_threshold_and_goes_against_the_gradient():
    block = Ttv2(13, 10, SUBTRACT, 1, ((0, 50),))
    assert apply(block, 50, [-49, -50, 49, 50, -60], [0] * 5) == ([49, 0, -49, 0, 10], [0, 1, 0, -1, 1], False)


@pytest.mark.parametrize(("reset", "left"), [("zero", 0), ("subtract", 27), ("keep", 10)])
def test_resets_by_hand(reset, left):
    """77 less 50; 77 / 8 = 9.625 to nearest."""
    block = Ttv2(13, 10, RESETS[reset], 3, ((0, 50),))
    assert apply(block, 50, [-7, 7], [70, -70])[:2] == ([left, -left], [1, -1])


def test_subtract_loses_nothing():
    """Pulses times the threshold plus what is left in H is minus the sum of G."""
    block, threshold = Ttv2(16, 10, SUBTRACT, 1, ((0, 700),)), 700
    draw = np.random.default_rng(5)
    h, moved, total = [0] * 40, np.zeros(40, int), np.zeros(40, int)
    for _ in range(200):
        g = draw.integers(-500, 501, 40)
        h, pulses, over = apply(block, threshold, g, h)
        assert not over
        moved += np.array(pulses) * threshold
        total += g
    assert (moved + h == -total).all() and abs(moved).min() < abs(moved).max()


def line(block, threshold, z, h, mean=(), past=(), chopper=1, switched=False, hold=False):
    """Transfer of a line, with 32-bit arrays; returns H, means, past means, pulses and whether H saturated."""
    arrays = [np.array(values, np.int32) for values in (z, h, mean, past)]
    pulses = np.full(len(arrays[0]), 9, np.int32)
    over = transfer_line(block, threshold, chopper, switched, hold, *arrays, pulses)
    return *(array.tolist() for array in (*arrays[1:], pulses)), over


OPTIONS = {
    "plain": {},
    "negate": {"negate": True},
    "fraction": {"fraction": 3},
    "leak": {"fraction": 3, "leak": 2},
    "leak_one": {"leak": 1, "negate": True},
    "means": {"mean": 3, "fraction": 2},
    "means_leak": {"mean": 1, "leak": 4, "negate": True},
}


@pytest.mark.parametrize("reset", RESETS.values(), ids=RESETS)
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_transfer_line(options, reset):
    """Against the equations in exact fractions, over several transfers of one line."""
    block = Ttv2(12, 9, reset, 2, (), **options)
    draw = np.random.default_rng(reset)
    size, saturated, fired = 60, set(), set()
    print(f"seed {reset}")
    h, mean, past = (draw.integers(-top, top + 1, size).tolist() for top in (2047, 2**block.mean_bits // 2 - 1, 100))
    if not block.mean:
        mean, past = [], []
    for _ in range(20):
        threshold = int(draw.choice([1, 2047, round(2047 ** draw.random())]))
        chopper, switched, hold = int(draw.choice([-1, 1])), bool(draw.integers(2)), bool(draw.integers(2))
        z = np.clip(draw.normal(0, 120, size).round(), -255, 255).astype(int).tolist()
        expected, over = [], False
        for i in range(size):
            reading = Fraction((-1 if block.negate else 1) * z[i] * 2**block.fraction)
            before, now = (past[i], mean[i]) if block.mean else (0, 0)
            before = now if switched else before
            step = chopper * (reading - before)
            if block.leak:
                step = nearest((step - h[i]) / 2**block.leak)
            held = clipped(int(h[i] + step), 2047)
            over |= held != h[i] + step
            after, pulse = filtered(block, threshold, held)
            now += nearest((reading - now) / 2**block.mean) if block.mean else 0
            expected.append((after, now, before, 0 if hold else pulse))
        *got, flag = line(block, threshold, z, h, mean, past, chopper, switched, hold)
        h, now, before, pulses = (list(column) for column in zip(*expected, strict=True))
        mean, past = (now, before) if block.mean else ([], [])
        assert got == [h, mean, past, pulses] and flag == over
        saturated.add(flag)
        fired |= set(pulses)
    assert fired == {-1, 0, 1} and (True in saturated or block.leak)


def test_a_chopper_turns_the_reading_back():
    """A holds c times the gradient: z = c g gives the same H for both signs of c, whatever it was before."""
    block = Ttv2(16, 9, RESETS["keep"], 1, (), fraction=2)
    g, h = [5, -7, 30, 0], [100, -3, 9, -50]
    turned = [-x for x in g]
    assert line(block, 110, g, h, chopper=1) == line(block, 110, turned, h, chopper=-1)
    assert line(block, 110, g, h)[0] == [60, -31, 65, -50]  # 120 and 129 fire; 64.5 goes away from zero


def test_agad_by_hand():
    """[R24] in its order: at a switch past <- mean; H takes z less past; only then the mean takes z.

    f = 1 and s = 2: z = 10 is 20, z = 3 is 6, z = -7 is -14.
    """
    block = Ttv2(16, 9, RESETS["zero"], 0, (), fraction=1, mean=2)
    h, mean, past, pulses, _ = line(block, 1000, [10], [0], [40], [8])
    assert (h, mean, past) == ([20 - 8], [40 + (20 - 40) // 4], [8])
    # The mean that past takes is that before this reading: 35, not 35 + (6 - 35) / 4 = 27.75.
    h, mean, past, pulses, _ = line(block, 1000, [3], h, mean, past, chopper=-1, switched=True)
    assert (h, mean, past) == ([12 - (6 - 35)], [28], [35])
    h, mean, past, pulses, _ = line(block, 1000, [-7], h, mean, past, chopper=-1)
    assert (h, mean, past) == ([41 - (-14 - 35)], [28 + nearest(Fraction(-14 - 28, 4))], [35])
    assert pulses == [0]


def test_agad_takes_any_offset_out():
    """A constant offset of the readings moves H no more once the chopper has switched and the mean has settled."""
    block, offset = Ttv2(20, 9, RESETS["zero"], 0, (), fraction=4, mean=2), 77
    h, mean, past, chopper = [0], [0], [0], 1
    for _ in range(100):
        h, mean, past, _, _ = line(block, 2**19 - 1, [offset], h, mean, past)
    assert abs(mean[0] - offset * 16) < 2  # from there on (z - mean) / 4 rounds to zero
    path = []
    for _ in range(8):
        chopper = -chopper
        for read in range(10):
            h, mean, past, _, _ = line(block, 2**19 - 1, [offset], h, mean, past, chopper, switched=read == 0)
            path.append(h[0])
    # Less than 2 a reading is left, of 1232; choppers alone would let H go up and down by 10 times as much.
    assert max(path) - min(path) < 10 * 2


def test_hold_resets_without_pulses():
    block = Ttv2(13, 9, SUBTRACT, 0, (), mean=1)
    free = line(block, 50, [70, -70, 10], [0] * 3, [0] * 3, [0] * 3)
    held = line(block, 50, [70, -70, 10], [0] * 3, [0] * 3, [0] * 3, hold=True)
    assert free[0] == held[0] == [20, -20, 10] and free[1:3] == held[1:3]
    assert free[3] == [1, -1, 0] and held[3] == [0, 0, 0]


@pytest.mark.parametrize("leak", [1, 4])
def test_leak_settles_at_the_reading(leak):
    """[W25] eq. 14 with beta = 2**-l: a constant z holds H within 2**(l-1) of z 2**f, and H never passes it."""
    block, goal = Ttv2(16, 9, RESETS["zero"], 0, (), fraction=5, leak=leak), 200 * 32
    h, path = [-3000], []
    for _ in range(40 << leak):
        h = line(block, 2**15 - 1, [200], h)[0]
        path.append(h[0])
    assert path == sorted(path) and goal - 2 ** (leak - 1) <= h[0] <= goal


@pytest.mark.parametrize("shift", [-9, -3, -1, 0, 1, 2, 9])
def test_rescale(shift):
    draw = np.random.default_rng(3)
    h = np.concatenate([draw.integers(-511, 512, 200), [-511, 511, 12, -12, 4, -4, 0]]).astype(np.int32)
    exact = [nearest(Fraction(int(x)) * Fraction(2) ** shift) for x in h]
    over = rescale(10, shift, h)
    assert h.tolist() == [clipped(x, 511) for x in exact]
    assert over == any(abs(x) > 511 for x in exact) == (shift > 0)


def test_rescaled_pulses_are_those_of_the_old_rate():
    """H and T times 2**2 fire where H and T do, and what subtract leaves is 2**2 times as much."""
    block, h = Ttv2(16, 9, SUBTRACT, 0, ()), [90, -90, 120, -300, 7]
    more = np.array(h, np.int32)
    assert not rescale(16, 2, more)
    z = [0] * len(h)
    before, after = line(block, 100, z, h), line(block, 400, z, more)
    assert before[3] == after[3] == [0, 0, 1, -1, 0]
    assert after[0] == [4 * x for x in before[0]]
