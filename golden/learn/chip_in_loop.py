"""The MGD trainer with a `Chip` in the place of the network: the host perturbs, reads costs and updates.

    trainer = ChipTrainer(chip, MGD(amplitude=0.05, eta=0.05, batch=4, order="cyclic"), x, t, seed=1)
    state = trainer.run(trainer.initial(), 1000)
    costs = trainer.costs(state.theta)

Codes, order of samples, C~, G and optimizer are those of `trainer` and `window`; only the costs come from the chip.
"""

import numpy as np

from .chip_protocol import Chip, sizes_of
from .functions import Array
from .perturbations import UPDATE_NOISE, keys
from .probes import Explicit, ExplicitRankOne, Probe
from .refusals import require
from .settings import MGD
from .state import State
from .trainer import Trainer


class ChipTrainer(Trainer):
    """MGD on one chip. Each step is a reading of its own, also under a pattern that is held (tau_p).

    With mode="forward" the unperturbed cost is read beside each perturbed one, of use or not.

    Parameters
    ----------
    chip : Chip
    settings : MGD
        Methods "weight" and "rank-one": the verbs perturb parameters. One reading a cost: tau_p averages. Each sample
        of a mini-batch is presented by itself with `patterns="sample"`, else all together.
    x, t : float arrays, shape (samples, inputs) and (samples, outputs)
    seed : int
    granularity : float
        0: parameters are loaded after each update. Else the update is by pulses that each move a parameter by about
        so much: step / granularity of them, rounded to one of the two nearest integers so that the mean is right,
        with seeded draws; theta is then what the chip reads. How devices really move is the chip's.

    Raises
    ------
    ValueError
        Arguments that do not fit together.
    """

    reads_each = True

    def __init__(self, chip: Chip, settings: MGD, x: np.ndarray, t: np.ndarray, seed: int = 0,
                 granularity: float = 0.0):  # fmt: skip
        self.chip, self.granularity = chip, granularity
        require(settings.method in ("weight", "rank-one"), "method", settings.method, "weight or rank-one on a chip")
        readings = settings.readings, settings.c0_readings
        require(readings == (1, 1), "readings, c0_readings", readings, "1 on a chip")
        require(granularity >= 0, "granularity", granularity, "a number from 0")
        super().__init__(sizes_of(chip.layers), settings, x, t, (seed,))

    def _choose(self) -> tuple[Probe, int]:
        m, hardware = self.settings, self.hardware
        kind = OnChipRankOne if m.method == "rank-one" else OnChip
        arguments = self.network, self.maker, m.code, m.amplitude, self.seeds, hardware.effective, hardware.spread
        return kind(self.chip, *arguments), self.network.size * (m.batch if m.per_sample else 1)

    def initial(self, theta: Array = None, bounds: tuple[float, float] | None = None) -> State:
        """State before the first step, as of `Trainer`, and the chip with its parameters."""
        state = super().initial(theta, bounds)
        self._settle(state)
        return state

    def run(self, state: State, steps: int, progress=None, every: int = 1000) -> State:
        """Do `steps` steps, see `Trainer.run`; without pulses the chip is loaded with the state's theta first."""
        if not self.granularity:
            self.chip.load(state.theta[0])
        return super().run(state, steps, progress, every)

    def move(self, state: State, step: Array) -> None:
        """Update the chip, by its parameters or by pulses."""
        if self.granularity:
            draw = self.maker.uniform(keys(self.seeds, UPDATE_NOISE, state.updates), self.network.size)[0]
            self.chip.pulse(-np.floor(step[0] / self.granularity + draw).astype(np.int64))
            state.theta[0] = self.chip.read()
            state.updates += 1
        else:
            super().move(state, step)
            self.chip.load(state.theta[0])

    def costs(self, theta: Array, x: Array = None, t: Array = None) -> Array:
        """Cost of each sample at parameters (1, P), shape (1, samples); with pulses at those that the chip has."""
        x, t = (self.x, self.t) if x is None or t is None else (x, t)
        self._still(theta)
        costs = np.empty((1, len(x)), self.maker.dtype)
        for k in range(len(x)):
            self.chip.present(x[k : k + 1], t[k : k + 1])
            costs[0, k] = self.chip.cost()
        return costs

    def mean_cost(self, theta: Array) -> float:
        """Mean cost of the training samples, presented together; with pulses at the chip's own parameters."""
        self._still(theta)
        self.chip.present(self.x, self.t)
        return self.chip.cost()

    def evaluate(self, theta: Array, x: Array = None, t: Array = None) -> tuple[Array, Array]:
        """Mean cost, shape (1,), and not-a-number: of a chip's outputs only the cost is seen."""
        return self.costs(theta, x, t).mean(axis=1), np.full(1, np.nan)

    def _settle(self, state: State) -> None:
        self.chip.load(state.theta[0])
        if self.granularity:
            state.theta[0] = self.chip.read()

    def _still(self, theta: Array) -> None:
        """End a perturbation."""
        if self.granularity:
            self.chip.perturb(np.zeros(self.network.size))
        else:
            self.chip.load(theta[0])


class OnChip(Explicit):
    """Costs that a chip measures, one pattern after the other."""

    def __init__(self, chip: Chip, *arguments):
        self.chip = chip
        super().__init__(*arguments)

    def __call__(self, theta, x, t, patterns, rails):
        signs = self.signs(patterns)
        count, batch = x.shape[1:3]
        costs = np.empty((1, len(rails), count, batch), x.dtype)
        parts = [slice(b, b + 1) for b in range(batch)] if patterns.ndim == 2 else [slice(0, batch)]
        for k in range(count):
            for part in parts:
                self.chip.present(x[0, k, part], t[0, k, part])
                s = signs[0, k, part.start] if patterns.ndim == 2 else signs[0, k]
                for rail, polarity in enumerate(rails):
                    self.chip.perturb(polarity * self.amplitude * s)
                    # The chip gives the mean over its samples; the mean of equal numbers is that again.
                    costs[0, rail, k, part] = self.chip.cost()
        return costs, self.correlator(signs)


class OnChipRankOne(OnChip, ExplicitRankOne):
    """The same with rank-one signs."""
