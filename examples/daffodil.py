"""A chip in the loop through daffodil-lib's own simulator of NIST's board: the host trains XOR on its arrays by MGD.

    git clone https://github.com/usnistgov/daffodil-lib
    python examples/daffodil.py --library daffodil-lib

Inputs go through the library's DACs onto columns of a 25 x 25 array, currents of rows come back through its
transimpedance amplifiers and ADCs; a layer is a `Linear` of the library, in a kernel of its own. The library's devices
are binary, ON or OFF, so conductances between are written into its simulator instead of pulsed.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ohmgrad.golden.data.datasets import load
from ohmgrad.golden.learn import MGD
from ohmgrad.golden.learn.chip_in_loop import ChipTrainer
from ohmgrad.golden.learn.chip_protocol import no_pulses

LAYERS = (2, 2, 1)
MIDDLE, SLOPE, WEIGHT = 100.0, 22.5, 4.0
"""Conductances in uS of a pair: `MIDDLE` +- `SLOPE` w, for weights within +-`WEIGHT`: 10 to 190 uS."""
READ, REFERENCE, GATE = 0.1, 1.8, 5.0
"""Volts: an input of 1, the amplifiers' reference, the gates."""
FEEDBACK = 20e3
"""Ohms of the amplifiers' potentiometers: an LSB of the ADCs is then 0.014 of weight at an input of 1."""


class DaffodilChip:
    """`golden.learn.chip_protocol.Chip` on daffodil-lib's `Daffodil_Sim`.

    Parameters
    ----------
    library : path
        A clone of daffodil-lib.

    Raises
    ------
    FileNotFoundError
        There is none.
    """

    layers = LAYERS

    def __init__(self, library: Path):
        if not (library / "daffodillib").is_dir():
            raise FileNotFoundError(
                f"{library}: no clone of daffodil-lib; allowed is the folder that git clone "
                "https://github.com/usnistgov/daffodil-lib has made."
            )
        sys.path.insert(0, str(library.resolve()))
        from daffodillib import network_layer
        from daffodillib.Board import controller

        board: Any = controller.Daffodil_Sim("Generic")
        board.sim_device.dpot_r = FEEDBACK
        board.set_dac_gain_mode(4093)
        board.set_dac_offset(0)
        board.set_dpot_D(board.invert_dpot_rout(FEEDBACK))
        board.set_compliance_control(1)
        board.setrefopamp(board.dac_invertvout(REFERENCE))
        self.kernels = board.sim_device.all_kernels
        self.linears = [
            network_layer.Linear(
                board, shape=[1, 1], weight_shape=(inputs + 1, 2 * outputs), vread=READ, vref=REFERENCE, vgate=GATE,
                offsets=[(kernel, 0, 0)],
            )
            for kernel, (inputs, outputs) in enumerate(zip(LAYERS, LAYERS[1:], strict=False))
        ]  # fmt: skip
        self._theta = self._offsets = np.zeros(9)
        self._x = self._t = np.zeros((0, 1))

    def load(self, theta: ArrayLike) -> None:
        """Keep the parameters."""
        self._theta, self._offsets = np.clip(np.asarray(theta, float), -WEIGHT, WEIGHT), np.zeros(9)

    def present(self, x: np.ndarray, t: np.ndarray) -> None:
        """Keep samples and targets."""
        self._x, self._t = x, t

    def perturb(self, offsets: ArrayLike) -> None:
        """Keep the offsets."""
        self._offsets = np.asarray(offsets, float)

    def cost(self) -> float:
        """Mean of 1/2 (y - t)^2 over the samples."""
        self._write(np.clip(self._theta + self._offsets, -WEIGHT, WEIGHT))
        errors = [self._forward(x) - t for x, t in zip(self._x, self._t, strict=True)]
        return 0.5 * float(np.mean(np.sum(np.square(errors), axis=1)))

    def pulse(self, counts: ArrayLike) -> None:
        """Refused."""
        no_pulses("a board of binary devices")

    def read(self) -> np.ndarray:
        """The parameters."""
        return self._theta.copy()

    def _write(self, weights: np.ndarray) -> None:
        """Set conductances: column = input, or bias behind them; rows 2k and 2k + 1 = G+ and G- of neuron k."""
        at = 0
        for kernel, (inputs, outputs) in zip(self.kernels, zip(LAYERS, LAYERS[1:], strict=False), strict=False):
            layer = weights[at : at + outputs * (inputs + 1)].reshape(outputs, inputs + 1)
            at += layer.size
            for (neuron, column), weight in np.ndenumerate(layer):
                kernel.kern[column][2 * neuron : 2 * neuron + 2] = [MIDDLE + SLOPE * weight, MIDDLE - SLOPE * weight]

    def _forward(self, x: np.ndarray) -> np.ndarray:
        """Outputs for one sample: both layers through the board, tanh by the host."""
        for linear in self.linears:
            currents = np.array(linear.forward_pass([*(READ * x), READ]))
            x = np.tanh((currents[::2] - currents[1::2]) / (2e-6 * SLOPE * READ))
        return x


def main(library: Path, steps: int = 2000) -> float:
    """Train XOR; returns the mean cost at the end."""
    split = load("xor", 4, 4, 1)
    settings = MGD(amplitude=0.1, eta=0.1, batch=4, order="cyclic")
    trainer = ChipTrainer(DaffodilChip(library), settings, split.train_x, split.train_t, seed=1)
    state = trainer.initial()
    for _ in range(10):
        trainer.run(state, steps // 10)
        print(f"step {state.step}: mean cost {trainer.mean_cost(state.theta):.4f}", flush=True)
    return trainer.mean_cost(state.theta)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train XOR on daffodil-lib's simulator.")
    parser.add_argument("--library", type=Path, required=True, help="clone of daffodil-lib")
    parser.add_argument("--steps", type=int, default=2000)
    chosen = parser.parse_args()
    main(chosen.library, chosen.steps)
