"""The periphery against aihwkit's reads: every code of every output exactly, noise within its sampling error."""

import json
from pathlib import Path

import numpy as np
import pytest

from ohmgrad.golden.analog.periphery import Periphery

from .analog_reads import SEED, read

FOLDER = Path(__file__).parents[2] / "shared" / "reference" / "aihwkit"
FILES = sorted(FOLDER.glob("mvm_periphery_*.npz"))
EXACT = [path for path in FILES if "_noise_" not in path.stem]
NOISE = [path for path in FILES if "_noise_" in path.stem]


def experiment(path):
    """Arrays, parameters and periphery of a file."""
    data = np.load(path)
    p = json.loads(str(data["params"]))
    names = {name for name, field in Periphery.__dataclass_fields__.items() if field.init}
    return data, p, Periphery(**{name: value for name, value in p["io"].items() if name in names})


@pytest.mark.skipif(not FILES, reason="aihwkit's vectors (shared/reference/aihwkit) are not beside the project")
def test_all_vectors_are_here():
    assert (len(EXACT), len(NOISE)) == (20, 5)


@pytest.mark.parametrize("path", EXACT, ids=lambda path: path.stem[14:])
def test_codes(path):
    """As one batch and one vector after another. Where outputs are rounded every float32 bit is the same; else the
    order of additions shows: n terms below 1 differ by n half units of 2**-24 at most, times alpha."""
    data, _, periphery = experiment(path)
    for backward, given, expected in ((False, "X", "Y"), (True, "D", "Z")):
        x, y = data[given], data[expected]
        batch = read(periphery, data["W"], x, backward)[0]
        single = np.concatenate([read(periphery, data["W"], x[b], backward)[0] for b in range(len(x))])
        tolerance = 0 if periphery.out_res > 0 else x.shape[1] * 2.0**-25 * max(1, abs(x).max())
        np.testing.assert_allclose(batch, y, rtol=0, atol=tolerance)
        np.testing.assert_allclose(single, y, rtol=0, atol=tolerance)


@pytest.mark.parametrize("path", NOISE, ids=lambda path: path.stem[14:])
def test_noise(path):
    """z tests of every mean and every standard deviation, 10,000 of our reads against 6,000.

    A mean has a standard error of 0.016 standard deviations, a standard deviation of 1.2 % (normal to a good
    approximation: each output is the sum of the noise of an ADC of many codes or of many inputs). 5 of these fail by
    chance once in 9,000 runs of all 186 comparisons; an error of 0.12 standard deviations in one mean, or of 9 % in
    one standard deviation, is seen with 99 %.
    """
    data, p, periphery = experiment(path)
    ours, theirs = 10_000, p["repeats"]
    y = read(periphery, data["W"], data["X"], repeats=ours)[0].astype(float)
    mean, std = y.mean(0), y.std(0)
    z_mean = (mean - data["y_mean"]) / np.sqrt(std**2 / ours + data["y_std"] ** 2 / theirs)
    z_std = (std / data["y_std"] - 1) / np.sqrt(0.5 / ours + 0.5 / theirs)
    print(f"seed {SEED}: largest z {abs(z_mean).max():.2f} (means), {abs(z_std).max():.2f} (standard deviations)")
    assert abs(z_mean).max() < 5 and abs(z_std).max() < 5
