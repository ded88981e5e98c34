"""Activation tables against the functions."""

import math

import numpy as np
import pytest

from ohmgrad.golden.blocks.measure.neuron import ACTIVATIONS, Neuron

from . import reference

ADC_BITS, LINE_BITS, OUTPUT_BITS = 7, 6, 9


@pytest.mark.parametrize("unit", [0.05, 0.3])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_each_entry_is_the_activation_of_its_code(name, unit):
    tables = Neuron((name, "linear", name), ADC_BITS, unit, LINE_BITS, OUTPUT_BITS).tables()
    assert tables.shape == (3, 2**ADC_BITS) and tables.dtype == np.int32
    for code in range(-(2 ** (ADC_BITS - 1)), 2 ** (ADC_BITS - 1)):
        hidden, linear, output = tables[:, code % 2**ADC_BITS]
        assert hidden == reference.activation(name, code * unit, 31)
        assert linear == reference.activation("linear", code * unit, 31)
        assert output == reference.activation(name, code * unit, 255)


def test_known_values():
    tables = Neuron(("tanh", "sigmoid", "relu", "linear"), ADC_BITS, 0.1, LINE_BITS, OUTPUT_BITS).tables()
    assert tables[:, 0].tolist() == [0, 16, 0, 0], "0, 0.5 of 31 (half to even), 0, 0"
    assert tables[:, 5].tolist() == [round(31 * math.tanh(0.5)), 19, 16, round(255 * 0.5)]
    assert tables[:, -5].tolist() == [-tables[0, 5], 31 - 19, 0, -tables[3, 5]]
    assert tables[:, 63].tolist() == [31, 31, 31, 255], "full scale is +-1, beyond it is clipped"
    assert tables[:, -63].tolist() == [-31, 0, 0, -255]
