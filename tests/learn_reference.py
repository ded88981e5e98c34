"""Plain loops that the float trainer is held against: networks, gradients, and problems of known gradient."""

import numpy as np

from ohmgrad.golden.learn import MGD, Dense, Network, Trainer

FUNCTIONS = {
    "linear": (lambda z: z, lambda z: np.ones_like(z)),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": (lambda z: np.where(z > 0, z, 0), lambda z: (z > 0) * 1.0),
}


def gradient(network: Network, theta: np.ndarray, x: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Gradient of the mean cost of a dense network by backpropagation, sample by sample."""
    matrices = [theta[b.start : b.stop].reshape(b.outputs, b.inputs + 1) for b in network.blocks]
    total = [np.zeros_like(w) for w in matrices]
    for sample, target in zip(x, t, strict=True):
        inputs, zs = [np.append(sample, 1)], []
        for w, layer in zip(matrices, network.layers, strict=True):
            zs.append(w @ inputs[-1])
            inputs.append(np.append(FUNCTIONS[layer.activation][0](zs[-1]), 1))
        y = inputs[-1][:-1]
        if network.cost == "mse":
            error = y - target
        elif network.cost == "l1":
            error = np.sign(y - target)
        else:
            error = np.exp(y) / np.exp(y).sum() - target
        for k in reversed(range(len(matrices))):
            error = error * FUNCTIONS[network.layers[k].activation][1](zs[k])
            total[k] += np.outer(error, inputs[k]) / len(x)
            error = (matrices[k].T @ error)[:-1]
    return np.concatenate([w.ravel() for w in total])


def differences(network: Network, theta: np.ndarray, x: np.ndarray, t: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Gradient of the mean cost by central differences."""

    def cost(v):
        return network.costs(network.forward(v[None], x[None]), t).mean()

    return np.array([cost(theta + h * e) - cost(theta - h * e) for e in np.eye(theta.size)]) / (2 * h)


def linear(size: int, seed: int) -> tuple[Network, np.ndarray, np.ndarray, np.ndarray]:
    """Network, sample, target and gradient of a cost that is linear in all `size` parameters: |w x + b - t|."""
    x = np.random.default_rng(seed).normal(size=(1, size - 1))
    return Network((size - 1,), [Dense(1)], "l1"), x, np.full((1, 1), -100.0), np.append(x[0], 1)


def quadratic(inputs: int, outputs: int, seed: int):
    """Network, samples, targets, theta and gradient of a cost that is quadratic in the parameters."""
    rng = np.random.default_rng(seed)
    network = Network((inputs,), [Dense(outputs)])
    x, t, theta = rng.normal(size=(3, inputs)), rng.normal(size=(3, outputs)), rng.normal(size=network.size)
    return network, x, t, theta, gradient(network, theta, x, t)


def accumulated(network: Network, x, t, theta, steps: int, seeds=(1,), dtype=np.float64, **settings) -> np.ndarray:
    """G after some steps under one theta, all samples in each mini-batch: shape (R, P)."""
    m = MGD(**({"tau_theta": 1 << 30, "batch": len(x), "order": "cyclic"} | settings))
    trainer = Trainer(network, m, x.astype(dtype), t.astype(dtype), seeds)
    return trainer.run(trainer.initial(theta), steps).g


def angle(g: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Degrees between vectors of the last axis."""
    c = (g * h).sum(-1) / np.linalg.norm(g, axis=-1) / np.linalg.norm(h, axis=-1)
    return np.degrees(np.arccos(np.clip(c, -1, 1)))
