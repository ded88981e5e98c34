"""Steps under one theta: which pattern, sample and C0 each step has, C~, and its correlation.

Nothing but theta, G and C0 is carried from chunk to chunk, and theta itself is never perturbed: a pattern that is
held for tau_p steps is added to a copy, so it cannot be left in theta or be taken out twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .functions import Array
from .state import State

if TYPE_CHECKING:
    from .trainer import Trainer


def advance(trainer: Trainer, state: State, count: int) -> None:
    """Do `count` steps, all under the theta of the state (analog: one step, with its update)."""
    m, xp = trainer.settings, trainer.xp
    steps = np.arange(state.step, state.step + count)
    changes = (steps % m.tau_p == 0) | (steps % m.tau_x == 0)
    changes[0] = True
    if trainer.reads_each:
        changes[:] = True
    heads, segment = steps[changes], np.cumsum(changes) - 1
    patterns, (x, t) = heads // m.tau_p, trainer.samples(heads // m.tau_x)
    if m.per_sample:
        patterns = patterns[:, None] * m.batch + np.arange(m.batch)
    refreshed = _refreshed(m, steps)
    clean = bool(refreshed.any()) or m.nodes and m.inputs == "clean"
    rails = (*m.rails, 0) if clean else m.rails

    costs, correlate = trainer.probe(state.theta, x, t, patterns, rails)
    if len(heads) < count:
        costs = xp.take(costs, trainer.maker.array(segment, xp.int64), axis=2)
    taken = np.ones((len(rails), count), bool)
    if clean:
        taken[-1] = refreshed
    readings = {1: m.readings, -1: m.readings, 0: m.c0_readings}
    read, state.pole = trainer.hardware.read(costs, steps, rails, readings, taken, state.pole)
    each = count * len(m.rails) * m.readings + int(refreshed.sum()) * m.c0_readings
    if clean and m.mode != "forward":
        each += count  # the unperturbed pass that only shows the inputs of the layers
    state.evaluations += m.batch * each

    if m.mode == "forward":
        change = read[:, 0] - _c0(xp, trainer, state, read[:, -1] if clean else None, refreshed)
    elif m.mode == "antithetic":
        change = 0.5 * (read[:, 0] - read[:, 1])
    else:
        change = _high_pass(trainer, state, xp.mean(read[:, 0, 0], axis=-1))[:, None, None]
    if not m.per_sample:
        change = xp.mean(change, axis=-1)
    change = xp.clip(change, -m.clamp, m.clamp) if m.clamp < np.inf else change
    # s = a times the sign, so C~ s / a^2 is C~ / a times the sign.
    e = change / (m.amplitude * (m.batch if m.per_sample else 1))
    if m.blanking:
        kept = trainer.maker.array(steps % m.tau_x >= m.blanking)
        e = e * xp.reshape(kept, (-1, *[1] * (e.ndim - 2)))
    if len(heads) < count:
        e = _sums(trainer, e, segment, len(heads))
    state.step += count
    if m.mode == "analog":
        state.g *= m.tau_theta
        correlate(e, state.g)
        state.g /= m.tau_theta + 1
        trainer.move(state, trainer.eta(state) * state.g)
    else:
        correlate(e, state.g)


def _refreshed(m: Any, steps: np.ndarray) -> np.ndarray:
    """Whether C0 is measured at each step."""
    if m.mode != "forward":
        return np.zeros(len(steps), bool)
    if m.refresh:
        return steps % m.refresh == 0
    return (steps % m.tau_x == 0) | (steps % m.tau_theta == 0)


def _c0(xp: Any, trainer: Trainer, state: State, read: Array | None, refreshed: np.ndarray) -> Array:
    """C0 that is in force at each step, shape (R, n, B); the last one is kept."""
    whole = state.c0[:, None]
    if read is not None:
        whole = xp.concat([whole, read], axis=1)
    last = np.maximum.accumulate(np.where(refreshed, 1 + np.arange(len(refreshed)), 0))
    c0 = xp.take(whole, trainer.maker.array(last, xp.int64), axis=1)
    state.c0 = c0[:, -1]
    return c0


def _high_pass(trainer: Trainer, state: State, cost: Array) -> Array:
    """C~ of one step: tau / (tau + 1) (C~ + C - C_before), from zero with each new mini-batch."""
    m = trainer.settings
    if state.step % m.tau_x == 0:
        state.high_pass = trainer.xp.zeros_like(cost)
    else:
        state.high_pass = m.tau_hp / (m.tau_hp + 1) * (state.high_pass + cost - state.before)
    state.before = cost
    return state.high_pass


def _sums(trainer: Trainer, e: Array, segment: np.ndarray, count: int) -> Array:
    """Sum of the steps (axis 1) of each segment."""
    xp = trainer.xp
    edges = np.searchsorted(segment, np.arange(count + 1)).tolist()
    return xp.stack([xp.sum(e[:, a:b], axis=1) for a, b in zip(edges[:-1], edges[1:], strict=True)], axis=1)
