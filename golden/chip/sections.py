"""The tables of a chip file: their keys, defaults and what is allowed; `golden.chip.config` puts them together.

Here is what all have in common, and network, engine and run; the others are in `sections_data`, `sections_learning` and
`sections_array`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..blocks.measure.neuron import ACTIVATIONS
from .rules import choices, groups, integers, listing, matching, numbers, one_or_more

Name = Annotated[
    str, matching("[a-z][a-z0-9_-]{0,39}", "1 to 40 of a-z, 0-9, - and _ after a first letter a-z")
]
Step = Annotated[int, integers(1, 2**32 - 1)]
Rate = Annotated[float, numbers(0, 1000, above=True)]
Scale = Annotated[float, numbers(0, 1024, above=True)]
Layers = Annotated[tuple[Annotated[int, integers(1, 4096)], ...], listing(2, 8, "layer sizes")]
Groups = Annotated[tuple[int | tuple[int, int], ...], groups(64, 2**20)]
Readings = Annotated[int, choices(1, 2, 4, 8, 16)]
Factor = Annotated[float, numbers(0, 1)]


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
