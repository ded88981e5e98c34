"""The MGD trainer with a `Chip` in the place of the network: the host perturbs, reads costs and updates.

    trainer = ChipTrainer(chip, MGD(amplitude=0.05, eta=0.05, batch=4, order="cyclic"), x, t, seed=1)
    state = trainer.run(trainer.initial(), 1000)
    costs = trainer.costs(state.theta)

Codes, order of samples, C~, G and optimizer are those of `trainer` and `window`; only the costs come from the chip.
"""

import numpy as np

from ..errors import RunStopped
from ..inputs import MOST_PULSES, number, require
from .chip_protocol import Chip, sizes_of
from .functions import Array
from .perturbations import UPDATE_NOISE, keys
from .probes import Explicit, ExplicitRankOne, Probe
from .settings import MGD
from .state import State
from .trainer import Trainer
from .watched_chip import ChipFault, WatchedChip


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
        Arguments that do not fit together; `ChipFault` outside a run: a chip that raises or gives no answer.
    RunStopped
        By `run`: a chip that raises, or gives a cost or parameters that are not finite or of a wrong shape, and an
        update that is not finite: with the step, and the state as it was before the window of that step. The chip
        itself stays as it is; `run` loads it anew, unless it is updated by pulses.
    """

    reads_each = True

    def __init__(self, chip: Chip, settings: MGD, x: np.ndarray, t: np.ndarray, seed: int = 0,
                 granularity: float = 0.0):  # fmt: skip
        self.chip, self.granularity = chip, number("granularity", granularity, 0)
        network = sizes_of(getattr(chip, "layers", None))  # type: ignore[arg-type]
        self._watched = WatchedChip(chip, network.size)
        require(settings.method in ("weight", "rank-one"), "method", settings.method, "weight or rank-one on a chip")
        readings = settings.readings, settings.c0_readings
        require(readings == (1, 1), "readings, c0_readings", readings, "1 on a chip")
        super().__init__(network, settings, x, t, (seed,))

    def _choose(self) -> tuple[Probe, int]:
        m, hardware = self.settings, self.hardware
        kind = OnChipRankOne if m.method == "rank-one" else OnChip
        arguments = self.network, self.maker, m.code, m.amplitude, self.seeds, hardware.effective, hardware.spread
        return kind(self._watched, *arguments), self.network.size * (m.batch if m.per_sample else 1)

    def initial(self, theta: Array = None, bounds: tuple[float, float] | None = None) -> State:
        """State before the first step, as of `Trainer`, and the chip with its parameters."""
        state = super().initial(theta, bounds)
        self._settle(state)
        return state

    def run(self, state: State, steps: int, progress=None, every: int = 1000) -> State:
        """Do `steps` steps, see `Trainer.run`; without pulses the chip is loaded with the state's theta first."""
        self.require_state("state", state)
        if not self.granularity:
            self._watched.load(state.theta[0])
        return super().run(state, steps, progress, every)

    def advance(self, state: State, end: int) -> None:
        """As of `Trainer`; a fault of the chip ends the run, and the state is what it was."""
        good, watched, text = state.copy(), self._watched, ""
        watched.step = state.step + 1
        try:
            super().advance(state, end)
            if name := state.broken():
                text = f"run: {name} is not finite at step {state.step}; allowed are finite numbers"
        except ChipFault as error:
            state.become(good)
            raise RunStopped(str(error), state) from error
        finally:
            watched.step = None
        if text:
            state.become(good)
            raise RunStopped(f"{text}, as of a smaller eta than {self.settings.eta:g}.", state)

    def move(self, state: State, step: Array) -> None:
        """Update the chip, by its parameters or by pulses."""
        if self.granularity:
            draw = self.maker.uniform(keys(self.seeds, UPDATE_NOISE, state.updates), self.network.size)[0]
            with np.errstate(invalid="ignore"):
                counts = -np.floor(step[0] / self.granularity + draw)
            if not (abs(counts) <= MOST_PULSES).all():
                text = f"pulse at step {self._watched.step}: {abs(counts).max():g} pulses of one parameter are refused"
                raise ChipFault(f"{text}; allowed are up to {MOST_PULSES}, as of a smaller eta.")
            self._watched.pulse(counts.astype(np.int64))
            state.theta[0] = self._watched.read()
            state.updates += 1
        else:
            super().move(state, step)
            self._watched.load(state.theta[0])

    def costs(self, theta: Array, x: Array = None, t: Array = None) -> Array:
        """Cost of each sample at parameters (1, P), shape (1, samples); with pulses at those that the chip has."""
        x, t = self._pair(x, t)
        self._still(theta)
        costs = np.empty((1, len(x)), self.maker.dtype)
        for k in range(len(x)):
            self._watched.present(x[k : k + 1], t[k : k + 1])
            costs[0, k] = self._watched.cost()
        return costs

    def mean_cost(self, theta: Array) -> float:
        """Mean cost of the training samples, presented together; with pulses at the chip's own parameters."""
        self._still(theta)
        self._watched.present(self.x, self.t)
        return self._watched.cost()

    def evaluate(self, theta: Array, x: Array = None, t: Array = None) -> tuple[Array, Array]:
        """Mean cost, shape (1,), and not-a-number: of a chip's outputs only the cost is seen."""
        return self.costs(theta, x, t).mean(axis=1), np.full(1, np.nan)

    def _settle(self, state: State) -> None:
        self._watched.load(state.theta[0])
        if self.granularity:
            state.theta[0] = self._watched.read()

    def _still(self, theta: Array) -> None:
        """End a perturbation."""
        theta = self._array("theta", theta, (1, self.network.size))
        if self.granularity:
            self._watched.perturb(np.zeros(self.network.size))
        else:
            self._watched.load(theta[0])


class OnChip(Explicit):
    """Costs that a chip measures, one pattern after the other."""

    def __init__(self, chip: WatchedChip, *arguments):
        self.chip = chip
        super().__init__(*arguments)

    def __call__(self, theta, x, t, patterns, rails):
        signs = self.signs(patterns)
        count, batch = x.shape[1:3]
        costs = np.empty((1, len(rails), count, batch), x.dtype)
        parts = [slice(b, b + 1) for b in range(batch)] if patterns.ndim == 2 else [slice(0, batch)]
        first = self.chip.step
        for k in range(count):
            # Each step is a reading of its own.
            self.chip.step = None if first is None else first + k
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
