"""Matrix-vector products through the converters against NumPy's."""

import numpy as np
import pytest

from ohmgrad.golden.blocks.array import crossbar
from ohmgrad.golden.blocks.perturb.codes import pattern_signs
from ohmgrad.golden.forward import array_of, forward, rails_of

from .chips import small

SEED = 31


def rounded(x, shift):
    """int64 arrays: x / 2**shift to nearest, halves away from zero."""
    return np.sign(x) * ((abs(x) + (1 << shift >> 1)) >> shift)


@pytest.mark.parametrize("mode", ["forward", "antithetic"])
def test_forward_is_a_rounded_matrix_product(mode):
    """Layer by layer with int64 matrices, in which some sums are halves and some ADCs clip."""
    chip = small(**{"cost.mode": mode, "array.adc_bound": 2.0, "array.adc_bits": 7})
    block, layout = chip.crossbar, chip.layout
    draw = np.random.default_rng(SEED)
    tables = chip.neuron.tables()
    clips = 0
    for pattern in range(100):
        theta = draw.integers(-(2**16), 2**16, layout.parameters).astype(np.int32)
        signs = pattern_signs(chip.codes, pattern)
        sample = draw.integers(-127, 128, 2)
        rails = rails_of(chip)
        rails.lines[0, :, :2] = sample
        forward(array_of(chip, theta, crossbar.Ideal(tables)), signs, rails, True)
        adc, act = rails.adc, rails.act
        for rail, polarity in enumerate((1, -1 if mode == "antithetic" else 0)):
            cells = np.floor_divide(theta, 2**block.drop) + polarity * block.amplitude * signs
            x, codes, outputs = sample, [], []
            for k, weights in enumerate(chip.matrices(cells.astype(np.int64))):
                code = np.clip(rounded(weights @ [*x, 127], block.adc_shift), -63, 63)
                x = tables[k][code % 128].astype(np.int64)
                codes.append(code)
                outputs.append(x)
            assert (adc[:, rail] == np.concatenate(codes)).all()
            assert (act[:, rail] == np.concatenate(outputs)).all()
            clips += (abs(adc[:, rail]) == 63).sum()
    assert 50 < clips < 1500, "the ADC should clip now and then"


@pytest.mark.parametrize("shift", [0, 1, 9])
def test_adc_codes(shift):
    totals = np.random.default_rng(SEED).integers(-(2**15), 2**15, (40, 7))
    totals[0] = [(2 * k + 1) << shift >> 1 for k in range(-3, 4)]
    codes = crossbar.convert_all(shift, 511, totals)
    assert (codes == np.clip(rounded(totals, shift), -511, 511)).all()
