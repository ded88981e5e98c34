"""The path `tiki-taka` by its equations, in plain Python and exact integers; see `tests.replay`.

A holds -G as states of devices, H integrates what is read of it, C takes single pulses ([G21], [R24], [W25]).
"""

from fractions import Fraction
from math import floor

from . import reference
from .reference import clipped, nearest
from .replay import Replay, words

TRAIN, READ, CHOP = 8, 9, 10
WIDEST = 2**30 - 1


def draw(seed: int, domain: int, number: int, i: int) -> int:
    """16 bits of element i: half a word each."""
    return reference.mix(reference.key(seed, domain, number % 2**32), i // 2) >> 16 * (i % 2) & 0xFFFF


def drawn_by_count(counts, slot: int, places) -> list[bool]:
    """Elements that have their pulse in a slot: as many slots as their count says, in the order of `places`."""
    return [places[slot] < count for count in counts]


def van_der_corput(slots: int) -> list[int]:
    """Place of each slot when they are sorted by their number read backwards in binary."""
    width = max(1, (slots - 1).bit_length())
    order = sorted(range(slots), key=lambda k: int(f"{k:0{width}b}"[::-1], 2))
    return [order.index(k) for k in range(slots)]


def shifted(chance: int, m: int) -> int:
    """chance 2**m, rounded down, at most 1 (which is 2**16)."""
    return min(floor(chance * Fraction(2) ** m), 2**16)


class LoopReplay(Replay):
    """Memories of a chip of the path, its devices, and the places of its lines."""

    def __init__(self, chip, learner, state):
        super().__init__(chip, learner, state)
        names = ("a", "reference", "mean", "past", "chopper", "cursor")
        self.a, self.reference, self.mean, self.past, self.chopper, self.cursor = (
            words(state, name) for name in names
        )
        self.loop = chip.path
        self.fast = [reference.device(chip.path.fast, i) for i in range(len(self.a))]
        self.lines, first = [], 0  # of each layer: the cells of each of its lines
        for inputs, neurons in zip(chip.layout.layers, chip.layout.layers[1:], strict=False):
            cells = [[first + n * (inputs + 1) + line for line in range(inputs + 1)] for n in range(neurons)]
            self.lines.append(cells if self.config.transfer.lines == "rows" else list(zip(*cells, strict=True)))
            first += (inputs + 1) * neurons

    def correlate(self, cost, act):
        """A takes the trains of -C~ s and x, slot by slot."""
        taus = self.config.perturbation
        if self.now % taus.tau_x < taus.blanking:
            return
        layers, pulses = self.chip.layout.layers, self.loop.pulses
        values = reference.signs(self.chip.codes, self.now // taus.tau_p)
        neurons, x = sum(layers[1:]), values[sum(layers[1:]) :]
        if taus.code != "rank-one":
            x, one = [], 2 ** (self.config.array.input_bits - 1) - 1
            for k, width in enumerate(layers[:-1]):
                x += [*act[sum(layers[:k]) :][:width], one]
        sign = (cost < 0) - (cost > 0)
        d, inverted = [sign * value for value in values[:neurons]], [1 - 2 * (word % 2) for word in self.chopper]
        if inverted and self.config.transfer.lines == "rows":
            d = [c * v for c, v in zip(inverted, d, strict=True)]
        elif inverted:
            x = [c * v for c, v in zip(inverted, x, strict=True)]
        of_d, of_x = self.chances(abs(cost), d, x)
        for slot in range(pulses.slots):
            number = self.now * pulses.slots + slot
            fired = self.fired(number, slot, of_d, of_x)
            signs = [f * ((v > 0) - (v < 0)) for f, v in zip(fired, [*d, *x], strict=True)]
            for i, polarity in enumerate(
                reference.matrix(layers, lambda k, n, line, s=signs: s[n] * s[neurons + line])
            ):
                if polarity:
                    noise = reference.cycle_normal(self.loop.fast.seed, number % 2**32, i)
                    self.a[i] = reference.pulse(self.fast[i], self.a[i], polarity, self.loop.fast.noise, noise)

    def chances(self, magnitude, d, x):
        """P_d = min(1, K |d| 2**m) and P_x = min(1, |x| 2**-m), in 2**-16."""
        pulses = self.loop.pulses
        k = min(floor(Fraction(magnitude * pulses.rate, 2**pulses.shift)), WIDEST)
        unit = 2**16 if pulses.line_bits == 2 else Fraction(2**16, 2 ** (pulses.line_bits - 1))
        of_d, of_x = [min(k * abs(v), WIDEST) for v in d], [int(unit * abs(v)) for v in x]
        m = 0
        if self.config.fast.management:
            m = floor(Fraction(max(of_x).bit_length() - max(of_d).bit_length(), 2))
        return [shifted(p, m) for p in of_d], [shifted(p, -m) for p in of_x]

    def fired(self, number, slot, of_d, of_x):
        """Which elements have a pulse in a slot."""
        pulses = self.loop.pulses
        if self.config.fast.trains == "stochastic":
            chances = [*of_d, *of_x]
            return [draw(pulses.seed, TRAIN, number, i) < p for i, p in enumerate(chances)]
        # round(BL P), halves down
        counts = [[-floor(Fraction(1, 2) - Fraction(pulses.slots * p, 2**16)) for p in part] for part in (of_d, of_x)]
        places = van_der_corput(pulses.slots), range(pulses.slots)
        return [f for c, place in zip(counts, places, strict=True) for f in drawn_by_count(c, slot, place)]

    def filter(self, *thresholds):
        """The next line of each layer is read and filtered, and C pulsed."""
        number = self.now - 1
        self.rescale(number)
        element = 0
        for k, lines in enumerate(self.lines):
            line, scan = self.cursor[2 * k], self.cursor[2 * k + 1]
            ahead, lines_ahead = (sum(map(size, self.lines[:k])) for size in (lambda ls: sum(map(len, ls)), len))
            first, at = ahead + line * len(lines[0]), lines_ahead + line
            word = self.chopper[at] if self.chopper else 0
            for e, cell in enumerate(lines[line]):
                z = self.read(number, element, cell)
                fired = self.take(z, first + e, 1 - 2 * (word % 2), word > 1, thresholds[k])
                if fired and scan >= self.loop.settings.hold:
                    devices = self.chip.path.devices
                    noise = reference.cycle_normal(devices.seed, number, cell)
                    self.theta[cell] = reference.pulse(self.rows[cell], self.theta[cell], fired, devices.noise, noise)
                element += 1
            if self.chopper:
                self.chopper[at] = self.chop(k, number, scan, word % 2)
            line += 1
            self.cursor[2 * k : 2 * k + 2] = [0, scan + 1] if line == len(lines) else [line, scan]

    def rescale(self, number):
        """H <- H 2**k where a new eta, 2**-k times the old one, is in force since the transfer before."""
        etas = [(0, self.config.update.eta), *self.config.update.schedule]
        before = max(number - self.config.perturbation.tau_theta, 0)
        now, then = ([eta for start, eta in etas if start <= step][-1] for step in (number, before))
        if self.config.transfer.change == "rescale" and now != then:
            exact = [nearest(h * Fraction(then) / Fraction(now)) for h in self.h]
            self.h = [clipped(h, self.chip.path.ttv2.bound) for h in exact]
            self.flags[2] |= self.h != exact

    def read(self, number, element, cell):
        """round((A - R + noise) / 2**shift), clipped."""
        settings = self.loop.settings
        noise = reference.normal(draw(settings.seed, READ, number, element))
        raw = self.a[cell] - self.reference[cell] + floor(Fraction(settings.read_noise * noise, 2**12))
        return clipped(nearest(Fraction(raw, 2**settings.read_shift)), 2 ** (settings.read_bits - 1) - 1)

    def take(self, z, i, c, switched, threshold):
        """Filter a reading into word i of H; the pulse it gives."""
        ttv2, transfer = self.chip.path.ttv2, self.config.transfer
        reading = z * 2**transfer.fraction
        change = c * reading
        if transfer.means:
            if switched:
                self.past[i] = self.mean[i]
            change = c * (reading - self.past[i])
            self.mean[i] += nearest(Fraction(reading - self.mean[i], 2**transfer.means))
        if transfer.leak:
            change = nearest(Fraction(change - self.h[i], 2**transfer.leak))
        h = clipped(self.h[i] + change, ttv2.bound)
        self.flags[2] |= h != self.h[i] + change
        self.h[i], fired = reference.filtered(ttv2, threshold, h)
        return fired

    def chop(self, layer, number, scan, inverts):
        """Word of a chopper after its line's read."""
        transfer = self.config.transfer
        chance = reference.mix(reference.key(self.loop.settings.seed, CHOP, number), layer) % 2**16
        flips = chance < nearest(Fraction(transfer.chopper) * 2**16)
        if transfer.chopper_period:
            flips = (scan + 1) % transfer.chopper_period == 0
        return (1 - inverts) + 2 if flips else inverts


def symmetry(devices, rounds: int, size: int) -> list[int]:
    """Means of the states over the second half of pulses up and down in turn, from 0, rounded down."""
    points = []
    for i in range(size):
        row, state, seen = reference.device(devices, i), 0, []
        for n in range(2 * rounds):
            noise = reference.cycle_normal(devices.seed, 2**32 - 1 - n, i)
            state = reference.pulse(row, state, (-1) ** n, devices.noise, noise)
            seen.append(state)
        points.append(floor(Fraction(sum(seen[rounds:]), rounds)))
    return points
