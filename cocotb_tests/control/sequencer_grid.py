"""The sequencers of `test_sequencer`."""

from types import SimpleNamespace
from typing import cast

from ohmgrad.golden.blocks.control.sequencer import Sequencer
from ohmgrad.golden.blocks.lib.layout import Layout
from ohmgrad.golden.blocks.measure.cost import ANALOG, ANTITHETIC, FORWARD, MSE, Cost
from ohmgrad.golden.blocks.measure.samples import CYCLIC, Samples
from ohmgrad.golden.blocks.measure.samples import RANDOM as DRAWN
from ohmgrad.golden.blocks.perturb.codes import RANDOM, SEQUENTIAL, Codes
from ohmgrad.golden.blocks.perturb.outer import LAYER, Outer
from ohmgrad.golden.blocks.update.correlator import Correlator
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.rtl.control.sequencer import StepSequencer

# Settings; parameters, samples, layers of weights; cost mode, window of the correlator.
MADE = {
    "ones": (Sequencer(1, 1, 1), 9, 4, 2, ANTITHETIC, 1),
    "smallest": (Sequencer(1, 1, 1), 1, 1, 1, FORWARD, 1),
    "samples_held": (Sequencer(1, 3, 6, average=1), 220, 37, 2, ANTITHETIC, 4),
    "patterns_held": (Sequencer(4, 1, 8, refresh=3, average_c0=2), 17, 3, 3, FORWARD, 2),
    "windows": (Sequencer(1, 1, 7, refresh=0), 33, 5, 1, FORWARD, 8),
    "all_held": (Sequencer(5, 5, 5, delay=3), 12, 1, 1, ANTITHETIC, 4),
    "unequal": (Sequencer(3, 6, 9, refresh=0, average=1, blanking=2), 1210, 1437, 5, FORWARD, 1),
    "analog": (Sequencer(2, 8, 20, blanking=1, delay=15, average=2), 40, 6, 2, ANALOG, 1),
    "longest": (Sequencer(1 << 10, 1 << 20, 1 << 20, delay=7), 49, 300, 1, ANTITHETIC, 64),
}
CONSTANT = {
    "alternating_constant": (Sequencer(1, 1, 1), 9, 4, 2, ANTITHETIC, 1),
    "constant": (Sequencer(1, 1, 1), 9, 4, 2, ANTITHETIC, 1),
    "constant_powers": (Sequencer(4, 8, 2, refresh=16, average_c0=2), 12, 300, 2, FORWARD, 2),
    "constant_late": (Sequencer(2, 4, 16, refresh=0, delay=5, blanking=3), 33, 7, 2, FORWARD, 8),
    "constant_odd": (Sequencer(3, 5, 1, average=1, delay=1, blanking=1), 17, 5, 3, ANTITHETIC, 1),
    "constant_measured": (Sequencer(1, 4, 3, refresh=6, delay=4), 17, 5, 3, FORWARD, 1),
}
"""Settings that are constants; in the last one the delay is none, as it can be measured."""
ALTERNATING = {
    "alternating": (Sequencer(1, 2, 3, average=1), 9, 4, 2, ANTITHETIC, 1),
    "alternating_forward": (Sequencer(1, 2, 2, refresh=3, average=1, average_c0=2), 9, 4, 2, FORWARD, 1),
    "alternating_more": (Sequencer(1, 1, 4, refresh=0, average=2), 9, 4, 2, FORWARD, 1),
    "alternating_analog": (Sequencer(2, 8, 20), 9, 4, 2, ANALOG, 1),
}
"""Sweeps show one rail after the other."""
SPARE = ("constant", "constant_odd")
"""Chips of whose counters only those of time constants are there, as nothing else has a use for any."""
GRID = MADE | CONSTANT | ALTERNATING


def alternates(name: str) -> bool:
    """Whether sweeps show one rail after the other."""
    return name.startswith("alternating")


def make(name: str) -> StepSequencer:
    """The block of one configuration."""
    settings, parameters, samples, layers, mode, window = GRID[name]
    kind, order, method = (RANDOM, DRAWN, None) if name in SPARE else (SEQUENTIAL, CYCLIC, Outer(LAYER, 2, 8))
    calibration = name not in CONSTANT or name == "constant_measured"
    kept = "constants" if name in CONSTANT else "registers"
    engine = SimpleNamespace(settings=kept, calibration=calibration, inference=False)
    return StepSequencer(
        cast(
            Chip,
            SimpleNamespace(
                config=SimpleNamespace(engine=engine, seed=1), sequencer=settings,
                codes=Codes(kind, 0, parameters), samples=Samples(order, 0, samples, 2, 1), outer=method,
                cost=Cost(MSE, mode, 12, 8, 3), layout=Layout((2,) * (layers + 1), 1),
                alternates=alternates(name),
                correlator=Correlator(12, 20, leaky=mode == ANALOG, window=window),
            ),
        )
    )  # fmt: skip
