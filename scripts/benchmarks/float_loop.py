"""The peer that golden's speed is held against: plain MGD in floating point, compiled by Numba.

Antithetic random codes, batch 1, tanh and sigmoid, mean squared error, as one would write it down;
signs are the bits of one 30-bit random number after the other.
"""

import numpy as np
from numba import njit


@njit
def draw(signs, amplitude):
    """Fill a matrix with +-amplitude."""
    left, bits = 0, 0
    flat = signs.ravel()
    for i in range(flat.size):
        if left == 0:
            bits, left = np.random.randint(0, 1 << 30), 30
        flat[i] = amplitude if bits & 1 else -amplitude
        bits >>= 1
        left -= 1


@njit(fastmath=True)
def cost(w1, s1, w2, s2, polarity, x, label, hidden):
    """Cost of one sample with the weights moved by polarity times the signs; last columns are biases."""
    inputs = x.size
    for j in range(w1.shape[0]):
        z = w1[j, inputs] + polarity * s1[j, inputs]
        for i in range(inputs):
            z += (w1[j, i] + polarity * s1[j, i]) * x[i]
        hidden[j] = np.tanh(z)
    total = 0.0
    for k in range(w2.shape[0]):
        z = w2[k, hidden.size] + polarity * s2[k, hidden.size]
        for j in range(hidden.size):
            z += (w2[k, j] + polarity * s2[k, j]) * hidden[j]
        error = 1 / (1 + np.exp(-z)) - (1.0 if k == label else 0.0)
        total += error * error
    return total / 2


@njit(fastmath=True)
def train(w1, w2, x, labels, steps, amplitude, eta, seed):
    """Do `steps` antithetic steps on the weights in place."""
    np.random.seed(seed)
    s1, s2, hidden = np.empty_like(w1), np.empty_like(w2), np.empty(w1.shape[0])
    for _ in range(steps):
        n = np.random.randint(x.shape[0])
        draw(s1, amplitude)
        draw(s2, amplitude)
        plus = cost(w1, s1, w2, s2, 1.0, x[n], labels[n], hidden)
        minus = cost(w1, s1, w2, s2, -1.0, x[n], labels[n], hidden)
        step = eta * (plus - minus) / (2 * amplitude * amplitude)
        for j in range(w1.shape[0]):
            for i in range(w1.shape[1]):
                w1[j, i] -= step * s1[j, i]
        for k in range(w2.shape[0]):
            for j in range(w2.shape[1]):
                w2[k, j] -= step * s2[k, j]
