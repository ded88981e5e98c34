"""The digital filter between A and C, compiled: one line of H at a time. What is computed says `filters`."""

from typing import NamedTuple

import numpy as np

from ..analog.draws import generator
from ..analog.pulse import pulse
from ..compiled import njit

VECTOR, LINE, SWEEP = range(3)
"""Places in `Memory.cursor`."""


class Memory(NamedTuple):
    """Memory of one layer's filter; a line of A is one row here.

    Attributes
    ----------
    h : float32 array, shape (lines, length)
        H.
    mean, past : float32 arrays, shape (lines, length)
        AGAD's running mean, and that of the period before the last flip; (0, 0) elsewhere.
    line_sign, word_sign : float32 arrays, shapes (lines,) and (length,)
        Choppers, +1 or -1.
    flipped : bool array, shape (lines,)
        Lines whose sign flipped after their last read.
    cursor : int64 array, shape (3,)
        Vectors seen, line to read next, sweeps over all lines done.
    """

    h: np.ndarray
    mean: np.ndarray
    past: np.ndarray
    line_sign: np.ndarray
    word_sign: np.ndarray
    flipped: np.ndarray
    cursor: np.ndarray


def empty(lines: int, length: int, means: bool = False) -> Memory:
    """Empty memory of a filter; `means` for AGAD."""
    shape = (lines, length) if means else (0, 0)
    return Memory(np.zeros((lines, length), np.float32), np.zeros(shape, np.float32), np.zeros(shape, np.float32),
                  np.ones(lines, np.float32), np.ones(length, np.float32), np.zeros(lines, np.bool_),
                  np.zeros(3, np.int64))  # fmt: skip


@njit
def filter_line(constants, memory, z, pulses):
    """Filter step of the line that the cursor is at; the cursor stays.

    Parameters
    ----------
    constants : FILTER array, shape (1,)
        Of `Transfer.constants`.
    memory : Memory
        Changed in place.
    z : float32 array, shape (length,)
        Read of the line.
    pulses : int32 array, shape (length,)
        Becomes the signed number of pulses for C.
    """
    line, sweep = memory.cursor[LINE], memory.cursor[SWEEP]
    f = constants[0]
    rate, threshold, momentum, cap = f.rate, f.threshold, f.momentum, f.cap
    decay, tail, most = f.decay, f.tail, f.pulses
    if f.correct > 0.0:
        rate /= min(sweep % f.wait + 1, f.correct)
    write = tail == 0.0 or sweep > f.wait
    h = memory.h[line]
    for i in range(z.size):
        signal = np.float64(z[i])
        if tail > 0.0:
            if memory.flipped[line]:
                memory.past[line, i] = memory.mean[line, i]
            signal -= memory.past[line, i]
            memory.mean[line, i] = (1.0 - tail) * memory.mean[line, i] + tail * z[i]
        word = decay * h[i] + memory.line_sign[line] * memory.word_sign[i] * rate * signal
        n = min(max(np.trunc(word / threshold), -most), most)
        if n != 0.0:
            word = momentum * word if f.forget != 0.0 else word - (1.0 - momentum) * n * threshold
        if cap > 0.0:
            word = min(max(word, -cap), cap)
        h[i] = word
        pulses[i] = np.int32(n) if write else np.int32(0)


@njit
def next_line(constants, memory, rng):
    """Move the cursor on by one line; signs flip.

    The sign of the line left behind flips with probability `in_prob`, or regularly in the last of `period` sweeps; the
    words' signs flip with probability `out_prob` after the last line. Nothing is drawn where a probability is 0.
    """
    cursor, f = memory.cursor, constants[0]
    line = cursor[LINE]
    if f.in_prob > 0.0:
        flip = rng.random() < f.in_prob
    else:
        flip = f.period > 0.0 and cursor[SWEEP] % f.period == f.period - 1.0
    memory.flipped[line] = flip
    if flip:
        memory.line_sign[line] *= -1
    cursor[LINE] = line + 1
    if cursor[LINE] == memory.line_sign.size:
        cursor[LINE] = 0
        cursor[SWEEP] += 1
        if f.out_prob > 0.0:
            for i in range(memory.word_sign.size):
                if rng.random() < f.out_prob:
                    memory.word_sign[i] *= -1


@njit
def fire(constants, memory, z, cells, c, columns, handle):
    """Filter the read z of the cursor's line, give C's cells on that line the pulses, and move on.

    Parameters
    ----------
    constants, memory, z
        As in `filter_line`.
    cells : Cells
        Devices of C.
    c : float32 array, shape (rows, columns)
        Weights of C.
    columns : bool
        Lines are columns of C.
    handle : uint64 array
        Generator, see `analog.draws`.
    """
    rng = generator(handle)
    line = memory.cursor[LINE]
    pulses = np.empty(z.size, np.int32)
    filter_line(constants, memory, z, pulses)
    for k in range(z.size):
        if pulses[k] != 0:
            i, j = (k, line) if columns else (line, k)
            for _ in range(abs(pulses[k])):
                c[i, j] = pulse(cells.model, cells.shared, cells.each[i, j], c[i, j], pulses[k] > 0, rng)
    next_line(constants, memory, rng)


@njit
def skip(constants, memory, handle):
    """Move on from the cursor's line; for transfers without a filter."""
    next_line(constants, memory, generator(handle))
