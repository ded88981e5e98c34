"""The forward pass: layers of dense weights on the array, both rails at once, on integers; and S, what comes of it.

It is the only one: the step runs it with perturbations, evaluation without, calibration with both. What the cells,
converters and neurons of the array make of it is decided by the type of `Array.cells`.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from . import methods  # noqa: F401, which makes methods of groups known to Numba
from .blocks.array.crossbar import Ideal
from .blocks.lib.fixed import i32
from .blocks.measure.cost import error
from .compiled import njit
from .defects.array import Hardware

if TYPE_CHECKING:
    from .chip.chip import Chip


class Array(NamedTuple):
    """An array that holds a network.

    Attributes
    ----------
    shape : int64 array, shape (layers, 3)
        Inputs (without bias), neurons, index of the first parameter, for each layer of weights.
    theta : int32 array, shape (P,)
        Parameters, or states of the devices.
    drop : int
        Bits of them below the cells' weight code.
    amplitude, polarity : int32
        Perturbation in LSBs of the weight code, and its polarity on rail 1; on rail 0 it is +1.
    adc_shift : int
        log2 of an ADC LSB.
    adc_bound : int32
        Largest |ADC code|.
    cells : Ideal or Hardware
    """

    shape: np.ndarray
    theta: np.ndarray
    drop: int
    amplitude: np.int32
    polarity: np.int32
    adc_shift: int
    adc_bound: np.int32
    cells: Ideal | Hardware

    # Compiled.

    def respond(self, function, signs, rails, targets, now):
        forward(self, signs, rails, True)
        return sums(function, rails.act, targets)

    def show(self, updated, out):
        for i in range(out.size):
            out[i] = self.theta[i] >> self.drop


class Rails(NamedTuple):
    """Codes of both rails, which a pass writes.

    Attributes
    ----------
    lines : int32 array, shape (layers, 2, widest + 1)
        Line codes of each layer and rail; layer 0 holds the sample, the others are written. A layer's last line,
        its bias, has full scale.
    adc, act : int32 arrays, shape (neurons, 2)
        ADC codes and activation codes, neurons in the order of the layout.
    sums : int64 array, shape (widest, 2)
        Sums of one layer's neurons.
    """

    lines: np.ndarray
    adc: np.ndarray
    act: np.ndarray
    sums: np.ndarray


def array_of(chip: "Chip", theta: np.ndarray, cells: Ideal | Hardware) -> Array:
    """The array of a chip that holds these parameters."""
    bar, layout = chip.crossbar, chip.layout
    shape = [(c - 1, r, o) for c, r, o in zip(layout.columns, layout.rows, layout.offsets, strict=True)]
    return Array(
        np.array(shape), theta, bar.drop, np.int32(bar.amplitude), np.int32(chip.polarity),
        bar.adc_shift, np.int32(bar.adc_bound), cells,
    )  # fmt: skip


def rails_of(chip: "Chip") -> Rails:
    """Rails of a chip: bias lines at full scale."""
    layout, codes = chip.layout, (chip.layout.neurons, 2)
    lines = np.full((len(layout.rows), 2, max(layout.columns)), chip.crossbar.one, np.int32)
    return Rails(lines, np.zeros(codes, np.int32), np.zeros(codes, np.int32), np.zeros((max(layout.rows), 2), np.int64))


@njit(_nrt=False)
def forward(array, signs, rails, shared):
    """Run the network on both rails, from the lines of layer 0.

    Parameters
    ----------
    array : Array
    signs : int32 array, shape (P,)
        Perturbations, in amplitudes.
    rails : Rails
        Written.
    shared : bool
        Both rails present the same sample.
    """
    neuron = 0
    last = array.shape.shape[0] - 1
    for k in range(last + 1):
        array.cells.multiply(array, k, signs, rails, shared and k == 0)
        for j in range(array.shape[k, 1]):
            for rail in range(2):
                code = array.cells.convert(array, rails.sums[j, rail])
                value = array.cells.activate(k, neuron, code)
                rails.adc[neuron, rail] = code
                rails.act[neuron, rail] = value
                if k < last:
                    rails.lines[k + 1, rail, j] = value
            neuron += 1


@njit
def present(codes, rail, lines):
    """Put the line codes of a sample, int32 of shape (inputs,), on a rail of layer 0."""
    for c in range(codes.size):
        lines[0, rail, c] = codes[c]


@njit
def activity(array, inputs, rails, adc, act):
    """Codes of the last neurons at many samples without perturbation, a sample on each rail.

    Parameters
    ----------
    array : Array
    inputs : int32 array, shape (samples, inputs)
        Line codes.
    rails : Rails
        Written.
    adc, act : int32 arrays, shape (samples, neurons)
        ADC codes and activation codes of as many neurons as there are columns: the last ones. Written.
    """
    still = np.zeros(array.theta.size, np.int32)
    first = rails.act.shape[0] - act.shape[1]
    for i in range(0, inputs.shape[0], 2):
        count = min(2, inputs.shape[0] - i)
        for rail in range(count):
            present(inputs[i + rail], rail, rails.lines)
        forward(array, still, rails, False)
        for rail in range(count):
            for j in range(act.shape[1]):
                adc[i + rail, j] = rails.adc[first + j, rail]
                act[i + rail, j] = rails.act[first + j, rail]


@njit
def sums(function, act, targets):
    """S of both rails from the last neurons' outputs.

    Parameters
    ----------
    function : int
        MSE or L1.
    act : int32 array, shape (neurons, 2)
    targets : int32 array, shape (outputs,)
    """
    s0 = i32(0)
    s1 = i32(0)
    first = act.shape[0] - targets.size
    for j in range(targets.size):
        s0 = i32(s0 + error(function, act[first + j, 0], targets[j]))
        s1 = i32(s1 + error(function, act[first + j, 1], targets[j]))
    return np.int64(s0), np.int64(s1)
