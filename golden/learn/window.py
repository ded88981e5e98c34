"""The window of MGD: perturb, measure, correlate over tau_theta steps, update.

Steps under one theta are done together. Nothing but theta, G and C0 is carried from one span of them to the next,
and theta itself is never perturbed: a pattern that is held for tau_p steps is added to a copy, so it cannot be left
in theta or be taken out twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from . import optimizer
from .functions import Array
from .passes import RESPONSES
from .probes import Correlate
from .settings import MGD
from .state import State

if TYPE_CHECKING:
    from .trainer import Trainer


class Span(NamedTuple):
    """Steps under one theta: a window, or as much of it as is done at once.

    Attributes
    ----------
    steps : int array, shape (n,)
        Numbers of the steps.
    heads : int array, shape (K,)
        Numbers of those that present something new: a pattern or a mini-batch.
    place : int array, shape (n,)
        Index into `heads` of what each step presents.
    rails : tuple of int
        Polarities of the passes; 0, the last one, is unperturbed.
    refreshed : bool array, shape (n,)
        Steps that measure C0.
    """

    steps: np.ndarray
    heads: np.ndarray
    place: np.ndarray
    rails: tuple[int, ...]
    refreshed: np.ndarray

    @property
    def unperturbed(self) -> bool:
        """Whether there is an unperturbed pass."""
        return self.rails[-1] == 0

    @property
    def held(self) -> bool:
        """Whether some steps present what the step before did."""
        return len(self.heads) < len(self.steps)


def advance(trainer: Trainer, state: State, end: int) -> None:
    """Go on from the state towards step `end`, as far as one theta leads; where the window ends, theta is updated."""
    span = _span(trainer, state, end)
    read, correlate = _measure(trainer, state, span)
    e = _estimates(trainer, span, _response(trainer, state, span, read))
    state.step += len(span.steps)
    m = trainer.settings
    if m.mode == "analog":
        state.g *= m.tau_theta
        correlate(e, state.g)
        state.g /= m.tau_theta + 1
        trainer.move(state, trainer.eta(state) * state.g)
        return
    correlate(e, state.g)
    if state.step % m.tau_theta == 0:
        _update(trainer, state)


def _span(trainer: Trainer, state: State, end: int) -> Span:
    """The next steps that are done together: one in analog mode, which updates theta in each."""
    m = trainer.settings
    count = 1
    if m.mode != "analog":
        at = state.step % m.tau_theta
        count = min(end - state.step, m.tau_theta - at, trainer.chunk - at % trainer.chunk)
    steps = np.arange(state.step, state.step + count)
    new = (steps % m.tau_p == 0) | (steps % m.tau_x == 0)
    new[0] = True
    if trainer.reads_each:
        new[:] = True
    refreshed = _refreshed(m, steps)
    unperturbed = bool(refreshed.any()) or m.nodes and m.inputs == "clean"
    return Span(steps, steps[new], np.cumsum(new) - 1, (*m.rails, 0) if unperturbed else m.rails, refreshed)


def _refreshed(m: MGD, steps: np.ndarray) -> np.ndarray:
    """Whether C0 is measured at each step."""
    if m.mode != "forward":
        return np.zeros(len(steps), bool)
    if m.refresh:
        return steps % m.refresh == 0
    return (steps % m.tau_x == 0) | (steps % m.tau_theta == 0)


def _measure(trainer: Trainer, state: State, span: Span) -> tuple[Array, Correlate]:
    """Costs as they are read, shape (R, rails, n, B), and what correlates with their patterns; evaluations count."""
    m, xp, count = trainer.settings, trainer.xp, len(span.steps)
    patterns, (x, t) = span.heads // m.tau_p, trainer.samples(span.heads // m.tau_x)
    if m.per_sample:
        patterns = patterns[:, None] * m.batch + np.arange(m.batch)
    costs, correlate = trainer.probe(state.theta, x, t, patterns, span.rails)
    if span.held:
        costs = xp.take(costs, trainer.maker.array(span.place, xp.int64), axis=2)
    taken = np.ones((len(span.rails), count), bool)
    if span.unperturbed:
        taken[-1] = span.refreshed
    readings = {1: m.readings, -1: m.readings, 0: m.c0_readings}
    read, state.pole = trainer.hardware.read(costs, span.steps, span.rails, readings, taken, state.pole)
    each = count * len(m.rails) * m.readings + int(span.refreshed.sum()) * m.c0_readings
    if span.unperturbed and m.mode != "forward":
        each += count  # the unperturbed pass that only shows the inputs of the layers
    state.evaluations += m.batch * each
    return read, correlate


def _response(trainer: Trainer, state: State, span: Span, read: Array) -> Array:
    """C~ of each step and sample, shape (R, n, B); analog (R, 1, 1)."""
    m = trainer.settings
    if m.mode == "analog":
        return _high_pass(trainer, state, trainer.xp.mean(read[:, 0, 0], axis=-1))[:, None, None]
    other = _c0(trainer, state, span, read) if m.mode == "forward" else read[:, 1]
    return RESPONSES[m.mode](read[:, 0], other)


def _c0(trainer: Trainer, state: State, span: Span, read: Array) -> Array:
    """C0 that is in force at each step, shape (R, n, B); the last one is kept."""
    xp, whole = trainer.xp, state.c0[:, None]
    if span.unperturbed:
        whole = xp.concat([whole, read[:, -1]], axis=1)
    last = np.maximum.accumulate(np.where(span.refreshed, 1 + np.arange(len(span.steps)), 0))
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


def _estimates(trainer: Trainer, span: Span, response: Array) -> Array:
    """What each pattern is correlated with, C~ / a: shape (R, K), or (R, K, B) where each sample has its pattern."""
    m, xp = trainer.settings, trainer.xp
    if not m.per_sample:
        response = xp.mean(response, axis=-1)
    response = xp.clip(response, -m.clamp, m.clamp) if m.clamp < np.inf else response
    # s = a times the sign, so C~ s / a^2 is C~ / a times the sign.
    e = response / (m.amplitude * (m.batch if m.per_sample else 1))
    if m.blanking:
        correlated = trainer.maker.array(span.steps % m.tau_x >= m.blanking)
        e = e * xp.reshape(correlated, (-1, *[1] * (e.ndim - 2)))
    if not span.held:
        return e
    edges = np.searchsorted(span.place, np.arange(len(span.heads) + 1)).tolist()
    return xp.stack([xp.sum(e[:, a:b], axis=1) for a, b in zip(edges[:-1], edges[1:], strict=True)], axis=1)


def _update(trainer: Trainer, state: State) -> None:
    """theta of the next window, from G."""
    m, g = trainer.settings, state.g
    if m.normalise:
        tau = m.tau_theta / m.tau_p
        perturbed = trainer.network.nodes if m.nodes else trainer.network.size
        g /= tau * (1 + (perturbed - 1) / tau) ** 0.5
    eta = trainer.eta(state)
    if m.adam:
        step = optimizer.adam(trainer.xp, state.momentum, state.second, g, eta, state.updates)
    elif m.momentum:
        step = optimizer.momentum(state.momentum, g, m.momentum, eta)
    else:
        g *= eta
        step = g
    trainer.move(state, step)
    g[...] = 0
