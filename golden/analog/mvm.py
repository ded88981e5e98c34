"""The product of a crossbar with a vector or a batch through its periphery, compiled; `periphery` has the contract."""

import numpy as np

from ..compiled import njit
from . import periphery as p
from .draws import generator
from .wires import absolute, drop, offset, product

ONE = np.float32(1)
TINY = np.finfo(np.float32).tiny
"""Inputs whose scale is smaller are nothing: its inverse would be infinite."""
NOISE_STD, OFFSET, BEND = p.NOISE_STD, p.OFFSET, p.BEND


@njit
def _worst(s, x):
    """The alpha at which no output can clip while |w| <= w_max, as far as the input's steps allow."""
    top, more, less = np.float32(0), np.float32(0), np.float32(0)
    for j in range(x.size):
        top = max(top, abs(x[j]))
        more += max(x[j], np.float32(0))
        less -= min(x[j], np.float32(0))
    if s.thres > 0:
        top = min(top, s.thres)
    bound = s.out_bound if np.isfinite(s.out_bound) else ONE
    return max(top, min(max(more, less) * s.w_max / bound, top * s.max_steps))


@njit
def _alpha(s, x):
    """Scale of one input vector, before bound management."""
    if s.noise == p.NONE:
        return ONE
    if s.noise == p.CONSTANT:
        return s.thres if s.thres > 0 else ONE
    if s.noise == p.ABS_MAX_NP_SUM:
        return _worst(s, x)
    if s.noise == p.MAX:
        top = x[0]
        for j in range(x.size):
            top = max(top, x[j])
    else:
        top = np.float32(0)
        for j in range(x.size):
            top = max(top, abs(x[j]))
    if s.noise == p.AVERAGE_ABS_MAX:
        s.average = top if s.average < 0 else s.average * (ONE - s.decay) + s.decay * top
        return s.average
    return min(top, s.thres) if s.thres > 0 else top


@njit(inline="always")
def _round(values, step, stochastic, rng):
    """Round to multiples of a step in place, half to even."""
    if stochastic:
        for i in range(values.size):
            values[i] = np.floor(values[i] / step + np.float32(rng.random())) * step
    else:
        for i in range(values.size):
            values[i] = np.rint(values[i] / step) * step


@njit
def _drive(s, x, scale, out, rng):
    """Voltages of the input lines."""
    for j in range(x.size):
        out[j] = x[j] * scale
    if s.inp_step > 0:
        _round(out, s.inp_step, s.inp_sto_round, rng)
    for j in range(x.size):
        out[j] = min(max(out[j], -s.inp_bound), s.inp_bound)
    if s.inp_noise > 0:
        for j in range(x.size):
            out[j] += s.inp_noise * np.float32(rng.standard_normal())
    if s.inp_asymmetry != 0:
        for j in range(x.size):
            if out[j] < 0:
                out[j] *= ONE - s.inp_asymmetry


@njit
def _distort(ends, s, w, backward, drive, y, rng):
    """What wires, offsets and noisy weights do to the currents of the output lines."""
    if s.ir_drop > 0:
        drop(w, backward, drive, s.ir_drop, s.g_ratio, y)
    if s.voltages:
        offset(drive, ends.lines[OFFSET], s.w_min, s.r_series, y)
    if s.weight_noise == p.NONE:
        return
    variance = np.empty_like(y)
    if s.weight_noise == p.ADDITIVE_CONSTANT:
        variance[:] = np.dot(drive, drive)
    else:
        absolute(w, backward, drive, 2, variance)
    for i in range(y.size):
        y[i] += s.w_noise * np.sqrt(variance[i]) * np.float32(rng.standard_normal())


@njit
def _convert(ends, s, y, rng):
    """Amplifier and ADC, in place; returns whether an output clipped."""
    if not s.plain:
        for i in range(y.size):
            y[i] = s.bend * y[i] / (ONE + ends.lines[BEND, i] * abs(y[i]))
            if y[i] < 0:
                y[i] *= ONE - s.out_asymmetry
    if s.out_noise > 0:
        for i in range(y.size):
            y[i] += ends.lines[NOISE_STD, i] * np.float32(rng.standard_normal())
    if s.bound == p.SHIFT:
        over = np.float32(0)
        for i in range(y.size):
            over = max(over, y[i] - s.out_bound)
        for i in range(y.size):
            y[i] -= over
    if s.out_step > 0:
        _round(y, s.out_step, s.out_sto_round, rng)
    high, low = y[0], y[0]
    for i in range(y.size):
        high, low = max(high, y[i]), min(low, y[i])
        y[i] = min(max(y[i], -s.out_bound), s.out_bound)
    return high > s.out_bound or (s.test_negative and low < -s.out_bound)


@njit(inline="always")
def _read(ends, s, w, backward, drive, y, multiplied, rng):
    """One read of driven lines, in one pass or two; returns whether an output clipped. `multiplied`: y is W x."""
    if s.passes == p.ONE_PASS:
        if not multiplied:
            product(w, backward, drive, y)
        if not s.plain:
            _distort(ends, s, w, backward, drive, y, rng)
        return _convert(ends, s, y, rng)
    digital = s.passes == p.POS_NEG_DIGITAL
    clipped, part, current = False, np.empty_like(drive), np.empty_like(y)
    y[:] = 0
    for sign in (-1, 1):
        for j in range(drive.size):
            part[j] = drive[j] if sign * drive[j] > 0 else np.float32(0)
        seen = w * ends.polarity if sign < 0 and ends.polarity.size else w
        product(seen, backward, part, current)
        _distort(ends, s, seen, backward, part, current, rng)
        if digital:
            clipped |= _convert(ends, s, current, rng)
        for i in range(y.size):
            y[i] += current[i]
    return clipped if digital else _convert(ends, s, y, rng)


@njit
def mvm_rows(ends, w, backward, x, y, drive, rng):
    """y_b <- W x_b through the periphery, or W^T x_b, of a batch.

    One product serves the batch where there is one pass; only rows that clip are read again. Nothing is allocated for
    one row without rare effects.

    Parameters
    ----------
    ends : periphery.Ends
        Of this direction.
    w : float32 array, shape (rows, columns), C order
    backward : bool
        W^T x.
    x, y : float32 array, shape (batch, inputs) and (batch, outputs), C order
    drive : float32 array, shape (batch, inputs)
        Scratch: what the lines carried at the last read.
    rng : numpy.random.Generator
        Drawn from only where there is noise.
    """
    s = ends.settings[0]
    ideal = s.passes == p.IDEAL
    together = len(x) > 1 and (ideal or s.passes == p.ONE_PASS)
    alphas = np.empty(len(x) if together else 0, np.float32)
    if together:
        for b in range(0 if ideal else len(x)):
            alphas[b] = _alpha(s, x[b])
            _drive(s, x[b], ONE / alphas[b] if alphas[b] >= TINY else ONE, drive[b], rng)
        if backward:
            np.dot(x if ideal else drive, w, y)
        else:
            np.dot(x if ideal else drive, w.T, y)
    iterative = s.bound == p.ITERATIVE or s.bound == p.ITERATIVE_WORST_CASE
    for b in range(len(x)):
        if ideal:
            if not together:
                product(w, backward, x[b], y[b])
            for i in range(y.shape[1]):
                y[b, i] *= s.out_scale
            continue
        alpha = alphas[b] if together else _alpha(s, x[b])
        if alpha < TINY:
            if s.inp_noise <= 0:
                y[b] = 0
                continue
            alpha = ONE
        factor, first, clipped = ONE, True, False
        worst = s.bound == p.ITERATIVE_WORST_CASE and s.noise != p.ABS_MAX_NP_SUM
        while first or (clipped and iterative and factor <= s.max_factor and factor <= s.max_steps):
            if clipped and worst:
                alpha, worst = _worst(s, x[b]), False
            elif clipped:
                factor *= np.float32(2)
            if not (first and together):
                # In this order: the reciprocal is what is rounded.
                _drive(s, x[b], ONE / alpha / factor, drive[b], rng)
            clipped = _read(ends, s, w, backward, drive[b], y[b], first and together, rng)
            first = False
        # The two directions round differently in the last place.
        back = s.out_scale * alpha if backward else s.out_scale / (ONE / alpha / factor)
        for i in range(y.shape[1]):
            y[b, i] *= back


@njit
def mvm(ends, w, backward, x, y, drive, rng):
    """`mvm_rows` of one vector: x, drive (inputs,), y (outputs,)."""
    mvm_rows(ends, w, backward, x.reshape(1, -1), y.reshape(1, -1), drive.reshape(1, -1), rng)


@njit
def mvm_batch(ends, w, backward, x, y, drive, handle):
    """`mvm_rows` for callers in Python, with the generator's handle."""
    mvm_rows(ends, w, backward, x, y, drive, generator(handle))
