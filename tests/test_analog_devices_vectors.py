"""Every pulsed device against aihwkit's native code: single devices exactly, noise and spreads statistically."""

import numpy as np
import pytest
from numba import njit

from ohmgrad.golden.analog.devices import Cells, pulse
from ohmgrad.golden.analog.pulse import DOWN, LINEAR, MAX, MIN, OWN_DOWN, OWN_UP, REFERENCE, UP

from .aihwkit_vectors import device_from_params, load, names

SEED, SIZE = 5, 20000
SIGMAS = 5
"""Of the some 3,000 numbers compared with this bound, one is beyond it by chance once in 600 seeds."""


@njit
def respond(model, shared, each, weights, pulses, rng):
    """Weights [time, device] under pulses that all devices get; `each` is (1, devices, K)."""
    out = np.empty((pulses.size + 1, weights.size), np.float32)
    out[0] = weights
    for t in range(pulses.size):
        for i in range(weights.size):
            out[t + 1, i] = pulse(model, shared, each[0, i], out[t, i], pulses[t] > 0, rng)
    return out


def responses(cells, weights, pulses):
    weights = np.broadcast_to(np.float32(weights), cells.each.shape[1:2])
    return respond(*cells, weights, np.int64(pulses), np.random.default_rng(SEED))


def rounding(cells, count):
    """Largest sum of `count` roundings of a float32 weight below 1, each growing or shrinking with the device."""
    growth = 1 + abs(cells.each[..., [OWN_UP, OWN_DOWN]]).max() if cells.model == LINEAR else 1
    return 2.0**-24 * (growth ** np.arange(count)).sum()


@pytest.mark.parametrize("name", [n for n in names("device_response_*") if "_c2c_" not in n and "_d2d_" not in n])
def test_response(name):
    arrays, params = load(name)
    device = device_from_params(params["device"])
    cells = device.sample((1, arrays["w0"].size), SEED)
    assert device.granularity == pytest.approx(params["granularity"], rel=1e-6)
    assert device.states == pytest.approx(params["num_states"], rel=1e-6)
    hidden = {"max_bound": MAX, "min_bound": MIN, "dwmin_up": UP, "dwmin_down": DOWN, "reference": REFERENCE}
    hidden |= {"slope_up": OWN_UP, "slope_down": OWN_DOWN, "gamma_up": OWN_UP, "gamma_down": OWN_DOWN}
    compared = [key for key in hidden if key in arrays]
    for key in compared:
        np.testing.assert_allclose(cells.each[0, :, hidden[key]], arrays[key], rtol=1e-6, atol=1e-8, err_msg=key)
    got = responses(cells, arrays["w0"], arrays["pulses"])
    # A weight above 1 or a step of rounded constants would round more coarsely; none of the vectors has either.
    off, allowed = abs(got - arrays["w"]).max(), 2 * rounding(cells, len(arrays["pulses"]))
    print(f"{name}: {compared} and weights off by {off:.1e}, allowed {allowed:.1e}")
    assert len(compared) >= 4 and off < allowed


def z_of_means(mean, std, values):
    """Difference of means in standard errors: `values` are ours [..., devices], 4,096 of theirs."""
    error = np.sqrt(std**2 / 4096 + values.std(-1) ** 2 / values.shape[-1])
    # Before the first pulse there is no spread, only float32.
    return (values.mean(-1) - mean) / np.maximum(error, 1e-7)


@pytest.mark.parametrize("name", names("device_response_c2c_*"))
def test_cycle_noise(name):
    """Means and standard deviations of weights and single steps, each within 5 standard errors of the two samples.

    Power: the standard deviations of the 14 steps together have a standard error of 0.45 %, so that their mean ratio,
    bound at 5 of these, finds a noise that is wrong by 3 % in 95 of 100 cases; a single mean step is known to 0.5 %, and
    one that is wrong by 4 % is found as surely.
    """
    arrays, params = load(name)
    cells = device_from_params(params["device"]).sample((1, SIZE), SEED)
    got = responses(cells, params["w0"], arrays["pulses"]).astype(float)
    z = z_of_means(arrays["w_mean"], arrays["w_std"], got)
    # Close to a bound the weights are no longer normal, so their standard deviation has the error of its fourth moment.
    spread = got - got.mean(-1, keepdims=True)
    error = np.sqrt(np.maximum((spread**4).mean(-1) - got.var(-1) ** 2, 0) * (1 / 4096 + 1 / SIZE))
    z_std = (got.var(-1) - arrays["w_std"] ** 2) / np.maximum(error, 1e-9)
    ratios, z_step = [], []
    for key, up in (("up", 1), ("down", -1)):
        for i, w in enumerate(np.float32(arrays["grid"])):
            step = responses(cells, w, [up])[1].astype(float) - w
            mean, std = arrays[f"step_{key}_mean"][i], arrays[f"step_{key}_std"][i]
            z_step.append(z_of_means(mean, std, step))
            ratios.append(np.log(step.std() / std))
    pooled = np.mean(ratios) / np.sqrt((1 / 4096 + 1 / SIZE) / 2 / len(ratios))
    worst = [float(abs(np.asarray(values)).max()) for values in (z, z_std, z_step, pooled)]
    print(f"{name}, seed {SEED}: largest z of means, variances, steps, pooled noise {np.round(worst, 1)}, bound {SIGMAS}")
    assert max(worst) < SIGMAS


PLACES = {"max_bound": MAX, "min_bound": MIN, "dwmin_up": UP, "dwmin_down": DOWN, "reference": REFERENCE}
PLACES |= {"slope_up": OWN_UP, "slope_down": OWN_DOWN, "gamma_up": OWN_UP, "gamma_down": OWN_DOWN}


@pytest.mark.parametrize("name", names("device_response_d2d_*"))
def test_spreads(name):
    """Quantiles, means, standard deviations and correlations of the drawn devices, within 5 standard errors.

    Power: with 10,000 of their devices and 100,000 of ours a spread of 30 % is known to 0.22 %, so that 31.5 % in its
    place is found in 97 of 100 cases; a correlation that is wrong by 0.07 likewise.
    """
    arrays, params = load(name)
    devices, ours = params["n_devices"], 100_000
    cells = device_from_params(params["device"]).sample((1, ours), SEED)
    got = cells.each[0, :, [PLACES[key] for key in params["names"]]].astype(float)
    size = 1 / devices + 1 / ours
    z = {}
    # Stuck devices are a lump of equal steps: a quantile in it says nothing, and is left to the means.
    q, below = np.array(params["quantiles"]), (got[:, :, None] < arrays["quantile"][:, None, :]).mean(1)
    lumps = (got[:, :, None] == np.float32(arrays["quantile"])[:, None, :]).mean(1) > 0.01
    z["quantiles"] = np.where(lumps, 0, (below - q) / np.sqrt(q * (1 - q) * size))
    # A slope has a step over a bound that may be near zero: its quantiles are compared, its moments do not exist.
    kept = [not key.startswith("slope") for key in params["names"]]
    centred = (got - got.mean(1, keepdims=True))[kept]
    std = centred.std(1)
    z["means"] = (got.mean(1)[kept] - arrays["mean"][kept]) / (std * size**0.5)
    z["spreads"] = (std**2 - arrays["std"][kept] ** 2) / np.sqrt(((centred**4).mean(1) - std**4) * size)
    scaled = centred / std[:, None]
    pairs = [(i, j) for i in range(len(scaled)) for j in range(i)]
    theirs = arrays["corr"][np.ix_(kept, kept)]
    z["correlations"] = []
    for i, j in pairs:
        r = np.mean(scaled[i] * scaled[j])
        # Delta method: the influence of a device on r is x y - r (x^2 + y^2) / 2.
        influence = scaled[i] * scaled[j] - r * (scaled[i] ** 2 + scaled[j] ** 2) / 2
        z["correlations"].append((r - theirs[i, j]) / (influence.std() * size**0.5))
    worst = {key: float(np.round(abs(np.asarray(values)).max(), 1)) for key, values in z.items()}
    print(f"{name}, seed {SEED}: largest z {worst}, bound {SIGMAS}")
    assert max(worst.values()) < SIGMAS


@pytest.mark.parametrize("name", names("device_response_d2d_*"))
def test_response_of_unequal_devices(name):
    """The first 12 devices as aihwkit drew them, with their own constants, pulse for pulse."""
    arrays, params = load(name)
    device = device_from_params(params["device"])
    drawn = device.sample((1, 12), SEED)
    each = np.zeros_like(drawn.each)
    for key in params["names"]:
        each[0, :, PLACES[key]] = arrays[f"dev_{key}"]
    if "reference" in params["names"]:
        for step, bound, slope in ((UP, MAX, OWN_UP), (DOWN, MIN, OWN_DOWN)):
            each[..., slope] = -each[..., step] / each[..., bound]
    cells = Cells(drawn.model, drawn.shared, each)
    got = responses(cells, arrays["w"][0], arrays["pulses"])
    off, allowed = abs(got - arrays["w"]).max(), 4 * rounding(cells, len(arrays["pulses"]))
    print(f"{name}: weights off by {off:.1e}, allowed {allowed:.1e}")
    assert off < allowed
