"""Tiki-Taka on two arrays, compiled: outer products onto A, reads of its lines, pulses of the filter onto C."""

import numpy as np
from numba import njit

from ..analog.draws import generator
from ..analog.mvm import mvm
from ..analog.pulse import pulse
from ..analog.update import outer
from .filter_line import LINE, VECTOR, filter_line, next_line
from .filters import COLUMNS, EVERY, RATE, READS


@njit
def read_line(ends, weights, reference, columns, line, z, rng):
    """z <- the line of A - R, read by a one-hot vector through a periphery.

    Where no rare effect is on, the other lines carry nothing, and the product is that of a crossbar of this one.
    """
    lines = weights.shape[1] if columns else weights.shape[0]
    if ends.settings[0].plain:
        cells = np.empty((z.size, 1), np.float32)
        for i in range(z.size):
            cells[i, 0] = weights[i, line] if columns else weights[line, i]
            if reference.size:
                cells[i, 0] -= reference[i, line] if columns else reference[line, i]
        one = np.ones(1, np.float32)
        mvm(ends, cells, False, one, z, np.empty_like(one), rng)
        return
    one = np.zeros(lines, np.float32)
    one[line] = 1
    mvm(ends, weights - reference if reference.size else weights, not columns, one, z, np.empty_like(one), rng)


@njit
def transfer(numbers, filtered, memory, read, a, reference, slow, c, train, granularity, rng):
    """Read the lines that are due and pulse C: through the filter, or (TTv1) by z times the transfer rate.

    Arguments as in `learn`.
    """
    columns = numbers[COLUMNS] != 0.0
    lines, length = memory.line_sign.size, memory.word_sign.size
    z, counts = np.empty(length, np.float32), np.empty(length, np.int32)
    for _ in range(int(numbers[READS])):
        line = memory.cursor[LINE]
        read_line(read, a, reference, columns, line, z, rng)
        if filtered:
            filter_line(numbers, memory, z, counts)
            for k in range(length):
                i, j = (k, line) if columns else (line, k)
                for _ in range(abs(counts[k])):
                    c[i, j] = pulse(slow.model, slow.shared, slow.each[i, j], c[i, j], counts[k] > 0, rng)
        else:
            one = np.zeros(lines, np.float32)
            one[line] = 1
            x, d = (one, z) if columns else (z, one)
            outer(train, slow.model, slow.shared, slow.each, c, x, d, -numbers[RATE], granularity, rng)
        next_line(numbers, memory, rng)


@njit
def learn(fast, a, reference, slow, c, numbers, filtered, memory, read, trains, x, d, rate, granularity, handle):
    """One step of Tiki-Taka for each vector of a batch in turn, in place.

    Parameters
    ----------
    fast, slow : Cells
        Devices of A and of C.
    a, c : float32 arrays, shape (rows, columns)
        Weights of A and of C.
    reference : float32 array, shape (rows, columns), or (0, 0)
        R, taken from every read of A.
    numbers : float64 array
        Of `Transfer.numbers`.
    filtered : bool
        Whether H stands between the arrays.
    memory : Memory
    read : Ends
        Periphery of the reads of A.
    trains : tuple of two TRAIN arrays
        Pulse trains of A's outer product and (TTv1) of C's.
    x, d : float32 arrays, shapes (batch, columns) and (batch, rows)
    rate : float
        Learning rate of A.
    granularity : tuple of float
        Step that pulse probabilities are reckoned with, on A and (TTv1) on C.
    handle : uint64 array
        Generator, see `analog.draws`.
    """
    rng = generator(handle)
    columns = numbers[COLUMNS] != 0.0
    line_sign, word_sign = memory.line_sign, memory.word_sign
    x_sign, d_sign = (line_sign, word_sign) if columns else (word_sign, line_sign)
    for b in range(len(x)):
        outer(trains[0], fast.model, fast.shared, fast.each, a, x[b] * x_sign, d[b] * d_sign, rate, granularity[0], rng)
        memory.cursor[VECTOR] += 1
        if memory.cursor[VECTOR] % numbers[EVERY] == 0.0:
            transfer(numbers, filtered, memory, read, a, reference, slow, c, trains[1], granularity[1], rng)
