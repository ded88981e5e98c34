"""From the chip description to integers: every width, shift, code and table, derived once.

`Chip(config)` holds one frozen configuration a block; golden, RTL and tests all take these.
"""

from dataclasses import dataclass
from functools import cached_property
from math import floor, log2

import numpy as np

from . import codes, cost, outer, samples, tiki_taka, ttv2
from .codes import Codes
from .config import ChipConfig, ConfigError, Device
from .correlator import LEAK_BITS, Correlator
from .crossbar import Crossbar
from .devices import NOISE_BITS, SIGMA, SPREAD_BITS, Devices
from .fixed import bits_for, limit
from .hardware import NOISE_BITS as DEFECT_BITS
from .hardware import RAMP_BITS, SHARE_BITS, Defects, follow
from .hardware import SIGMA as NOISE_SIGMA
from .layout import Layout
from .lines import Lines, lines_of
from .neuron import Neuron
from .optimizer import FRACTION, RATE_BITS, Optimizer
from .pulses import PROBABILITY_BITS, Pulses
from .pulses import RATE_BITS as TRAIN_RATE_BITS
from .sequencer import Sequencer
from .window import Window


FAST_SEED = 0x9E3779B9
"""Added to the seed for the fast array."""


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
        blocks = ("cost", "correlator", "crossbar", "optimizer", "pulses", "tiki_taka", "ttv2", "devices", "defects")
        for block in blocks:
            getattr(self, block)

    @cached_property
    def layout(self) -> Layout:
        """Order of the parameters in words of lanes."""
        return Layout(tuple(self.config.network.layers), self.config.engine.lanes)

    @cached_property
    def sequencer(self) -> Sequencer:
        """Time constants."""
        p, c, e = self.config.perturbation, self.config.cost, self.config.engine
        delay = self.config.array.latency if e.delay is None else e.delay
        return Sequencer(
            p.tau_p, p.tau_x, p.tau_theta, c.refresh, c.average.bit_length() - 1, c.average_c0.bit_length() - 1,
            p.blanking, delay, e.settle,
        )  # fmt: skip

    @cached_property
    def codes(self) -> Codes:
        """Code generator of the perturbations: one value a parameter, or a neuron, or a neuron and line."""
        p, rank_one = self.config.perturbation, self.config.perturbation.code == "rank-one"
        size = self.config.perturbed if not rank_one else self.layout.neurons + outer.lines(self.layout)
        code = Codes(
            codes.RANDOM if rank_one else codes.KINDS[p.code], self.config.seed, size, self.config.peak, *p.frequency
        )
        return self._phased(code, p.phase)

    @cached_property
    def reference(self) -> Codes:
        """Code generator of what the cost is correlated with: the same, or lagging."""
        p = self.config.perturbation
        return self._phased(self.codes, p.phase - p.lag)

    @staticmethod
    def _phased(code: Codes, turns: float) -> Codes:
        period = code.cycle if code.kind == codes.SINUSOIDAL else 1
        return code._replace(phase=round(turns * period) % period)

    @cached_property
    def outer(self) -> outer.Outer | None:
        """Outer products, if perturbations or what the cost is correlated with are such."""
        p = self.config.perturbation
        method = outer.METHODS["rank-one" if p.code == "rank-one" else p.method]
        return outer.Outer(method, self.codes.bits, self.config.array.input_bits) if method else None

    @cached_property
    def samples(self) -> samples.Samples:
        """Sample memory."""
        data = self.config.data
        layers = self.layout.layers
        return samples.Samples(samples.ORDERS[data.order], self.config.seed, data.train, layers[0], layers[-1])

    @cached_property
    def polarity(self) -> int:
        """Polarity of rail 1: -1 (antithetic) or 0; rail 0 has +1."""
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
        """dC/dtheta that one LSB of G stands for: C~ s / a^2, with s in units that the correlator sees."""
        unit = self.cost.unit / self.weight_unit
        if self.codes.kind == codes.SINUSOIDAL:
            unit /= self.codes.mean_square
        else:
            unit /= self.crossbar.amplitude
        if self.outer and self.outer.method != outer.RANK_ONE:
            unit /= self.crossbar.one
        if self.correlator.leaky:
            unit *= self.correlator.leak / (1 << LEAK_BITS)
        return unit

    # The blocks.

    @cached_property
    def crossbar(self) -> Crossbar:
        """Converters and sums of the array."""
        weights, array = self.config.weights, self.config.array
        amplitude = max(1, round(self.config.perturbation.amplitude / self.weight_unit))
        if self.codes.kind == codes.SINUSOIDAL:
            amplitude = 1
        full = limit(array.input_bits)
        product = self.weight_unit / full
        shift = round(log2(array.adc_bound / limit(array.adc_bits) / product))
        largest = max(self.layout.columns) * ((1 << (weights.dac_bits - 1)) + amplitude * self.codes.peak) * full
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
            round(section.tau_hp / (section.tau_hp + 1) * (1 << cost.DECAY_BITS)) if section.mode == "analog" else 0,
        )  # fmt: skip

    @cached_property
    def correlator(self) -> Correlator:
        """Correlator; G holds a window of the largest tau_theta."""
        engine, leaky = self.config.engine, self.config.cost.mode == "analog"
        leak = round((1 << LEAK_BITS) / (self.config.perturbation.tau_theta + 1)) if leaky else 0
        factor_bits = self.outer.factor_bits if self.outer else self.codes.bits
        return Correlator(
            self.config.cost.bits, self.config.gradient_bits, factor_bits, leaky, leak,
            engine.window, engine.gradient == "replay",
        )  # fmt: skip

    @cached_property
    def window(self) -> Window | None:
        """Window of the correlator, if it takes several costs in one pass."""
        if self.correlator.window == 1:
            return None
        bits = self.config.cost.bits
        held = bits + (self.config.largest[0] - 1).bit_length()
        return Window(self.correlator.window, bits, held, self.reference)

    @cached_property
    def optimizer(self) -> Optimizer | None:
        """Optimizer of the `digital` path."""
        if self.config.update.path != "digital":
            return None
        update = self.config.update
        factors = update.layers or (1.0,) * len(self.layout.rows)
        unit = self.state_unit / self.gradient_unit
        key, _, largest = max(self._etas, key=lambda entry: entry[2])
        shift = floor(log2(((1 << RATE_BITS) - 1) * unit / largest))
        least = FRACTION if update.momentum else 0
        if not least <= shift <= 30:
            raise self._error(
                key, largest,
                "cannot be held by the 8-bit rate register; allowed with these widths are "
                f"{128 * unit / 2**30:.2g} to {255 * unit / 2**least:.2g}",
            )  # fmt: skip
        schedule = tuple(
            (start, tuple(round(eta * factor / unit * 2.0**shift) for factor in factors))
            for _, start, eta in self._etas
        )
        smallest = unit / 2**shift
        for (key, _, eta), (_, rates) in zip(self._etas, schedule, strict=True):
            for k, (factor, rate) in enumerate(zip(factors, rates, strict=True)):
                if factor and not rate and eta < smallest:
                    raise self._error(
                        key, eta,
                        f"is rounded to zero by the 8-bit rate register beside a step size of {largest:g}; "
                        f"allowed are numbers from {smallest:.2g}",
                    )  # fmt: skip
                if factor and not rate:
                    raise self._error(
                        f"update.layers[{k}]", factor,
                        f"times {key} = {eta:g} is rounded to zero by the 8-bit rate register beside a step size of "
                        f"{largest:g}; allowed are 0 and numbers from {smallest / eta:.2g} to 1",
                    )  # fmt: skip
        momentum = min(255, round(update.momentum * 256))
        return Optimizer(
            self.config.weights.bits, self.correlator.bits, shift, schedule, momentum,
            update.rounding == "stochastic", self.config.seed,
        )  # fmt: skip

    @cached_property
    def devices(self) -> Devices | None:
        """Devices whose states are the weights: those of the `filtered` path, or of the slow array C."""
        return self._devices(self.config.device, self.config.seed)

    @cached_property
    def fast(self) -> Devices | None:
        """Devices of the fast array A; draws of their own."""
        return self._devices(self.config.fast, (self.config.seed + FAST_SEED) & 0xFFFFFFFF)

    def _devices(self, section: Device | None, seed: int) -> Devices | None:
        if section is None:
            return None
        full = limit(self.config.weights.bits)
        bound = round(section.bound * full)

        def spread(sigma: float) -> int:
            return round(sigma * (1 << SPREAD_BITS) / SIGMA)

        return Devices(
            section.model == "soft-bounds", seed, self.config.weights.bits,
            max(1, round(2 * bound / section.states)), bound,
            spread(section.step_spread), spread(section.asymmetry), spread(section.bound_spread),
            spread(section.cycle_noise),
        )  # fmt: skip

    @cached_property
    def defects(self) -> Defects | None:
        """Noise and defects of the array; None if there are none."""
        section, taus = self.config.defects, 2 if self.cost.mode == cost.ANTITHETIC else 1
        if section is None or not any(section.model_dump().values()):
            return None
        scale = 1 / (self.cost.unit * taus)  # LSBs of S in a unit of C
        sizes = (("cost_noise", scale, "S"), ("update_noise", 1 / self.state_unit, "theta"))
        for key, lsbs, word in sizes:
            value = getattr(section, key)
            if 0 < value * lsbs < 0.5:  # rounding would hide it
                raise self._error(
                    f"defects.{key}", value,
                    f"is less than half an LSB of {word}; allowed are 0 and numbers from {0.5 / lsbs:.2g}",
                )  # fmt: skip
        noise, other = (round(getattr(section, key) * lsbs / NOISE_SIGMA * (1 << DEFECT_BITS)) for key, lsbs, _ in sizes)
        return Defects(
            self.config.seed, noise, other, round(section.cost_drift * scale * (1 << RAMP_BITS)),
            follow(section.bandwidth * taus), (1 << self.cost.sum_bits) - 1, section.activation_spread,
            section.dac_nonlinearity, section.adc_nonlinearity,
            round(section.stuck * (1 << SHARE_BITS)), round(section.flipped * (1 << SHARE_BITS)),
        )  # fmt: skip

    @cached_property
    def ttv2(self) -> ttv2.Ttv2 | None:
        """Filter of the paths `filtered` and `tiki-taka`; T = dw / eta in units of G, or of readings of A."""
        if self.devices is None:
            return None
        update, transfer = self.config.update, self.config.transfer
        unit = self.devices.step * self.state_unit / (self.gradient_unit if self.tiki_taka is None else self._reading)
        schedule = tuple((start, round(unit / eta)) for _, start, eta in self._etas)
        reset = ttv2.RESETS[update.reset]
        if self.tiki_taka:
            bound = limit(transfer.bits)
            for key, _, eta in self._etas:
                if not 1 <= round(unit / eta) <= bound:
                    raise self._error(
                        key, eta,
                        f"gives a filter threshold of {round(unit / eta)}; allowed with transfer.bits = {transfer.bits} "
                        f"and this ADC are etas of {unit / bound:.2g} to {unit:.2g}",
                    )  # fmt: skip
            return ttv2.Ttv2(
                transfer.bits, self.tiki_taka.read_bits, reset, update.keep_shift, schedule,
                fraction=transfer.fraction, leak=transfer.leak, mean=transfer.means,
            )  # fmt: skip
        bits = bits_for(2 * (max(threshold for _, threshold in schedule) + self.correlator.bound))
        for (key, _, eta), (_, threshold) in zip(self._etas, schedule, strict=True):
            if threshold < 1 or bits_for(2 * (threshold + self.correlator.bound)) > 31:
                raise self._error(
                    key, eta,
                    f"gives a filter threshold of {threshold}; allowed with these widths are etas of "
                    f"{unit / 2**28:.2g} to {unit:.2g}",
                )  # fmt: skip
        return ttv2.Ttv2(bits, self.correlator.bits, reset, update.keep_shift, schedule)

    # The path `tiki-taka`.

    @cached_property
    def lines(self) -> Lines | None:
        """Lines of the fast array."""
        return lines_of(self.layout, self.config.transfer.lines == "rows") if self.config.fast else None

    @cached_property
    def tiki_taka(self) -> tiki_taka.TikiTaka | None:
        """Reading of the fast array, and choppers."""
        fast, transfer = self.config.fast, self.config.transfer
        if fast is None:
            return None
        period = transfer.chopper_period.bit_length() - 1 if transfer.chopper_period else tiki_taka.RANDOM
        scans = transfer.chopper_period or (round(1 / transfer.chopper) if transfer.chopper else 0)
        finest, bound = self.state_unit * limit(fast.adc_bits), fast.adc_bound or self.config.weights.range
        shift = round(log2(bound / finest))
        if not 0 <= shift <= self.config.weights.bits:
            raise self._error(
                "fast.adc_bound", bound,
                f"makes an ADC step of 2**{shift} steps of a state; "
                f"allowed are numbers from {finest:.3g} to {finest * 2**self.config.weights.bits:.3g}",
            )  # fmt: skip
        return tiki_taka.TikiTaka(
            self.config.seed, transfer.lines == "rows", fast.adc_bits, shift,
            round(fast.read_noise / self.state_unit * (1 << NOISE_BITS) / SIGMA),
            round(transfer.chopper * 65536), period, scans + 1 if transfer.means else 0,
        )  # fmt: skip

    @cached_property
    def exponents(self) -> np.ndarray:
        """log2 of what H is rescaled by, from the first on, in each entry of the schedule: int64 array."""
        rescales = self.config.transfer.change == "rescale"
        etas = [eta for _, _, eta in self._etas]
        return np.array([round(log2(etas[0] / eta)) if rescales else 0 for eta in etas], np.int64)

    @property
    def _reading(self) -> float:
        """Weight that one LSB of H stands for."""
        assert self.tiki_taka is not None
        return self.state_unit * 2.0 ** (self.tiki_taka.read_shift - self.config.transfer.fraction)

    @cached_property
    def pulses(self) -> Pulses | None:
        """Pulse trains onto the fast array: rate times the gradient estimate, in steps of its devices."""
        fast, devices = self.config.fast, self.fast
        if fast is None or devices is None:
            return None
        rank_one = self.config.perturbation.code == "rank-one"
        line_bits = 2 if rank_one else self.config.array.input_bits
        gain = self.cost.unit / (self.crossbar.amplitude * self.weight_unit) / (devices.step * self.state_unit)
        gain *= 2.0**PROBABILITY_BITS / fast.slots
        if not rank_one:  # full scale is a probability of 2**-(b-1) less than 1
            gain *= (1 << (line_bits - 1)) / self.crossbar.one
        shift = floor(log2(((1 << TRAIN_RATE_BITS) - 1) / (gain * fast.rate)))
        if not 0 <= shift <= 30:
            low, high = (255 / (gain * 2.0**k) for k in (30, 0))
            raise self._error(
                "fast.rate", fast.rate,
                f"cannot be held by the 8-bit rate of the pulse trains; allowed with these widths are {low:.2g} to {high:.2g}",
            )  # fmt: skip
        return Pulses(
            self.fast.seed, fast.slots, fast.trains == "deterministic", fast.management, self.layout.neurons,
            outer.lines(self.layout), self.codes.bits, line_bits, self.config.cost.bits - 1,
            round(gain * fast.rate * 2.0**shift), shift,
        )  # fmt: skip

    @property
    def schedule(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """(first step, rates of the layers) of the optimizer, or (first step, (threshold,)) of the filter."""
        if self.ttv2 and self.lines:
            # A layer of few lines has each read the more often: its threshold is the higher.
            most = max(count for count, _ in self.lines.layers)
            factors = [most / count for count, _ in self.lines.layers]
            bound = self.ttv2.bound
            return tuple(
                (start, tuple(min(round(threshold * factor), bound) for factor in factors))
                for start, threshold in self.ttv2.schedule
            )
        if self.ttv2:
            return tuple((start, (threshold,)) for start, threshold in self.ttv2.schedule)
        assert self.optimizer is not None  # every update path has one of the two
        return self.optimizer.schedule

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
