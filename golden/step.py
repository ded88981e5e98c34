"""One step of multiplexed gradient descent after the other, on integers; see `golden.engine`.

Nothing that a step calls makes an array: what it needs to write to is in the groups that it takes. So it is compiled
without Numba's runtime (`_nrt=False`, see `numba.extending.register_jitable`), which would count the references of
every array of a group at each call: for a small network that takes longer than the step. What is called is compiled
the same way, and Numba refuses an array that is made, copied or assigned as a whole.
"""

from typing import NamedTuple

import numpy as np

from . import methods  # noqa: F401, which makes methods of groups known to Numba
from .blocks.control.sequencer import correlates, sample_number, updates
from .blocks.measure.delay_line import arrive
from .blocks.measure.samples import sample_index, stream
from .blocks.update.average import Average, iterate, iterates
from .compiled import njit
from .forward import present
from .measurement import measure
from .perturbation import perturb


class Memory(NamedTuple):
    """Samples, and the order in which they are presented.

    Attributes
    ----------
    order, seed, size : int
        As in `golden.blocks.measure.samples.Samples`.
    inputs : int32 array, shape (samples, inputs)
        Line codes.
    targets : int32 array, shape (samples, outputs)
        Output codes.
    """

    order: int
    seed: int
    size: int
    inputs: np.ndarray
    targets: np.ndarray


class Extraction(NamedTuple):
    """Model extraction: the running average of weight codes.

    Attributes
    ----------
    average : Average
    shift, start : int
        k, and the first step whose weights are an iterate.
    drop : int
        Bits of a parameter below its weight code.
    weights, memory : int32 arrays, shape (P,)
        w, written, and V.
    """

    average: Average
    shift: int
    start: int
    drop: int
    weights: np.ndarray
    memory: np.ndarray


class Trace(NamedTuple):
    """Intermediates of consecutive steps, one row a step.

    Attributes
    ----------
    sample : int64 array, shape (steps,)
    adc, act : int32 arrays, shape (steps, neurons, 2)
        ADC codes and activation codes of both rails, neurons in the order of the layout.
    sums : int64 array, shape (steps, 2)
        S of both rails, as the outputs have it: before low-pass, ramp and noise.
    cost : int64 array, shape (steps,)
        C~.
    sent : int32 array, shape (steps, P), (steps, words of `golden.chip.paths.Path.sent`) or (steps, 0)
        What the array gets after a step: weight codes, or of devices outside the pulses of its update. The DACs of an
        array with one rail: the codes of the step's first rail. Arrays A and C outside: vectors of pulses of neurons
        and lines, those of each slot onto A, then those onto C.
    """

    sample: np.ndarray
    adc: np.ndarray
    act: np.ndarray
    sums: np.ndarray
    cost: np.ndarray
    sent: np.ndarray


def trace_of(rows: int, neurons: int, cells: int = 0) -> Trace:
    """A trace of so many steps, of zeros; of what is sent to so many cells."""
    adc, act = (np.zeros((rows, neurons, 2), np.int32) for _ in range(2))
    sums, sent = np.zeros((rows, 2), np.int64), np.zeros((rows, cells), np.int32)
    return Trace(np.zeros(rows, np.int64), adc, act, sums, np.zeros(rows, np.int64), sent)


@njit
def extract(extraction, period, theta, now):
    """Take the weights after an update to their average; returns whether a word of it saturated."""
    if extraction is not None:
        e = extraction
        use, first = iterates(e.average, e.shift, e.start, period, now)
        if use:
            for i in range(theta.size):
                e.weights[i] = theta[i] >> e.drop
            return iterate(e.average, e.shift, first, e.weights, e.memory)
    return False


@njit
def record(trace, row, index, rails, both, cost):
    """Fill a row of the trace."""
    trace.sample[row] = index
    for rail in range(2):
        for n in range(rails.adc.shape[0]):
            trace.adc[row, n, rail] = rails.adc[n, rail]
            trace.act[row, n, rail] = rails.act[n, rail]
        trace.sums[row, rail] = both[rail]
    trace.cost[row] = cost


@njit(_nrt=False)
def run(sequencer, samples, perturbation, array, rails, measurement, path, extraction, trace, span):
    """Do steps in place and return the flags raised, see `golden.state.FLAGS`.

    Parameters
    ----------
    sequencer : golden.blocks.control.sequencer.Sequencer
    samples : Memory
    perturbation : golden.perturbation.Perturbation
    array : golden.forward.Array or golden.recorded.Recorded
    rails : golden.forward.Rails
    measurement : golden.measurement.Measurement
    path : one of `golden.paths`
    extraction : Extraction or None
        Numba drops what does not go with the type.
    trace : Trace
        Rows are filled as far as there are any.
    span : tuple of (int, int)
        First step, and the one after the last.
    """
    sample_key = stream(samples.seed)
    presented = -1
    index = 0
    flags = 0
    for now in range(span[0], span[1]):
        perturb(perturbation, now)
        number = sample_number(sequencer.tau_x, now)
        if number != presented:
            index = sample_index(samples.order, samples.size, sample_key, number)
            for rail in range(2):
                present(samples.inputs[index], rail, rails.lines)
            presented = number
        both = array.respond(measurement.cost.function, perturbation.signs, rails, samples.targets[index], now)
        raw, cost = measure(measurement, sequencer, array.cells, both, now)
        flags |= raw != cost
        late = arrive(measurement.pending, now, cost)
        used = correlates(sequencer.delay, sequencer.tau_x, sequencer.blanking, now)
        flags |= path.accumulate(perturbation, rails.lines, late if used else 0, used, now) << 1
        if updates(path.period, now):
            flags |= path.learn(array.theta, now) << 2
            flags |= array.cells.disturb(now, array.theta) << 2
            flags |= extract(extraction, path.period, array.theta, now) << 2
        row = now - span[0]
        if row < trace.cost.size:
            record(trace, row, index, rails, both, cost)
            array.show(updates(path.period, now), trace.sent[row])
    return flags
