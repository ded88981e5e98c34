"""From the chip description to integers: every width, shift, code and table, derived once.

`Chip(config)` holds one frozen configuration a block; golden, RTL and tests all take these.
"""

from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor, log2

import numpy as np

from . import codes, cost, samples, ttv2
from .config import ChipConfig, ConfigError
from .correlator import Correlator
from .crossbar import Crossbar
from .devices import SIGMA, SPREAD_BITS, Devices
from .fixed import bits_for, limit
from .layout import Layout
from .neuron import Neuron
from .optimizer import RATE_BITS, Optimizer
from .sequencer import Sequencer


@dataclass(frozen=True)
class Chip:
    """Integer configuration of every block of one chip.

    Parameters
    ----------
    config : ChipConfig
        The chip description, real units.

    Raises
    ------
    ConfigError
        A combination that no integer configuration can hold; one sentence with the key and the range.
    """

    config: ChipConfig

    def __post_init__(self) -> None:
        for block in (self.cost, self.correlator, self.crossbar, self.optimizer, self.ttv2, self.devices):
            del block

    @cached_property
    def layout(self) -> Layout:
        """Order of the parameters in words of lanes."""
        return Layout(tuple(self.config.network.layers), self.config.engine.lanes)

    @cached_property
    def sequencer(self) -> Sequencer:
        """Time constants."""
        p = self.config.perturbation
        return Sequencer(p.tau_p, p.tau_x, p.tau_theta)

    @cached_property
    def codes(self) -> codes.Codes:
        """Code generator."""
        return codes.Codes(codes.KINDS[self.config.perturbation.code], self.config.seed, self.layout.parameters)

    @cached_property
    def samples(self) -> samples.Samples:
        """Sample memory."""
        data = self.config.data
        layers = self.layout.layers
        return samples.Samples(samples.ORDERS[data.order], self.config.seed, data.train, layers[0], layers[-1])

    @cached_property
    def polarity(self) -> int:
        """Polarity of rail 1: 0 (forward) or -1 (antithetic); rail 0 has +1."""
        return -1 if self.cost.mode == cost.ANTITHETIC else 0

    # The units of one LSB.

    @cached_property
    def state_unit(self) -> float:
        """Weight that one LSB of theta, or of a device's state, stands for."""
        return self.config.weights.range / (1 << (self.config.weights.bits - 1))

    @cached_property
    def weight_unit(self) -> float:
        """Weight that one LSB of a cell's DAC stands for."""
        return self.config.weights.range / (1 << (self.config.weights.dac_bits - 1))

    @cached_property
    def gradient_unit(self) -> float:
        """dC/dtheta that one LSB of G stands for: C~ s / a."""
        return self.cost.unit / (self.crossbar.amplitude * self.weight_unit)

    # The blocks.

    @cached_property
    def crossbar(self) -> Crossbar:
        """Converters and sums of the array."""
        weights, array = self.config.weights, self.config.array
        amplitude = max(1, round(self.config.perturbation.amplitude / self.weight_unit))
        full = limit(array.input_bits)
        product = self.weight_unit / full
        shift = round(log2(array.adc_bound / limit(array.adc_bits) / product))
        largest = max(self.layout.columns) * ((1 << (weights.dac_bits - 1)) + amplitude) * full
        if not 0 <= shift <= 30:
            finest = product * limit(array.adc_bits)
            raise self._error(
                "array.adc_bound", array.adc_bound,
                f"makes an ADC step of 2**{shift} steps of the sum; "
                f"allowed are numbers from {finest:.3g} to {2.0**30 * finest:.3g}",
            )  # fmt: skip
        return Crossbar(
            weights.bits, weights.dac_bits, array.input_bits, array.adc_bits, shift, amplitude, bits_for(largest)
        )

    @cached_property
    def neuron(self) -> Neuron:
        """Activation tables."""
        array = self.config.array
        unit = self.weight_unit / self.crossbar.one * 2.0**self.crossbar.adc_shift
        return Neuron(self.config.activations, array.adc_bits, unit, array.input_bits, array.output_bits)

    @cached_property
    def cost(self) -> cost.Cost:
        """Cost unit."""
        section = self.config.cost
        return cost.Cost(
            cost.FUNCTIONS[section.function], cost.MODES[section.mode], section.bits,
            self.config.array.output_bits, self.layout.layers[-1],
        )  # fmt: skip

    @cached_property
    def correlator(self) -> Correlator:
        """Correlator; G holds a whole window."""
        window = self.config.perturbation.tau_theta
        return Correlator(self.config.cost.bits, self.config.cost.bits + ceil(log2(window)))

    @cached_property
    def optimizer(self) -> Optimizer | None:
        """Optimizer of the `digital` path."""
        if self.config.update.path != "digital":
            return None
        unit = self.state_unit / self.gradient_unit
        key, _, largest = max(self._etas, key=lambda entry: entry[2])
        shift = floor(log2(((1 << RATE_BITS) - 1) * unit / largest))
        if not 0 <= shift <= 30:
            raise self._error(
                key, largest,
                "cannot be held by the 8-bit rate register; allowed with these widths are "
                f"{128 * unit / 2**30:.2g} to {255 * unit:.2g}",
            )  # fmt: skip
        schedule = tuple((start, round(eta / unit * 2.0**shift)) for _, start, eta in self._etas)
        key, _, smallest = min(self._etas, key=lambda entry: entry[2])
        if min(rate for _, rate in schedule) < 1:
            raise self._error(
                key, smallest,
                f"is rounded to zero by the 8-bit rate register beside a step size of {largest:g}; "
                f"allowed are numbers from {unit / 2**shift:.2g}",
            )  # fmt: skip
        return Optimizer(self.config.weights.bits, self.correlator.bits, shift, schedule)

    @cached_property
    def devices(self) -> Devices | None:
        """Devices of the `filtered` path."""
        section = self.config.device
        if section is None:
            return None
        full = limit(self.config.weights.bits)
        bound = round(section.bound * full)

        def spread(sigma: float) -> int:
            return round(sigma * (1 << SPREAD_BITS) / SIGMA)

        return Devices(
            section.model == "soft-bounds", self.config.seed, self.config.weights.bits,
            max(1, round(2 * bound / section.states)), bound,
            spread(section.step_spread), spread(section.asymmetry), spread(section.bound_spread),
            spread(section.cycle_noise),
        )  # fmt: skip

    @cached_property
    def ttv2(self) -> ttv2.Ttv2 | None:
        """Filter of the `filtered` path; T = dw / eta in units of G."""
        if self.devices is None:
            return None
        update = self.config.update
        step = self.devices.step * self.state_unit
        unit = step / self.gradient_unit
        schedule = tuple((start, round(unit / eta)) for _, start, eta in self._etas)
        bits = bits_for(2 * (max(threshold for _, threshold in schedule) + self.correlator.bound))
        for (key, _, eta), (_, threshold) in zip(self._etas, schedule, strict=True):
            if threshold < 1 or bits_for(2 * (threshold + self.correlator.bound)) > 31:
                raise self._error(
                    key, eta,
                    f"gives a filter threshold of {threshold}; allowed with these widths are etas of "
                    f"{unit / 2**28:.2g} to {unit:.2g}",
                )  # fmt: skip
        return ttv2.Ttv2(bits, self.correlator.bits, ttv2.RESETS[update.reset], update.keep_shift, schedule)

    @property
    def schedule(self) -> tuple[tuple[int, int], ...]:
        """(first step, rate) of the optimizer, or (first step, threshold) of the filter."""
        block = self.ttv2 or self.optimizer
        assert block is not None  # every update path has one of the two
        return block.schedule

    @property
    def _etas(self) -> list[tuple[str, int, float]]:
        """Key, first step and value of every step size."""
        later = enumerate(self.config.update.schedule)
        changes = [(f"update.schedule[{k}][1]", int(step), float(eta)) for k, (step, eta) in later]
        return [("update.eta", 0, self.config.update.eta), *changes]

    def _error(self, key: str, value: object, problem: str) -> ConfigError:
        return ConfigError(f"{self.config.name}: {key}: {value} {problem}.")

    def matrices(self, values: np.ndarray) -> list[np.ndarray]:
        """Cut a parameter vector of shape (P,) into one matrix a layer, shape (neurons, inputs + 1), bias last."""
        layout = self.layout
        return [
            values[first : first + rows * columns].reshape(rows, columns)
            for first, rows, columns in zip(layout.offsets, layout.rows, layout.columns, strict=True)
        ]

    # Codes of real values.

    def line_codes(self, values: np.ndarray) -> np.ndarray:
        """Line codes of inputs within +-1: int32, same shape."""
        return np.rint(np.clip(values, -1, 1) * self.crossbar.one).astype(np.int32)

    def output_codes(self, values: np.ndarray) -> np.ndarray:
        """Output codes of targets within +-1: int32, same shape."""
        return np.rint(np.clip(values, -1, 1) * limit(self.config.array.output_bits)).astype(np.int32)
