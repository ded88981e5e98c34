"""A second reading of the equations, in plain Python and exact integers, that the golden model is held against.

Written from the docstrings of `golden` and from the papers, slow and without its code: nothing here
imports it. A `chip` is asked for its configuration only. `tests.replay` puts the parts together.
"""

from fractions import Fraction
from math import exp, floor, pi, sin, tanh

BLOCK, ROUNDS = 32, 8
PATTERN, SAMPLE, DEVICE, CYCLE, ROUNDING = range(5)
SINE_BITS = 12
SOFT_BOUNDS = 0


def nearest(x: Fraction) -> int:
    """Nearest integer, halves away from zero."""
    return floor(x + Fraction(1, 2)) if x >= 0 else -floor(Fraction(1, 2) - x)


def clipped(x: int, bound: int) -> int:
    return sorted((-bound, x, bound))[1]


# Random words: Speck32 of Beaulieu et al. 2013, x' = (x >>> 7) + y ^ k, y' = (y <<< 2) ^ x'.


def speck_round(x: int, y: int, key: int) -> tuple[int, int]:
    rotated = (x // 2**7 + x * 2**9) % 2**16
    x = (rotated + y) % 2**16 ^ key
    return x, (y * 2**2 % 2**16 + y // 2**14) ^ x


def mix(keys, counter: int) -> int:
    x, y = divmod(counter, 2**16)
    for r in range(ROUNDS):
        x, y = speck_round(x, y, keys[r % 4] ^ r)
    return x * 2**16 + y


def key(seed: int, domain: int, number: int) -> tuple[int, int, int, int]:
    words = [mix((half, seed % 2**16, seed // 2**16, domain), number) for half in (0, 1)]
    return words[0] % 2**16, words[0] // 2**16, words[1] % 2**16, words[1] // 2**16


# Codes.


def power_of_two(least: int) -> int:
    """Smallest power of two that is no less."""
    length = 1
    while length < least:
        length *= 2
    return length


def period(codes) -> int:
    """Patterns after which all sines start again: more than two of them a cycle of the fastest one."""
    fastest = codes.first + (codes.size - 1) * codes.spacing
    return power_of_two(2 * fastest + 3)


def sine(codes, i: int, pattern: int) -> int:
    """round(peak sin(2 pi (p f_i + phase) / period)), the phase cut to at most 2**12 steps a turn."""
    length = period(codes)
    phase = (pattern * (codes.first + i * codes.spacing) + codes.phase) % length
    steps = min(length, 2**SINE_BITS)
    return round(codes.peak * sin(2 * pi * (phase * steps // length) / steps))


def signs(codes, pattern: int) -> list[int]:
    """Values of a code; `codes` has kind, seed, size and what the kind needs besides: stride, or the sine's."""
    kind = ("random", "sequential", "walsh", "walsh-upper", "sinusoidal")[codes.kind]
    if kind == "sequential":
        return [int(i == pattern * codes.stride % codes.size) for i in range(codes.size)]
    if kind == "sinusoidal":
        return [sine(codes, i, pattern) for i in range(codes.size)]
    if kind == "random":
        keys = key(codes.seed, PATTERN, pattern)
        words = [mix(keys, b) for b in range(codes.size // BLOCK + 1)]
        return [1 - 2 * (words[i // BLOCK] >> i % BLOCK & 1) for i in range(codes.size)]
    half = power_of_two(max(codes.size, 2))
    first, length = (half, 2 * half) if kind == "walsh-upper" else (0, half)
    cycle, column = divmod(pattern, length)
    return [(-1) ** ((first + i & column).bit_count() + cycle) for i in range(codes.size)]


def matrix(layers, of) -> list[int]:
    """Value `of(layer, neuron, line)` of each parameter; neurons and lines count through all layers."""
    values, neuron, line = [], 0, 0
    for k, (inputs, neurons) in enumerate(zip(layers, layers[1:], strict=False)):
        values += [of(k, neuron + j, line + c) for j in range(neurons) for c in range(inputs + 1)]
        neuron, line = neuron + neurons, line + inputs + 1
    return values


def sample(samples, number: int) -> int:
    if ("cyclic", "random")[samples.order] == "cyclic":
        return number % samples.size
    return mix(key(samples.seed, SAMPLE, 0), number) * samples.size // 2**32


# Network and cost.

ACTIVATIONS = {
    "tanh": tanh,
    "sigmoid": lambda z: 1 / (1 + exp(-z)),
    "relu": lambda z: max(z, 0.0),
    "linear": lambda z: z,
}


def activation(name: str, z: float, full: int) -> int:
    """Code of an activation: +-`full` stands for +-1."""
    return round(min(max(ACTIVATIONS[name](z), -1.0), 1.0) * full)


def network(chip, theta, steps, polarity: int, inputs) -> tuple[list[int], list[int]]:
    """ADC and activation codes of all neurons on the rail theta + polarity a steps."""
    array, layout = chip.crossbar, chip.layout
    adc, act, lines, first = [], [], list(inputs), 0
    for k, neurons in enumerate(layout.layers[1:]):
        last = k == len(layout.layers) - 2
        full = 2 ** ((chip.config.array.output_bits if last else chip.config.array.input_bits) - 1) - 1
        x = [*lines, 2 ** (array.line_bits - 1) - 1]
        lines = []
        for _ in range(neurons):
            cells = range(first, first + len(x))
            weights = [theta[i] // 2**array.drop + polarity * array.amplitude * steps[i] for i in cells]
            total = sum(w * line for w, line in zip(weights, x, strict=True))
            code = clipped(nearest(Fraction(total, 2**array.adc_shift)), 2 ** (array.adc_bits - 1) - 1)
            adc.append(code)
            lines.append(activation(chip.config.activations[k], code * chip.neuron.adc_unit, full))
            first += len(x)
        act += lines
    return adc, act


def cost_sum(function: str, outputs, targets) -> int:
    """S of one rail: twice the cost, in codes."""
    errors = [o - t for o, t in zip(outputs, targets, strict=True)]
    return sum(e * e for e in errors) if function == "mse" else 2 * sum(abs(e) for e in errors)


# Devices.


def normal(word: int) -> int:
    """Sum of four uniform 4-bit numbers, less its mean."""
    return sum(word >> 4 * k & 15 for k in range(4)) - 30


def device(devices, i: int) -> list[int]:
    """Step up, down; slope up, down; bound up, down of device i."""
    n_step, n_skew, *n_bound = map(normal, key(devices.seed, DEVICE, i))
    base = devices.step * (4096 + devices.step_spread * n_step) // 4096
    skew = devices.step * devices.asymmetry * n_skew // 4096
    steps = [max(base + skew, 1), max(base - skew, 1)]
    bounds = [devices.bound * (4096 + devices.bound_spread * n) // 4096 for n in n_bound]
    bounds = [min(max(b, 1), 2 ** (devices.bits - 1) - 1) for b in bounds]
    slopes = [s * 65536 // b if devices.model == SOFT_BOUNDS else 0 for s, b in zip(steps, bounds, strict=True)]
    return [*steps, *slopes, *bounds]


def pulse(row, state: int, polarity: int, noise: int, n: int) -> int:
    """State after a pulse: dw (1 - w / bound) (1 + noise n / 4096), then the bounds."""
    step, slope = (row[0], row[2]) if polarity > 0 else (row[1], row[3])
    step -= slope * state * polarity // 65536
    return sorted((-row[5], state + polarity * (step * (4096 + noise * n) // 4096), row[4]))[1]


def cycle_normal(seed: int, number: int, i: int) -> int:
    """Draw of device i at transfer `number`: half a word each."""
    return normal(mix(key(seed, CYCLE, number), i // 2) >> 16 * (i % 2))


# Update.


def rounded(x: int, bits: int, draw: int | None) -> int:
    """x / 2**bits: to nearest, or down after adding 16 random bits' fraction of an LSB."""
    if draw is None:
        return nearest(Fraction(x, 2**bits))
    # Of fewer bits the draw's upper ones are added; of more, the middle of the draw's step.
    added = Fraction(draw * 2**bits, 2**16)
    added = added + Fraction(2**bits, 2**17) if bits > 16 else floor(added)
    return floor((x + added) / 2**bits)


def rounding_draw(seed: int, step: int, i: int) -> int:
    """16 bits of parameter i at a step: half a word each."""
    return mix(key(seed, ROUNDING, step), i // 2) >> 16 * (i % 2) & 0xFFFF


def filtered(ttv2, threshold: int, h: int) -> tuple[int, int]:
    """H after the reset, and the pulse."""
    if abs(h) < threshold:
        return h, 0
    sign = 1 if h > 0 else -1
    reset = ("zero", "subtract", "keep")[ttv2.reset]
    rest = {"zero": 0, "subtract": h - sign * threshold, "keep": nearest(Fraction(h, 2**ttv2.keep_shift))}
    return rest[reset], sign
