"""From the chip description to integers: every width, shift, code and table, derived once.

`Chip(config)` holds one frozen configuration a block; golden, RTL and tests all take these.
"""

from dataclasses import dataclass
from functools import cached_property
from math import log2

import numpy as np

from ..blocks.array.crossbar import Crossbar
from ..blocks.array.rails import OneRail
from ..blocks.control.sequencer import Sequencer
from ..blocks.front_ends.converter_array import ConverterArray
from ..blocks.lib.fixed import bits_for, limit
from ..blocks.lib.layout import Layout
from ..blocks.measure import cost, samples
from ..blocks.measure.neuron import Neuron
from ..blocks.perturb import codes, outer
from ..blocks.perturb.codes import Codes
from ..blocks.update.average import Average
from ..blocks.update.correlator import LEAK_BITS, Correlator
from ..blocks.update.window import Window
from ..data.datasets import SETS
from ..defects import draws as hardware
from ..errors import ConfigError
from .config import ChipConfig
from .front_ends import front_end
from .paths import PATHS, Path


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
        blocks = ("cost", "correlator", "crossbar", "path", "defects")
        for block in blocks:
            getattr(self, block)

    @cached_property
    def layout(self) -> Layout:
        """Order of the parameters in words of lanes."""
        config = self.config
        layers, groups = (config.network.layers, ()) if config.network else ((), config.groups)
        return Layout(tuple(layers), config.engine.lanes, groups)

    @cached_property
    def emulated(self) -> bool:
        """Whether golden and RTL have the array; else it is outside, and what its devices hold is not known."""
        return self.config.array.kind == "emulated"

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
    def factor_codes(self) -> Codes:
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
        return outer.Outer(method, self.codes.bits, self.config.array.input_bits) if method != outer.WEIGHT else None

    @property
    def lined(self) -> bool:
        """Whether the cost is correlated with line codes too; an array with an external cost gives them."""
        return self.outer is not None and self.outer.method != outer.RANK_ONE

    @cached_property
    def samples(self) -> samples.Samples:
        """Sample memory; of one sample where they come by a stream, without codes where they are the array's own."""
        data, stream, layers = self.config.data, self.config.stream, self.layout.layers
        if data is None:
            inputs, targets = (stream.inputs, stream.targets) if stream else (0, 0)
            return samples.Samples(samples.CYCLIC, self.config.seed, 1, inputs, targets)
        if not layers:
            whole = SETS[data.set or ""]  # the checks of the file have seen that it is one by name
            layers = whole.inputs, whole.outputs
        return samples.Samples(samples.ORDERS[data.order], self.config.seed, data.train, layers[0], layers[-1])

    @cached_property
    def levels(self) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """Where the sample memory keeps one bit a code: the lower and the upper code of inputs, and of targets."""
        if self.config.engine.samples == "codes":
            return None
        levels = SETS[self.config.dataset.set or ""].levels
        assert levels is not None  # the checks of the file have seen them
        inputs, targets = self.line_codes(np.array(levels[0])), self.output_codes(np.array(levels[1]))
        return (int(inputs[0]), int(inputs[1])), (int(targets[0]), int(targets[1]))

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
        if not self.config.network:
            return Crossbar(weights.bits, weights.dac_bits, array.input_bits, 0, 0, amplitude, 0)
        full = limit(array.input_bits)
        product = self.weight_unit / full
        shift = round(log2(array.adc_bound / limit(array.adc_bits) / product))
        largest = max(self.layout.columns) * ((1 << (weights.dac_bits - 1)) + amplitude * self.codes.peak) * full
        if not 0 <= shift <= 30:
            finest = product * limit(array.adc_bits)
            raise self.error(
                "array.adc_bound", array.adc_bound,
                f"makes an ADC step of 2**{shift} steps of the sum; "
                f"allowed are numbers from {finest:.3g} to {2.0**30 * finest:.3g}",
            )  # fmt: skip
        return Crossbar(
            weights.bits, weights.dac_bits, array.input_bits, array.adc_bits, shift, amplitude, bits_for(largest)
        )

    @cached_property
    def neuron(self) -> Neuron:
        """Activation tables; ConfigError of a chip without a network."""
        array = self.config.array
        unit = self.weight_unit / self.crossbar.one * 2.0**self.crossbar.adc_shift
        return Neuron(self.config.activations, array.adc_bits, unit, array.input_bits, array.output_bits)

    @cached_property
    def cost(self) -> cost.Cost:
        """Cost unit."""
        section, outside = self.config.cost, self.config.cost.source == "external"
        word = None
        if outside:
            times = self.config.array.readings
            bits = section.word_bits + times.bit_length() - 1
            word = cost.Word(bits, section.signed, section.unit / times)
        return cost.Cost(
            cost.FUNCTIONS[section.function], cost.MODES[section.mode], section.bits,
            self.config.array.output_bits, 0 if outside else self.layout.layers[-1],
            round(section.tau_hp / (section.tau_hp + 1) * (1 << cost.DECAY_BITS)) if section.mode == "analog" else 0,
            word,
        )  # fmt: skip

    @cached_property
    def rail(self) -> OneRail | None:
        """What stands between the engine and an array with one rail."""
        array, word = self.config.array, self.config.cost
        if array.rails == 2:
            return None
        return OneRail(
            self.crossbar.weight_bits, self.crossbar.amplitude, self.codes.bits, self.polarity,
            word.word_bits, word.signed, array.readings.bit_length() - 1, array.trim,
        )  # fmt: skip

    @property
    def alternates(self) -> bool:
        """Whether sweeps show one rail after the other: a network with one, whose neurons are in the engine."""
        return self.rail is not None and self.cost.word is None

    @cached_property
    def front_end(self) -> ConverterArray | None:
        """What stands between the port of an array outside and that array, if the chip file says."""
        return front_end(self.config)

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
        return Window(self.correlator.window, bits, held, self.factor_codes)

    @cached_property
    def average(self) -> Average | None:
        """Running average of the weights' codes."""
        section = self.config.average
        return section and Average(self.crossbar.weight_bits, section.bits, section.mode == "cumulative")

    @cached_property
    def defects(self) -> hardware.Defects | None:
        """Noise and defects of the array; None if there are none."""
        section, taus = self.config.defects, 2 if self.cost.mode == cost.ANTITHETIC else 1
        if section is None or not any(section.model_dump().values()):
            return None
        scale = 1 / (self.cost.unit * taus)  # LSBs of S in a unit of C
        sizes = (("cost_noise", scale, "S"), ("update_noise", 1 / self.state_unit, "theta"))
        for key, lsbs, word in sizes:
            value = getattr(section, key)
            if 0 < value * lsbs < 0.5:  # rounding would hide it
                raise self.error(
                    f"defects.{key}", value,
                    f"is less than half an LSB of {word}; allowed are 0 and numbers from {0.5 / lsbs:.2g}",
                )  # fmt: skip
        unit = (1 << hardware.NOISE_BITS) / hardware.SIGMA
        noise, other = (round(getattr(section, key) * lsbs * unit) for key, lsbs, _ in sizes)
        return hardware.Defects(
            self.config.seed, noise, other, round(section.cost_drift * scale * (1 << hardware.RAMP_BITS)),
            hardware.follow(section.bandwidth * taus), (1 << self.cost.sum_bits) - 1, section.activation_spread,
            section.dac_nonlinearity, section.adc_nonlinearity,
            round(section.stuck * (1 << hardware.SHARE_BITS)), round(section.flipped * (1 << hardware.SHARE_BITS)),
        )  # fmt: skip

    @cached_property
    def path(self) -> Path:
        """Update path: its blocks, memories, streams and units."""
        return PATHS[self.config.update.path].derive(self)

    @property
    def etas(self) -> list[tuple[str, int, float]]:
        """Key, first step and value of every step size."""
        later = enumerate(self.config.update.schedule)
        changes = [(f"update.schedule[{k}][1]", int(step), float(eta)) for k, (step, eta) in later]
        return [("update.eta", 0, self.config.update.eta), *changes]

    def error(self, key: str, value: object, problem: str) -> ConfigError:
        """Error of a key; the problem names what is allowed."""
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
