"""Tables of the chip file about the array, its devices, converters and defects; see `golden.chip.sections`."""

from typing import Annotated, Literal

from ..blocks.array.devices import MODELS
from .front_ends import FRONT_ENDS
from .rules import choices, integers, numbers, one_of
from .sections import Factor, Rate, Readings, Scale, Section

Spread = Annotated[float, numbers(0, 0.3)]
Nanoseconds = Annotated[float, numbers(0, 10**9, above=True)]
Bend = Annotated[float, numbers(-0.5, 0.5)]


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
