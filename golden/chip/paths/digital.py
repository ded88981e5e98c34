"""Path `digital`: words of G, and words of theta behind DACs; theta -= eta G."""

from dataclasses import dataclass
from math import floor, log2
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ...blocks.lib.fixed import limit
from ...blocks.update.optimizer import FRACTION, MOMENTUM_BITS, RATE_BITS, Optimizer
from ..memories import Memory, of_parameters
from .base import Path, Schedule, gradient, gradient_unit, held, states, writable

if TYPE_CHECKING:
    from ..chip import Chip

RATE = "the 8-bit rate register"
LARGEST = (1 << RATE_BITS) - 1


@dataclass(frozen=True)
class Digital(Path):
    """Blocks of the path.

    Attributes
    ----------
    optimizer : Optimizer
        Its schedule has the rates of all layers.
    """

    optimizer: Optimizer

    pulsed: ClassVar[bool] = False
    gradient: ClassVar[bool] = True
    keys: ClassVar[tuple[str, ...]] = ("momentum", "rounding", "layers")
    streams: ClassVar[tuple[str, ...]] = ("weight",)

    @classmethod
    def derive(cls, chip: "Chip") -> Self:
        update, unit = chip.config.update, chip.state_unit / chip.gradient_unit
        factors = update.layers or (1.0,) * len(chip.layout.rows)
        shift = _shift(chip, unit)
        schedule = tuple(
            (start, tuple(round(eta * factor / unit * 2.0**shift) for factor in factors))
            for _, start, eta in chip.etas
        )
        _refuse_zeros(chip, schedule, factors, unit / 2**shift)
        return cls(
            Optimizer(
                chip.config.weights.bits, chip.correlator.bits, shift, schedule,
                min(255, round(update.momentum * 256)), update.rounding == "stochastic", chip.config.seed,
            )
        )  # fmt: skip

    @property
    def rates(self) -> tuple[int, ...]:
        return tuple(rates[k] for _, rates in self.schedule for k in self.optimizer.sections)

    @property
    def schedule(self) -> Schedule:
        return self.optimizer.schedule

    def memories(self, chip: "Chip") -> tuple[Memory, ...]:
        momentum = ()
        if self.optimizer.momentum:
            path = "engine.optimizer.momentum.memory"
            momentum = (of_parameters(chip, "momentum", "M", MOMENTUM_BITS, limit(MOMENTUM_BITS), path, "m"),)
        settings = writable(chip, self, "rates", RATE_BITS, LARGEST)
        return (states(chip, "engine.optimizer.memory"), *gradient(chip), *momentum, *settings)

    def units(self, chip: "Chip") -> list[tuple[str, str, str]]:
        unit = chip.state_unit / chip.gradient_unit / 2**self.optimizer.shift
        etas = ", ".join(_etas(rates, unit) for _, rates in self.schedule)
        rows = [gradient_unit(chip), ("rate", "8 bits", f"{unit:.3g} of eta; eta is {etas}")]
        if self.optimizer.momentum:
            rows.append(("momentum word M", f"{MOMENTUM_BITS} bits", f"{chip.state_unit / 2**FRACTION:.3g} of weight"))
        return rows

    def parameters(self) -> dict[str, Any]:
        return {"optimizer": self.optimizer}


def _shift(chip: "Chip", unit: float) -> int:
    """Right shift of G times a rate with which the largest rate is as large as it can be."""
    key, _, largest = max(chip.etas, key=lambda entry: entry[2])
    shift = floor(log2(LARGEST * unit / largest))
    least = FRACTION if chip.config.update.momentum else 0
    if not least <= shift <= 30:
        raise held(chip, key, largest, RATE, 128 * unit / 2**30, LARGEST * unit / 2**least)
    return shift


def _refuse_zeros(chip: "Chip", schedule: Schedule, factors: tuple[float, ...], smallest: float) -> None:
    """Raise ConfigError if a rate that is not to be 0 is rounded to it."""
    largest = max(eta for _, _, eta in chip.etas)
    for (key, _, eta), (_, rates) in zip(chip.etas, schedule, strict=True):
        for k, (factor, rate) in enumerate(zip(factors, rates, strict=True)):
            if factor and not rate and eta < smallest:
                raise held(chip, key, eta, f"{RATE} beside a step size of {largest:g}", smallest, LARGEST * smallest)
            if factor and not rate:
                raise chip.error(
                    f"update.layers[{k}]", factor,
                    f"times {key} = {eta:g} cannot be held by {RATE} beside a step size of {largest:g}; "
                    f"allowed are 0 and numbers from {smallest / eta:.2g} to 1",
                )  # fmt: skip


def _etas(rates: tuple[int, ...], unit: float) -> str:
    """The step size of all layers, or each one's."""
    return " / ".join(f"{rate * unit:.3g}" for rate in (rates if len(set(rates)) > 1 else rates[:1]))
