"""The circuit of `examples/circuit/xor.cir` as an array outside: codes set its cells, its output gives a cost."""

from importlib.resources import as_file
from importlib.resources import files as resources
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from ...fpga.simulation.ngspice import Circuit
from ...golden.chip.chip import Chip

Vector = NDArray[np.floating]

MIDDLE, SPAN = 50e-6, 45e-6
"""Conductances in siemens: a cell's pair is `MIDDLE` +- `SPAN` at full scale, that is 5 to 95 uS."""
UNIT = 0.1
"""Volts of an activation of 1."""
SPREAD = 0.05
"""Standard deviation of a device's conductance from its code's, as a part of it; drawn once for each device."""
OFFSET = 1e-3
"""Standard deviation of an op-amp's offset in volts, drawn once for each; behind it 14 to 15 times as much."""
NOISE = 10e-9
"""Standard deviation of the noise current at a summing node in amperes, drawn for every reading.

It is the thermal noise of a neuron's six cells: sqrt(4 k T G B) of 300 uS at 300 K over 20 MHz.
"""
INPUTS = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
TARGETS = np.array([-1, 1, 1, -1])
CELLS = [f"{neuron}{line}" for neuron in (1, 2, 3) for line in (1, 2, 3)]
"""Of the parameters in their order: of each neuron its weights, then its bias."""


class XorArray:
    """A circuit with its own devices, offsets and noise, for `train` of `cocotb_tests/outside.py`.

    One circuit is in ngspice at a time, the one made last.

    Parameters
    ----------
    chip : Chip
        Says how wide a code and a cost word are, and what an LSB of the cost is.
    seed : int
        Of devices and offsets; of the noise too.
    noise : float
        Standard deviation of the noise currents in amperes.

    Attributes
    ----------
    circuit : Circuit
        As it is in ngspice.
    spread : float array, shape (2, 9)
        Factors of G+ and G- of all cells.
    offsets : float array, shape (3,)
        Of the op-amps, in volts.
    points, seconds : int, float
        Operating points found, and the time that ngspice took for them and for setting the devices.

    Raises
    ------
    ohmgrad.fpga.simulation.ngspice.NoNgspice
    """

    def __init__(self, chip: Chip, seed: int, noise: float = NOISE):
        cost, rng = chip.config.cost, np.random.default_rng(seed)
        self.full, self.unit, self.largest = 2 ** (chip.config.weights.dac_bits - 1), cost.unit, 2**cost.word_bits - 1
        self.spread = rng.normal(1, SPREAD, (2, len(CELLS)))
        self.offsets = rng.normal(0, OFFSET, 3)
        self.noise, self._rng = noise, np.random.default_rng([seed, 1])
        self.points, self.seconds = 0, 0.0
        with as_file(resources("ohmgrad.examples") / "circuit" / "xor.cir") as netlist:
            self.circuit = Circuit(netlist)
        self.circuit.alter({f"v.xn{k}.vos": float(volts) for k, volts in enumerate(self.offsets, 1)})
        self.codes = np.zeros(len(CELLS), np.int64)

    def conductances(self, codes: NDArray[np.integer]) -> Vector:
        """G+ and G- of all cells in siemens, shape (2, 9)."""
        half = SPAN * codes / self.full
        return self.spread * (MIDDLE + np.stack([half, -half]))

    def apply(self, words: NDArray[np.integer]) -> None:
        """Take codes of the weights."""
        self.codes = words

    def output(self, codes: NDArray[np.integer], sample: int) -> float:
        """Output voltage in volts at a reading of a sample, 0 to 3."""
        began = perf_counter()
        values = {"vx1": UNIT * INPUTS[sample, 0], "vx2": UNIT * INPUTS[sample, 1]}
        values |= {f"i.xn{k}.in": amperes for k, amperes in enumerate(self._rng.normal(0, self.noise, 3), 1)}
        for sign, conductances in zip("pm", self.conductances(codes), strict=True):
            values |= {f"r{sign}{cell}": 1 / g for cell, g in zip(CELLS, conductances, strict=True)}
        self.circuit.alter({device: float(value) for device, value in values.items()})
        (volts,) = self.circuit.operating_point("out")
        self.points, self.seconds = self.points + 1, self.seconds + perf_counter() - began
        return volts

    def cost(self, moved: NDArray[np.integer], sample: int) -> int:
        """S of a reading: the squared error of a sample, the four in turn, as the ADC gives it."""
        k = sample % len(TARGETS)
        error = self.output(self.codes + moved, k) / UNIT - TARGETS[k]
        return min(self.largest, round(error**2 / self.unit))

    def outputs(self, codes: NDArray[np.integer]) -> list[float]:
        """Output voltages of the four samples in volts."""
        return [self.output(codes, k) for k in range(len(TARGETS))]


def mean_cost(outputs: list[float]) -> float:
    """Mean of (o - t)^2 over the four samples, of voltages in volts."""
    return float(((np.array(outputs) / UNIT - TARGETS) ** 2).mean())
