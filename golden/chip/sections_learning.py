"""Tables of the chip file about cost, perturbation and update; see `golden.chip.sections`."""

from typing import Annotated, Literal

from ..blocks.measure.cost import FUNCTIONS, MODES
from ..blocks.perturb.codes import KINDS
from ..blocks.perturb.outer import METHODS
from ..blocks.update.ttv2 import RESETS
from .paths import PATHS
from .rules import choices, integers, listing, numbers, one_of
from .sections import Factor, Rate, Readings, Scale, Section, Step

Tau = Annotated[int, integers(1, 2**20)]
Turns = Annotated[float, numbers(0, 1)]
Frequency = Annotated[
    tuple[Annotated[int, integers(1, 4096)], ...], listing(2, 2, "frequencies, the first and the spacing")
]
Change = Annotated[tuple[Step, Rate], listing(2, 2, "numbers, a step and an eta")]
Schedule = Annotated[tuple[Change, ...], listing(0, 15, "pairs [step, eta]")]


class Cost(Section):
    """Cost function, how C~ is measured, and the width of C~ in bits, sign included.

    S comes from the network's outputs, or as words from outside, so wide, signed or not, of which one LSB is so much
    of C. Mode forward only: C0 is measured every `refresh` steps; 0 is whenever the sample or theta changed.
    Mode analog only: time constant of the high-pass, in steps. The means are over so many readings.
    """

    source: Literal["outputs", "external"] = "outputs"
    word_bits: Annotated[int, integers(2, 24)] = 16
    signed: bool = False
    unit: Annotated[float, numbers(0, 1e9, above=True)] = 1.0
    function: Annotated[str, one_of(*FUNCTIONS)] = "mse"
    mode: Annotated[str, one_of(*MODES)] = "antithetic"
    bits: Annotated[int, integers(4, 23)] = 20
    refresh: Annotated[int, integers(0, 2**20)] = 1
    average: Readings = 1
    average_c0: Readings = 1
    tau_hp: Annotated[float, numbers(0, 60000, above=True)] = 10.0


class Perturbation(Section):
    """What is perturbed by which code, by how much in weight units, and MGD's time constants in steps.

    Code sinusoidal only: first frequency and spacing, in cycles per period of the code; phase, and how far
    the correlator's reference lags, in turns. Costs of a sample's first `blanking` steps are not used.
    """

    method: Annotated[str, one_of(*(name for name in METHODS if name != "rank-one"))] = "weight"
    code: Annotated[str, one_of(*KINDS, "rank-one")] = "random"
    amplitude: Scale
    tau_p: Tau = 1
    tau_x: Tau = 1
    tau_theta: Tau = 1
    blanking: Annotated[int, integers(0, 2**20 - 1)] = 0
    frequency: Frequency = (1, 1)
    phase: Turns = 0.0
    lag: Turns = 0.0


class Update(Section):
    """Update path; eta, and its later values as pairs (from this step on, eta).

    Where devices are pulsed: what a pulse leaves of H; `keep` leaves H / 2**keep_shift.
    Where weights are digital: gamma of the momentum; rounding to theta; factor of eta for each layer, 0 freezes it.
    Each path names the keys that it takes (`golden.chip.paths.Path.keys`).
    """

    path: Annotated[str, one_of(*PATHS)]
    eta: Rate
    schedule: Schedule = ()
    reset: Annotated[str, one_of(*RESETS)] = "subtract"
    keep_shift: Annotated[int, integers(1, 8)] = 3
    momentum: Annotated[float, numbers(0, 0.99)] = 0.0
    rounding: Literal["nearest", "stochastic"] = "nearest"
    layers: Annotated[tuple[Factor, ...], listing(0, 7, "factors of eta")] = ()


class Transfer(Section):
    """Path tiki-taka only: lines of A that are read, width of H and its fractional bits, and variants of the filter.

    The filter leaks by 2**-leak a reading. Choppers flip with a probability after each read, or every
    `chopper_period` scans. Mean readings (AGAD) follow by 2**-means a reading, and are subtracted. A later eta
    changes the threshold alone, or rescales H with it.
    """

    lines: Literal["columns", "rows"] = "columns"
    bits: Annotated[int, integers(6, 28)] = 16
    fraction: Annotated[int, integers(0, 12)] = 0
    leak: Annotated[int, integers(0, 12)] = 0
    chopper: Factor = 0.0
    chopper_period: Annotated[int, choices(0, *(2**k for k in range(13)))] = 0
    means: Annotated[int, integers(0, 12)] = 0
    change: Literal["threshold", "rescale"] = "threshold"


class Average(Section):
    """Model extraction: a running average of the weights in digital memory, taken at each update from step `start` on.

    Exponential ones follow by 2**-shift an update; cumulative ones are the mean of 2**shift updates. Width of a word.
    """

    mode: Literal["exponential", "cumulative"] = "exponential"
    shift: Annotated[int, integers(0, 20)] = 8
    start: Annotated[int, integers(0, 2**32 - 1)] = 0
    bits: Annotated[int, integers(4, 32)] = 24
