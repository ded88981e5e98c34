"""The steps of `compiled`: signs, responses, correlations and updates of one seed."""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ...golden.blocks.lib.mixer import key, mix
from ...golden.blocks.measure.samples import sample_index, stream
from ...golden.blocks.perturb.codes import values
from ...golden.learn.perturbations import COST_NOISE, UPDATE_NOISE
from .compiled_network import Net, backward, cost_of, forward

WEIGHT, NODE, RANK_ONE, EXACT = range(4)


class Settings(NamedTuple):
    """What `MGD` says; `polarity` is that of the second pass, 0 where it is unperturbed."""

    method: int
    polarity: int
    amplitude: float
    eta: float
    tau_theta: int
    batch: int
    order: int


class Noise(NamedTuple):
    """Readings of the first and of the second pass, the larger of both, and the noise of a reading and an update."""

    readings: tuple[int, int]
    slots: int
    cost: float
    update: float


class Code(NamedTuple):
    """The code's plan for a seed, and what `codes.values` needs; `signs` are those of what is perturbed."""

    plan: Any
    quarter: NDArray[Any]
    high: NDArray[Any]
    low: NDArray[Any]
    values: NDArray[Any]
    signs: NDArray[Any]


class Task(NamedTuple):
    """All that does not change in a run."""

    net: Net
    settings: Settings
    noise: Noise
    x: NDArray[Any]
    t: NDArray[Any]


@njit
def _normal(table, number):
    """Standard normal number, as `Maker.normal` draws it."""
    k0, k1, k2, k3 = table
    u = (mix(k0, k1, k2, k3, 2 * number) + 0.5) / 2**32
    v = (mix(k0, k1, k2, k3, 2 * number + 1) + 0.5) / 2**32
    return np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * v)


@njit
def _noise(noise, noise_key, second, slot):
    """Mean noise of the readings of a pass; `slot` numbers passes and samples of a step."""
    count = noise.readings[1] if second else noise.readings[0]
    total = 0.0
    for r in range(count):
        total += _normal(noise_key, slot * noise.slots + r)
    return noise.cost * total / count


@njit
def _response(task, theta, signs, index, b, noise_key, values_):
    """C~ of sample number `index`, b-th of the mini-batch, from two passes; their inputs stay in values_."""
    net, settings, noise = task.net, task.settings, task.noise
    a, polarity = settings.amplitude, settings.polarity
    weight_a = a if settings.method == WEIGHT or settings.method == RANK_ONE else 0.0
    node_a = a if settings.method == NODE else 0.0
    values_[0, 0, : task.x.shape[1]] = task.x[index]
    forward(net, theta, weight_a, node_a, signs, values_[0])
    values_[1, 0, : task.x.shape[1]] = task.x[index]
    forward(net, theta, polarity * weight_a, polarity * node_a, signs, values_[1])
    difference = 0.0
    for rail in range(2):
        reading = cost_of(net.cost, values_[rail, len(net.kinds)], task.t[index])
        if noise.cost > 0:
            slot = 1 if rail == 0 else -2 * polarity
            reading += _noise(noise, noise_key, rail == 1, slot * settings.batch + b)
        difference += -reading if rail else reading
    return difference / (2 if polarity else 1)


@njit
def _signs(task, code, step):
    """The signs of a step."""
    values(code.plan, code.quarter, step, code.high, code.low, code.values)
    if task.settings.method == RANK_ONE:
        _products(task.net.shape, code.values, code.signs)
    else:
        for i in range(code.values.size):
            code.signs[i] = code.values[i]


@njit
def _update(task, step, seed, theta, g):
    """theta of the next window, from G."""
    settings, noise = task.settings, task.noise
    for i in range(theta.size):
        theta[i] -= settings.eta * g[i]
        g[i] = 0
    if noise.update > 0:
        update_key = key(seed, UPDATE_NOISE, (step + 1) // settings.tau_theta - 1)
        for i in range(theta.size):
            theta[i] += noise.update * _normal(update_key, i)


@njit
def run(first, steps, seed, task, code, values_, theta, g):
    """Steps first .. first + steps - 1 of one seed, on theta and G in place."""
    net, settings = task.net, task.settings
    method, batch = settings.method, settings.batch
    sample_key = stream(seed)
    errors = np.zeros_like(values_[0])
    for step in range(first, first + steps):
        if method != EXACT:
            _signs(task, code, step)
        if task.noise.cost > 0:
            noise_key = key(seed, COST_NOISE, step)
        else:
            noise_key = sample_key
        response = 0.0
        for b in range(batch):
            index = sample_index(settings.order, len(task.x), sample_key, step * batch + b)
            if method == EXACT:
                values_[0, 0, : task.x.shape[1]] = task.x[index]
                forward(net, theta, 0.0, 0.0, code.signs, values_[0])
                backward(net, theta, task.t[index], 1.0 / batch, values_[0], errors, g)
            else:
                response += _response(task, theta, code.signs, index, b, noise_key, values_)
        e = response / (batch * settings.amplitude)
        if method == NODE:
            _outer(net.shape, e, code.signs, values_, settings.polarity, g)
        elif method != EXACT:
            for i in range(theta.size):
                g[i] += e * code.signs[i]
        if (step + 1) % settings.tau_theta == 0:
            _update(task, step, seed, theta, g)


@njit
def _outer(shape, e, signs, values, polarity, g):
    """g += e s x^T, x the mean of the inputs of both passes, or of the perturbed one (forward)."""
    node = 0
    second = 0.5 if polarity else 0.0
    for k in range(len(shape)):
        inputs, outputs, at = shape[k]
        for j in range(outputs):
            d = e * signs[node + j]
            for i in range(inputs):
                g[at + i] += d * ((1 - second) * values[0, k, i] + second * values[1, k, i])
            g[at + inputs] += d
            at += inputs + 1
        node += outputs


@njit
def _products(shape, code, signs):
    """Signs r_n c_l of each layer; the code has those of all neurons first, then those of all lines."""
    node, line = 0, shape[:, 1].sum()
    for k in range(len(shape)):
        inputs, outputs, at = shape[k]
        for j in range(outputs):
            for i in range(inputs + 1):
                signs[at + i] = code[node + j] * code[line + i]
            at += inputs + 1
        node += outputs
        line += inputs + 1
