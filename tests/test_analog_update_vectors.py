"""Pulsed updates against aihwkit's: counts exactly where they are determined, else means and covariances."""

import json
from pathlib import Path

import numpy as np
import pytest

from ohmgrad.golden.analog.devices import ConstantStep
from ohmgrad.golden.analog.draws import handle
from ohmgrad.golden.analog.update import Update, outer_batch

FOLDER = Path(__file__).parents[2] / "shared" / "reference" / "aihwkit"
FILES = sorted(FOLDER.glob("pulse_update_*.npz"))
EXACT = [path for path in FILES if "_det_" in path.stem]
STOCHASTIC = [path for path in FILES if "_det_" not in path.stem]
SEED = 32


def pick(kind, values):
    """The fields of a dataclass, taken from a dictionary that has more."""
    names = {name for name, field in kind.__dataclass_fields__.items() if field.init}
    return kind(**{name: value for name, value in values.items() if name in names - {"drift"}})


def updates(p, x, d, count):
    """Updates of a file's device by x and d (vectors, or as many as updates): float64 (count, rows, columns)."""
    device, out = pick(ConstantStep, p["device"]), np.zeros((count, *p["shape"]), np.float32)
    x, d = (np.broadcast_to(v, (count, n)).astype(np.float32) for v, n in ((x, p["shape"][1]), (d, p["shape"][0])))
    train, rng, cells = pick(Update, p["update"]).train, np.random.default_rng(SEED), device.sample(p["shape"], 0)
    for k, w in enumerate(out):
        outer_batch(train, cells, w, x[k : k + 1], d[k : k + 1], p["lr"], device.granularity, handle(rng))
    return out.astype(float)


def experiment(path):
    data = np.load(path)
    return data, json.loads(str(data["params"]))


@pytest.mark.skipif(not FILES, reason="aihwkit's vectors (shared/reference/aihwkit) are not beside the project")
def test_all_vectors_are_here():
    assert (len(EXACT), len(STOCHASTIC)) == (7, 13)


@pytest.mark.parametrize("path", EXACT, ids=lambda path: path.stem[17:])
def test_counts(path):
    data, p = experiment(path)
    dw = updates(p, data["X"], data["D"], len(data["X"]))
    assert np.rint(dw / p["device"]["dw_min"]).tolist() == data["n_pulses"].tolist()
    # Up to 31 float32 additions of steps that are themselves rounded.
    np.testing.assert_allclose(dw, data["dW"], rtol=32 * 2.0**-24, atol=0)


@pytest.mark.parametrize("path", STOCHASTIC, ids=lambda path: path.stem[13:])
def test_statistics(path):
    """z tests of every mean and of every covariance, 20,000 of our updates against 4,000.

    Means: 5 standard errors, passed by chance once in 4,200 runs of all 416; one that is off by 0.13 standard
    deviations is seen with 99 %. Covariances, whose errors come from the fourth moments of our sample, have heavier
    tails: none is beyond 6, and the root mean square of a set's z, 1 in the mean, is within 0.5 of it. It is 0.85 to
    1.25 here, 5 to 14 where cells of a line do not share its train, and above 1.5 in 12 of the 13 sets with all
    covariances off by 15 %.
    """
    data, p = experiment(path)
    ours, theirs = 20_000, p["repeats"]
    dw = updates(p, data["x"], data["d"], ours).reshape(ours, -1) / p["device"]["dw_min"]
    mean, cov = data["dw_mean"].ravel() / p["device"]["dw_min"], data["dw_cov"] / p["device"]["dw_min"] ** 2
    share = 1 / ours + 1 / theirs
    # A cell that gets every slot's pulse has no spread; what is left is float32 rounding of the weight.
    error = np.sqrt(dw.var(0) * share + 1e-5**2)
    z_mean = (dw.mean(0) - mean) / error
    centred = dw - dw.mean(0)
    own = centred.T @ centred / ours
    fourth = (centred**2).T @ centred**2 / ours - own**2
    z_cov = ((own - cov) / np.sqrt(np.maximum(fourth, 0) * share + 1e-4**2))[np.triu_indices(len(own))]
    largest, rms = abs(z_cov).max(), np.sqrt((z_cov**2).mean())
    print(f"seed {SEED}: means z {abs(z_mean).max():.2f}, covariances z {largest:.2f}, rms {rms:.2f}")
    assert abs(z_mean).max() < 5
    assert largest < 6 and 0.5 < rms < 1.5
