"""Path `tiki-taka`: the fast array A collects the gradient, lines of it go through the filter H onto C.

See `golden.blocks.tiki_taka.tiki_taka`.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..blocks.array.coincidence import coincide, zero_shift
from ..blocks.array.devices import noise_of, pulse
from ..blocks.array.reading import read_line
from ..blocks.lib.mixer import CHOP, CYCLE, READ, key, mix
from ..blocks.perturb import outer
from ..blocks.tiki_taka.lines import SWITCHED, advance, advance_chopper
from ..blocks.tiki_taka.pulses import Pulses, orient, probabilities, train
from ..blocks.tiki_taka.tiki_taka import Transfer
from ..blocks.update.optimizer import scheduled
from ..blocks.update.ttv2 import Ttv2, rescale, transfer_line
from ..compiled import njit
from ..perturbation import gather
from .memories import words

if TYPE_CHECKING:
    from ..chip.chip import Chip
    from ..chip.paths import TikiTaka
    from ..state import State


class Scratch(NamedTuple):
    """What a step writes before it reads it.

    Attributes
    ----------
    values : int32 array, shape (neurons + lines,)
        Code values of the neurons, and line codes or the lines' code values.
    signed : int64 array, the same shape
        Probabilities of pulses, with their signs.
    fired : int32 array, the same shape
        Pulses of neurons and lines, or onto the cells of a line that is read.
    z : int32 array, the same shape
        Codes of a line that is read.
    """

    values: np.ndarray
    signed: np.ndarray
    fired: np.ndarray
    z: np.ndarray


class TikiTakaPath(NamedTuple):
    """Pulse trains, both arrays' devices, lines, choppers and filter.

    Attributes
    ----------
    period : int
        Steps between transfers.
    settings : Transfer
    ttv2 : Ttv2
        With an empty schedule.
    pulses : Pulses
    line_shift : int
        `Pulses.line_shift`.
    order : int64 array, shape (2, BL)
        `Pulses.order()`.
    shape : int64 array, shape (layers, 3)
        As in `golden.forward.Array`.
    starts, thresholds : int64 arrays, shape (entries,) and (entries, layers)
        First step and T of each layer, of the schedule's entries.
    exponents : int64 array, shape (entries,)
        log2 of T over the first T where a new learning rate rescales H; zeros where it does not.
    fast_seed, fast_noise, slow_seed, slow_noise : int
        Of the devices' cycle noise.
    fast, slow : int64 arrays, shape (P, 6)
        Constants of the devices of A and C; (0, 6) of an external array.
    symmetry : int32 array, shape (P,)
        Symmetry points of A as found before the run; (0,) of an external array.
    scratch : Scratch
    vectors : int32 array, shape (BL + 1, neurons + lines)
        Of an external array, written: pulses of a step, those of each slot onto A, then those onto C. Else (0, ...).
    first : int
        Of an external array: step of the first readings.
    readings : int32 array, shape (steps, cells)
        Of an external array: codes of the lines that were read after each step, of all layers one behind the other.
    a, reference, h, mean, past, chopper, cursor : int32 arrays
        See `golden.state.State`.
    """

    period: int
    settings: Transfer
    ttv2: Ttv2
    pulses: Pulses
    line_shift: int
    order: np.ndarray
    shape: np.ndarray
    starts: np.ndarray
    thresholds: np.ndarray
    exponents: np.ndarray
    fast_seed: int
    fast_noise: int
    slow_seed: int
    slow_noise: int
    fast: np.ndarray
    slow: np.ndarray
    symmetry: np.ndarray
    scratch: Scratch
    vectors: np.ndarray
    first: int
    readings: np.ndarray
    a: np.ndarray
    reference: np.ndarray
    h: np.ndarray
    mean: np.ndarray
    past: np.ndarray
    chopper: np.ndarray
    cursor: np.ndarray

    @classmethod
    def of(cls, chip: "Chip", path: "TikiTaka") -> "TikiTakaPath":
        """See `golden.paths`."""
        layout, section = chip.layout, chip.config.fast
        assert section is not None  # the path has it
        count = layout.parameters if chip.emulated else 0
        fast = path.fast.sample(count)
        start = np.zeros(count, np.int32)
        symmetry = zero_shift(path.fast.noise, path.fast.seed, section.zero_shift, fast, start)
        starts, thresholds = (np.array(column) for column in zip(*path.thresholds, strict=True))
        shape = [(c - 1, r, o) for c, r, o in zip(layout.columns, layout.rows, layout.offsets, strict=True)]
        values, fired, z = np.zeros((3, path.elements), np.int32)
        scratch = Scratch(values, np.zeros(values.size, np.int64), fired, z)
        vectors = np.zeros((0 if count else path.pulses.slots + 1, path.elements), np.int32)
        memories = [np.zeros(0, np.int32)] * 7
        return cls(
            chip.sequencer.tau_theta, path.settings, path.ttv2._replace(schedule=()), path.pulses,
            path.pulses.line_shift, path.pulses.order(), np.array(shape), starts, thresholds, np.array(path.exponents),
            path.fast.seed, path.fast.noise, path.devices.seed, path.devices.noise, fast,
            path.devices.sample(count), symmetry, scratch, vectors, 0, np.zeros((0, 0), np.int32), *memories,
        )  # fmt: skip

    def initial(self, theta: np.ndarray) -> dict[str, np.ndarray]:
        """See `golden.paths`."""
        if not len(self.slow):
            return {}
        theta = np.clip(theta, *self.bounds()).astype(np.int32)
        return {"theta": theta, "a": self.symmetry.copy(), "reference": self.symmetry.copy()}

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """See `golden.paths`."""
        return -self.slow[:, 5], self.slow[:, 4]

    def on(self, state: "State") -> "TikiTakaPath":
        """See `golden.paths`."""
        names = ("a", "reference", "h", "mean", "past", "chopper", "cursor")
        return self._replace(**{name: words(state, name, 0) for name in names})

    # Compiled from here on.

    def accumulate(self, perturbation, lines, cost, used, now):
        for v in range(self.vectors.shape[0]):
            for i in range(self.vectors.shape[1]):
                self.vectors[v, i] = 0
        if used:
            rows, values = self.pulses.rows, self.scratch.values
            for i in range(values.size):
                values[i] = perturbation.code[i]
            if perturbation.method > outer.RANK_ONE:
                gather(perturbation, lines)
                for i in range(rows, values.size):
                    values[i] = perturbation.codes[i - rows]
            collect(self, cost, now)
        return False

    def learn(self, theta, now):
        over = False
        entry, before = scheduled(self.starts, now), scheduled(self.starts, max(now - self.period, 0))
        exponent = self.exponents[entry] - self.exponents[before]
        if exponent != 0:
            over |= rescale(self.ttv2.bits, exponent, self.h)
        number = 0
        chopper = 0
        for k in range(self.shape.shape[0]):
            inputs, rows, _ = self.shape[k]
            count, length = (rows, inputs + 1) if self.settings.rows else (inputs + 1, rows)
            line = self.cursor[2 * k]
            over |= transfer_layer(self, k, length, number, chopper, self.thresholds[entry, k], theta, now)
            if self.slow.shape[0] == 0:
                point(self, chopper + line, number, length)
            advance(k, count, self.cursor)
            number += length
            chopper += count
        return over


@njit
def collect(path, cost, now):
    """Pulse A with the outer product of one step.

    Parameters
    ----------
    path : TikiTakaPath
    cost : int
        C~.
    now : int
        The step.
    """
    p, (values, signed, fired, _) = path.pulses, path.scratch
    orient(p, cost, path.chopper, 0 if path.settings.rows else p.rows, values)
    probabilities(p, path.line_shift, abs(cost), values, signed)
    for slot in range(p.slots):
        train(p, path.order, now, slot, signed, fired)
        if path.fast.shape[0] == 0:
            for i in range(fired.size):
                path.vectors[slot, i] = fired[i]
            continue
        coincide(path.fast_seed, path.fast_noise, now * p.slots + slot, path.shape, fired, path.fast, path.a)


@njit
def point(path, line, number, length):
    """Write the pulses of a line of C to their vector: the filter's along the line, a 1 across.

    Parameters
    ----------
    path : TikiTakaPath
    line : int
        Number of the line over all layers.
    number, length : int
        As of `transfer_layer`: cells of a layer's line are elements of the other kind, numbered over all layers too.
    """
    across, along = (0, path.pulses.rows) if path.settings.rows else (path.pulses.rows, 0)
    vector = path.vectors[path.pulses.slots]
    vector[across + line] = 1
    for e in range(length):
        vector[along + number + e] = path.scratch.fired[e]


@njit
def transfer_layer(path, k, length, number, chopper, threshold, theta, now):
    """Read the next line of layer k, filter it, pulse C; returns whether a word of H saturated.

    Parameters
    ----------
    path : TikiTakaPath
    length : int
        Cells of the line.
    number : int
        Cells that the transfer has read before.
    chopper : int
        Place of the layer's first chopper.
    threshold : int
        T.
    theta : int32 array, shape (P,)
        States of C; not used of an external array.
    now : int
        The step.
    """
    s = path.settings
    inputs, _, first = path.shape[k]
    line, scan = path.cursor[2 * k], path.cursor[2 * k + 1]
    begin, stride = (first + line * (inputs + 1), 1) if s.rows else (first + line, inputs + 1)
    z, fired = path.scratch.z[:length], path.scratch.fired[:length]
    if path.fast.shape[0]:
        read_line(s, key(s.seed, READ, now), number, begin, stride, path.a, path.reference, z)
    else:
        for e in range(length):
            z[e] = path.readings[now - path.first, number + e]
    sign, switched = 1, False
    if path.chopper.size:
        word = path.chopper[chopper + line]
        sign, switched = 1 - 2 * (word & 1), word & SWITCHED != 0
        k0, k1, k2, k3 = key(s.seed, CHOP, now)
        advance_chopper(s.chopper, s.period, mix(k0, k1, k2, k3, k) & 0xFFFF, scan, chopper + line, path.chopper)
    place = first + line * length
    means = slice(place, place + length) if path.mean.size else slice(0, 0)
    over = transfer_line(
        path.ttv2, threshold, sign, switched, scan < s.hold, z, path.h[place : place + length],
        path.mean[means], path.past[means], fired,
    )  # fmt: skip
    slow_key = key(path.slow_seed, CYCLE, now)
    for e in range(length):
        if fired[e] != 0 and path.slow.shape[0]:
            i = begin + e * stride
            theta[i] = pulse(path.slow_noise, noise_of(slow_key, i), theta[i], fired[e], path.slow[i])
    return over


PATH = TikiTakaPath
