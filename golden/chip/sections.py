"""The tables of a chip file: their keys, defaults and what is allowed; `golden.chip.config` puts them together."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from ..blocks.array.devices import MODELS
from ..blocks.measure.cost import FUNCTIONS, MODES
from ..blocks.measure.neuron import ACTIVATIONS
from ..blocks.measure.samples import ORDERS
from ..blocks.perturb.codes import KINDS
from ..blocks.perturb.outer import METHODS
from ..blocks.update.ttv2 import RESETS
from ..data.datasets import SETS
from ..data.own.request import SCALES, Request
from .front_ends import FRONT_ENDS
from .paths import PATHS
from .rules import choices, groups, integers, listing, matching, numbers, one_of, one_or_more, some_labels, some_names

Name = Annotated[
    str, matching("[a-z][a-z0-9_-]{0,39}", "1 to 40 of a-z, 0-9, - and _ after a first letter a-z")
]
Step = Annotated[int, integers(1, 2**32 - 1)]
Tau = Annotated[int, integers(1, 2**20)]
Rate = Annotated[float, numbers(0, 1000, above=True)]
Scale = Annotated[float, numbers(0, 1024, above=True)]
Spread = Annotated[float, numbers(0, 0.3)]
Layers = Annotated[tuple[Annotated[int, integers(1, 4096)], ...], listing(2, 8, "layer sizes")]
Groups = Annotated[tuple[int | tuple[int, int], ...], groups(64, 2**20)]
Readings = Annotated[int, choices(1, 2, 4, 8, 16)]
Turns = Annotated[float, numbers(0, 1)]
Frequency = Annotated[
    tuple[Annotated[int, integers(1, 4096)], ...], listing(2, 2, "frequencies, the first and the spacing")
]
Factor = Annotated[float, numbers(0, 1)]
Nanoseconds = Annotated[float, numbers(0, 10**9, above=True)]
Bend = Annotated[float, numbers(-0.5, 0.5)]
Change = Annotated[tuple[Step, Rate], listing(2, 2, "numbers, a step and an eta")]
Schedule = Annotated[tuple[Change, ...], listing(0, 15, "pairs [step, eta]")]


class Section(BaseModel):
    """A table of the chip file: frozen, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Network(Section):
    """Dense layers: inputs, hidden..., outputs; one activation for all, or one for each layer of weights."""

    layers: Layers
    activation: Annotated[str | tuple[str, ...], one_or_more(*ACTIVATIONS)]


class Parameters(Section):
    """Parameters of an external array whose inside the engine does not know, in place of a network.

    How many, and in which groups: each of so many, or of [rows, columns] where lines and columns of cells matter.
    Groups take the place of layers.
    """

    count: Annotated[int, integers(1, 2**20)]
    groups: Groups = ()


class Data(Section):
    """What is learned; `train` samples lie in the engine's memory and are drawn in this `order`.

    A set by name: by default its usual split (`datasets.SETS`), or what is left of it. Or the user's own files (see
    `golden.data.own.request.Request`), from the chip file's folder on; `golden.chip.config.load` looks into them for
    what is not given of `train` and `test`, and notes their SHA-256.
    """

    set: Annotated[str | None, one_of(*SETS)] = None
    file: Annotated[str | tuple[str, ...] | None, some_names(1, 2, "file or a pair of them")] = None
    test_file: Annotated[str | tuple[str, ...] | None, some_names(1, 2, "file or a pair of them")] = None
    inputs: Annotated[tuple[str, ...], some_names(0, 4096, "columns", alone=False)] = ()
    target: Annotated[str | tuple[str, ...] | None, some_names(1, 4096, "column or a list of them")] = None
    labels: Annotated[tuple[str | int | float, ...], some_labels(4096)] = ()
    split: Annotated[str | None, some_names(1, 1, "column")] = None
    scale: Annotated[str | None, one_of(*SCALES)] = None
    pixels: Annotated[tuple[Annotated[int, integers(1, 1024)], ...], listing(0, 2, "sizes, height and width")] = ()
    sha256: Annotated[str | None, matching("[0-9a-f]{64}", "64 hexadecimal digits")] = None
    train: Annotated[int, integers(1, 65536)] = Field(default_factory=lambda given: _train(given))
    test: Annotated[int, integers(0, 65536)] = Field(default_factory=lambda given: _test(given))
    order: Annotated[str, one_of(*ORDERS)] = "random"

    @property
    def title(self) -> str:
        """What the data are called: the name of the set, or of the file."""
        return self.set or Path(self.request.file[0]).name

    @property
    def request(self) -> Request:
        """What is asked of the user's own files."""
        file, test_file, target = (
            () if value is None else (value,) if isinstance(value, str) else value
            for value in (self.file, self.test_file, self.target)
        )
        labels = tuple(map(str, self.labels))
        return Request(
            file, test_file, self.inputs, target, labels, self.split or "", self.scale or "", self.pixels
        )

    @model_serializer(mode="wrap")
    def _shown(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without the keys of own files where there are none: a set by name is described as it ever was."""
        own = ("file", "test_file", "inputs", "target", "labels", "split", "scale", "pixels", "sha256")
        dropped = {"set"} if self.file else own
        return {key: value for key, value in handler(self).items() if key not in dropped}


class Stream(Section):
    """Samples of an array with an external cost that come by a stream: codes of inputs, and of targets, of each."""

    inputs: Annotated[int, integers(1, 4096)]
    targets: Annotated[int, integers(0, 4096)] = 0


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


class Weights(Section):
    """Word of theta, or of a device's state; its top bits that reach the cell; weight at full scale.

    Initial weights are uniform in +-init.
    """

    bits: Annotated[int, integers(4, 28)] = 20
    dac_bits: Annotated[int, integers(2, 16)] = 12
    range: Scale = 8.0
    init: Annotated[float, numbers(0, 1024)] = 0.3


class Array(Section):
    """The emulated array, or one outside. DACs of the lines; ADCs of the neurons' inputs, and the input at their full
    scale; codes of outputs.

    The cost arrives `latency` steps after its pattern. An array outside may have one rail: then each rail of a step
    is presented by itself, S is the sum of so many readings of it (of a network one), and with `trim` codes of its DACs
    pass tables.
    """

    kind: Literal["emulated", "external"] = "emulated"
    rails: Annotated[int, choices(1, 2)] = 2
    readings: Readings = 1
    trim: bool = False
    input_bits: Annotated[int, integers(2, 12)] = 8
    adc_bits: Annotated[int, integers(4, 14)] = 10
    adc_bound: Scale = 8.0
    output_bits: Annotated[int, integers(2, 14)] = 10
    latency: Annotated[int, integers(0, 15)] = 0


class FrontEnd(Section):
    """Converters between the port of an array outside and that array; a DAC for each parameter, an ADC for the cost.

    Clock of the chip, in Hz, from which times of data sheets become clocks; code of the DACs while nothing runs.
    Kind spi only: buses of the DACs, over which their parts are spread; by how much the serial clocks are slower than
    data sheets allow; whether the DACs' pins BUSY are there, for which an update waits.
    """

    kind: Annotated[str, one_of(*FRONT_ENDS)]
    clock: Annotated[int, integers(10**5, 10**9)] = 10**8
    safe: Annotated[int, integers(0, 65535)] = 2048
    buses: Annotated[int, integers(1, 64)] = 1
    divider: Annotated[int, integers(1, 64)] = 1
    busy: bool = False


class PulseDriver(Section):
    """What pulses the devices of an array outside, one after the other, in a front end.

    Amplitude of a pulse, a code of so many bits; by how much it may be above that of the device's last pulse (default:
    any); nanoseconds before, in and after a pulse; pulses that a device may get.
    """

    level: Annotated[int, integers(1, 65535)]
    bits: Annotated[int, integers(1, 16)] = 12
    step: Annotated[int | None, integers(1, 65535)] = None
    setup: Nanoseconds = 100
    width: Nanoseconds
    dead: Nanoseconds = 100
    limit: Annotated[int, integers(1, 2**31 - 1)]


class Device(Section):
    """Pulsed device: steps in its range, bound as a fraction of full scale, relative spreads and noise."""

    model: Annotated[str, one_of(*MODELS)] = "soft-bounds"
    states: Annotated[int, integers(2, 10000)] = 100
    bound: Annotated[float, numbers(0.05, 0.95)] = 0.6
    step_spread: Spread = 0.3
    bound_spread: Spread = 0.3
    asymmetry: Spread = 0.0
    cycle_noise: Annotated[float, numbers(0, 1)] = 0.3


class Fast(Device):
    """Path tiki-taka only: devices of the fast array A, what is written to it, and the ADC that reads its lines.

    A -= rate * gradient estimate, as pulse trains of so many slots; `management` shares the range of both trains.
    Full scale of the ADC, and noise of a reading, in weight units. Pairs of pulses of the zero-shifting that finds
    the symmetry points.
    """

    rate: Rate = 0.05
    slots: Annotated[int, integers(1, 63)] = 1
    trains: Literal["stochastic", "deterministic"] = "stochastic"
    management: bool = True
    adc_bits: Annotated[int, integers(4, 14)] = 9
    adc_bound: Scale | None = None
    read_noise: Annotated[float, numbers(0, 1024)] = 0.0
    zero_shift: Annotated[int, integers(0, 100000)] = 1000


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


class Defects(Section):
    """Noise and defects of the array, none by default; golden has them, the emulated array of the RTL has not.

    In units of C: standard deviation of the noise of each reading, and slope of a ramp per 10**6 steps; time
    constant of a low-pass on C, in steps. Standard deviation of what each update adds to each weight.
    Activations are L f(k (z - x0)) + y0, of this sigma; DACs of the lines and ADCs bend by n (x^3 - x) of full
    scale. Fractions of the weights that stay at their initial value, or act with the other sign.
    """

    cost_noise: Annotated[float, numbers(0, 10)] = 0.0
    cost_drift: Annotated[float, numbers(-10, 10)] = 0.0
    bandwidth: Annotated[float, numbers(0, 1000)] = 0.0
    update_noise: Annotated[float, numbers(0, 1024)] = 0.0
    activation_spread: Factor = 0.0
    dac_nonlinearity: Bend = 0.0
    adc_nonlinearity: Bend = 0.0
    stuck: Factor = 0.0
    flipped: Factor = 0.0


class Engine(Section):
    """Parameters that the engine handles at a time, and patterns whose costs it correlates in one pass.

    With `gradient = "replay"` there is no memory of G: the costs of a window are replayed at its end. The
    correlator lags by `delay` steps (default: array.latency), and the first conversion waits `settle` clocks.
    Registers may later set tau_p and tau_theta up to the largest ones here (default: those of the file).
    With `settings = "constants"` all settings, the seed and the rates of the schedule stay as they are in the file,
    and logic is saved; with registers one Verilog serves every seed. `calibration` is whether there is a block that
    measures the delay, and then the delay is a register in any case.
    An array outside that does nothing for `timeout` clocks is cut off; 0: never.
    With `bring_up` such an array can be left out: costs come from what would go to it, or a pattern drives its wires.
    With `inference` inputs come by a stream and outputs leave by another at a command of the host; nothing is learnt.
    With `samples = "bits"` the sample memory keeps one bit of each input and target of sets that have two levels.
    """

    lanes: Annotated[int, choices(1, 2, 4, 8, 16, 32, 64)] = 16
    window: Annotated[int, choices(1, 2, 4, 8, 16, 32, 64)] = 1
    gradient: Literal["memory", "replay"] = "memory"
    delay: Annotated[int | None, integers(0, 15)] = None
    settle: Annotated[int, integers(0, 65535)] = 0
    max_tau_p: Annotated[int | None, integers(1, 2**20)] = None
    max_tau_theta: Annotated[int | None, integers(1, 2**20)] = None
    settings: Literal["registers", "constants"] = "registers"
    calibration: bool = True
    timeout: Annotated[int, integers(0, 2**24)] = 2**20
    bring_up: bool = False
    inference: bool = False
    samples: Literal["codes", "bits"] = "codes"


class Run(Section):
    """Length in steps, and the number of checkpoints along it."""

    steps: Step
    checkpoints: Annotated[int, integers(1, 1000)] = Field(
        default_factory=lambda given: min(20, given.get("steps", 20))
    )


def _train(given: dict[str, Any]) -> int:
    return SETS[given["set"]].train if given.get("set") else 1


def _test(given: dict[str, Any]) -> int:
    data = SETS.get(given.get("set") or "")
    return min(data.test, data.room(given["train"])) if data and "train" in given else 0
