"""What a network looks like from inside at one state: what saturates, what is dead, and whether C~ says anything."""

from dataclasses import dataclass

import numpy as np

from .engine import Engine
from .state import State

SAMPLES = 1024
"""Training samples that are looked at, at most."""
STEPS = 256
"""Steps whose C~ are looked at."""


@dataclass(frozen=True)
class Vitals:
    """Measures of a network at one state.

    Attributes
    ----------
    clipped : tuple of float
        Of each layer of weights: share of its neurons' inputs at the ADC's full scale.
    dead : tuple of int
        Of each layer of weights: neurons whose output is the same for every sample.
    bound : float
        Share of the parameters that stand at their least or largest word.
    signal, noise : float
        Root mean square of what the perturbation makes of C~, and of C~ without it: in LSBs.
    silent : float
        Share of the steps whose C~ is 0.
    bend : float
        How far the first is from what half the amplitude lets one expect, relative to its root mean square; 0 of a
        linear response, and of an amplitude of one LSB, which has no half.
    """

    clipped: tuple[float, ...]
    dead: tuple[int, ...]
    bound: float
    signal: float
    noise: float
    silent: float
    bend: float


def vitals(engine: Engine, state: State) -> Vitals:
    """Measure a network; neither state nor engine changes.

    C~ are those of `STEPS` steps from the state on with the parameters held, so that a large step size does not hide
    what the amplitude does. Noise is drawn by the step, so that C~ without the perturbation has the same, which is
    taken off.

    Parameters
    ----------
    engine : Engine
    state : State
    """
    chip = engine.chip
    _, act = _activity(engine, state)
    same = (act == act[0]).all(0) if len(act) > 1 else np.zeros(act.shape[1], bool)
    least, most = engine.learning.bounds()
    amplitude = chip.crossbar.amplitude
    cost, still = (engine.probe(state, STEPS, size).cost for size in (amplitude, 0))
    signal = rms(cost - still)
    return Vitals(
        clipped=clipped(engine, state),
        dead=tuple(int(layer.sum()) for layer in _layers(engine, same)),
        bound=float(np.mean((state.theta <= least) | (state.theta >= most))),
        signal=signal,
        noise=rms(still),
        silent=float(np.mean(cost == 0)),
        bend=_bend(engine, state, cost - still, still) / signal if signal else 0.0,
    )


def clipped(engine: Engine, state: State) -> tuple[float, ...]:
    """`Vitals.clipped` alone."""
    adc, _ = _activity(engine, state)
    full = np.abs(adc) == engine.chip.crossbar.adc_bound
    return tuple(float(layer.mean()) for layer in _layers(engine, full))


def _activity(engine: Engine, state: State) -> tuple[np.ndarray, np.ndarray]:
    """ADC codes and activation codes of all neurons at the first samples."""
    return engine.activity(state, engine.inputs[:SAMPLES], engine.chip.layout.neurons)


def _layers(engine: Engine, neurons: np.ndarray) -> list[np.ndarray]:
    """What is known of each neuron, layer by layer."""
    return np.split(neurons, np.cumsum(engine.chip.layout.rows)[:-1], axis=-1)


def _bend(engine: Engine, state: State, change: np.ndarray, still: np.ndarray) -> float:
    amplitude = engine.chip.crossbar.amplitude
    half = amplitude // 2
    if not half:
        return 0.0
    expected = (engine.probe(state, STEPS, half).cost - still) * (amplitude / half)
    return rms(change - expected)


def rms(values: np.ndarray) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(values, dtype=float))))
