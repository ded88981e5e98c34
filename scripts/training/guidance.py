"""What goes wrong in a run, said while it goes, with the key of the chip file to change.

Sticky flags are seen as they rise; the rest is measured where a checkpoint is written (`golden.vitals`). Each kind is
said once a run.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from ...golden.chip.chip import Chip
from ...golden.engine import Engine
from ...golden.state import FLAGS, State
from ...golden.vitals import Vitals, vitals

DIVERGED = 1.25
"""Error beside that of the start, from which training diverges."""
LEARNED = 0.1
"""Error beside that of the start, below which a C~ of 0, or a noisy one, is what is left when all is learned."""
BENT = 0.7
"""`Vitals.bend` from which an amplitude is too large: examples that learn stay below 0.5."""
SILENT, CLIPPED, BOUND, DEAD = 0.5, 0.05, 0.25, 0.25
"""Shares from which they are said: of steps, of conversions, of parameters, of a layer's neurons."""
FLAT = 0.02
"""An activation that moves by less than this share of its range over the last eighth of the ADC's hides what clips."""
PATIENCE = 1000
"""Steps in which some weight should have moved."""


class Finding(NamedTuple):
    """Something to change.

    Attributes
    ----------
    kind : str
    step : int
        Where it was first seen.
    sentence : str
        What was seen and which keys to change.
    """

    kind: str
    step: int
    sentence: str


class Guidance:
    """Findings of one run.

    Parameters
    ----------
    engine : Engine
    state : State
        Where the run, or what is left of it, begins.
    error : float
        Mean squared error at step 0.
    say : callable
        Gets each finding as it is made.
    known : iterable of Finding
        Those of the part that a run resumes from.
    """

    def __init__(
        self, engine: Engine, state: State, error: float, say: Callable[[Finding], None],
        known: tuple[Finding, ...] = (),
    ):  # fmt: skip
        self.engine, self._say = engine, say
        self._found = {finding.kind: finding for finding in known}
        self._start, self._before = error, state.copy()

    @property
    def findings(self) -> list[Finding]:
        """All so far, in the order in which they were made."""
        return list(self._found.values())

    def flags(self, step: int, flags: int) -> None:
        """Note sticky flags that a step shows."""
        for bit, name in enumerate(FLAGS):
            if flags >> bit & 1 and name in SATURATION:
                self._note(f"{name} saturated", step, SATURATION[name](self.engine.chip))

    def checkpoint(self, state: State, error: float) -> None:
        """Measure a state, whose mean squared error is known, and note what is wrong with it."""
        self.flags(state.step, state.flags)
        errors = self._start, error
        for kind, sentence in concerns(self.engine.chip, vitals(self.engine, state), errors):
            self._note(kind, state.step, sentence)
        before, self._before = self._before, state.copy()
        steps = state.step - before.step
        if steps >= PATIENCE and _still(before, state):
            bits, eta = self.engine.chip.config.weights.bits, self.engine.chip.config.update.eta
            self._note(
                "still", state.step,
                f"No weight has moved in {steps:,} steps: raise update.eta ({eta:g}) or weights.bits ({bits}).",
            )  # fmt: skip

    def _note(self, kind: str, step: int, sentence: str) -> None:
        if kind not in self._found:
            self._found[kind] = Finding(kind, step, sentence)
            self._say(self._found[kind])


def _still(before: State, state: State) -> bool:
    """Whether nothing moved from which a weight is made: H fills for long before it fires."""
    words = [key for key in ("theta", "h", "m", "a") if key in state.arrays]
    return all(np.array_equal(before.arrays[key], state.arrays[key]) for key in words)


def concerns(chip: Chip, seen: Vitals, errors: tuple[float, float]) -> Iterator[tuple[str, str]]:
    """Kind and sentence of whatever is wrong with a network, given its mean squared errors: at step 0, and now."""
    config, (start, now) = chip.config, errors
    amplitude, eta, weights = config.perturbation.amplitude, config.update.eta, config.weights
    if now > DIVERGED * start:
        yield (
            "diverged",
            f"The error, {now:.3g}, is above the {start:.3g} of the start: training diverges; "
            f"lower update.eta ({eta:g}).",
        )
        return  # what else there is comes of it
    if seen.bound > BOUND:
        yield (
            "bound",
            f"{seen.bound:.0%} of the weights stand at a bound: raise weights.range ({weights.range:g}) or lower "
            f"update.eta ({eta:g}).",
        )
    if seen.bend > BENT:
        yield (
            "amplitude",
            f"Half the perturbation does not give half the C~ (off by {seen.bend:.0%}): lower perturbation.amplitude "
            f"({amplitude:g}).",
        )
    if now >= LEARNED * start:
        yield from _unresolved(chip, seen)
    yield from _neurons(chip, seen)


def _unresolved(chip: Chip, seen: Vitals) -> Iterator[tuple[str, str]]:
    """Where C~ says little, though there is much to learn."""
    config = chip.config
    amplitude = config.perturbation.amplitude
    if seen.silent > SILENT:
        yield (
            "silent",
            f"C~ is 0 in {seen.silent:.0%} of the steps: raise perturbation.amplitude ({amplitude:g}), array.adc_bits "
            f"({config.array.adc_bits}) or array.output_bits ({config.array.output_bits}).",
        )
    if seen.signal < seen.noise:
        yield (
            "noise",
            f"The perturbation moves C~ by {seen.signal:.3g} LSB, noise by {seen.noise:.3g}: raise "
            f"perturbation.amplitude ({amplitude:g}) or cost.average ({config.cost.average}).",
        )


def _neurons(chip: Chip, seen: Vitals) -> Iterator[tuple[str, str]]:
    """What converters and neurons lose."""
    array, init = chip.config.array, chip.config.weights.init
    tables = chip.neuron.tables()
    for layer, (dead, size, clipped) in enumerate(zip(seen.dead, chip.layout.rows, seen.clipped, strict=True), 1):
        if dead > DEAD * size:
            yield (
                f"dead neurons of layer {layer}",
                f"{dead} of {size} neurons of layer {layer} give the same output for every sample: lower update.eta "
                f"({chip.config.update.eta:g}), weights.init ({init:g}) or perturbation.amplitude "
                f"({chip.config.perturbation.amplitude:g}).",
            )
        if clipped > CLIPPED and not flat(chip, tables[layer - 1]):
            yield (
                f"clipped inputs of layer {layer}",
                f"{clipped:.0%} of what layer {layer} adds up is beyond its ADC: raise array.adc_bound "
                f"({array.adc_bound:g}).",
            )


def flat(chip: Chip, table: np.ndarray) -> bool:
    """Whether an activation hardly moves where the ADC ends, so that it is no matter that it clips."""
    full = chip.crossbar.adc_bound
    near = full - full // 8
    moves = max(abs(int(table[full]) - int(table[near])), abs(int(table[-full]) - int(table[-near])))
    return moves <= FLAT * (int(table.max()) - int(table.min()))


def _cost(chip: Chip) -> str:
    return (
        f"C~ is beyond its {chip.config.cost.bits} bits: lower perturbation.amplitude "
        f"({chip.config.perturbation.amplitude:g}) or raise cost.bits."
    )


def _gradient(chip: Chip) -> str:
    return (
        f"G is beyond its {chip.correlator.bits} bits: lower perturbation.amplitude "
        f"({chip.config.perturbation.amplitude:g}) or perturbation.tau_theta ({chip.config.perturbation.tau_theta})."
    )


def _parameter(chip: Chip) -> str:
    config = chip.config
    word = "A weight, or a word that it is made from," if not chip.path.pulsed else "A word of H"
    other = f"weights.range ({config.weights.range:g})" if not chip.path.pulsed else "perturbation.tau_theta"
    if config.update.path == "tiki-taka":
        other = f"transfer.bits ({config.transfer.bits})"
    verb = "lower" if config.update.path == "filtered" else "raise"
    return f"{word} saturates: lower update.eta ({config.update.eta:g}), or {verb} {other}."


SATURATION: dict[str, Callable[[Chip], str]] = {"cost": _cost, "gradient": _gradient, "parameter": _parameter}
"""What to change where a sticky flag is raised; the fault of an array outside is no matter of training."""
