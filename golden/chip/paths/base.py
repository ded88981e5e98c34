"""What every update path is asked."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ...errors import ConfigError
from ..memories import Memory, of_parameters
from ..memory_map import Region

if TYPE_CHECKING:
    from ..chip import Chip
    from ..config import ChipConfig

Schedule = tuple[tuple[int, tuple[int, ...]], ...]
"""(first step, integer of each layer): what eta and its later values become."""


@dataclass(frozen=True)
class Path:
    """An update path of one chip: integer configurations of its blocks.

    Attributes
    ----------
    pulsed : bool
        Weights are states of devices that take pulses; else digital words behind DACs.
    gradient : bool
        There are words of G, unless `engine.gradient` replays them.
    sections : tuple of str
        Sections of the chip file that it needs; others that some path needs are refused.
    keys : tuple of str
        Keys of the section `update` that it has a use for, beside `path`, `eta` and `schedule`.
    streams : tuple of str
        Names of its streams between engine and array; `rtl.array.port` has their meaning.
    """

    pulsed: ClassVar[bool]
    gradient: ClassVar[bool]
    sections: ClassVar[tuple[str, ...]] = ()
    keys: ClassVar[tuple[str, ...]] = ()
    streams: ClassVar[tuple[str, ...]]

    @classmethod
    def check(cls, config: "ChipConfig") -> None:
        """Raise `golden.chip.rules.Conflict` for the first combination of keys that this path cannot be."""

    @classmethod
    def derive(cls, chip: "Chip") -> Self:
        """Integers of all blocks; ConfigError as of `golden.chip.chip.Chip`."""
        raise NotImplementedError

    @property
    def module(self) -> str:
        """Name of the path's file, here, in `golden.paths` and in `rtl.paths`."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def rates(self) -> tuple[int, ...]:
        """What `Region.RATES` holds after reset."""
        raise NotImplementedError

    @property
    def schedule(self) -> Schedule:
        """Rates, or thresholds, of all layers over steps."""
        raise NotImplementedError

    def sent(self, chip: "Chip") -> int:
        """Words that the array gets after a step, as of `golden.step.Trace`."""
        return chip.layout.parameters

    def memories(self, chip: "Chip") -> tuple[Memory, ...]:
        """The path's memories."""
        raise NotImplementedError

    def units(self, chip: "Chip") -> list[tuple[str, str, str]]:
        """Rows of the resolution budget: a word, its width, and what one LSB of it stands for in real units."""
        raise NotImplementedError

    def parameters(self) -> dict[str, Any]:
        """Integers of the blocks, by block, as the side-car of the Verilog has them."""
        raise NotImplementedError


def gradient(chip: "Chip") -> tuple[Memory, ...]:
    """The memory of G, if there is one."""
    correlator = chip.correlator
    if correlator.replay:
        return ()
    path = "engine.correlator.memory"
    return (of_parameters(chip, "gradient", "G", correlator.bits, correlator.bound, path, "g"),)


def gradient_unit(chip: "Chip") -> tuple[str, str, str]:
    """Row of G in the resolution budget."""
    bits = f"{chip.correlator.bits} bits" + ", not stored" * chip.correlator.replay
    return "gradient word G", bits, f"{chip.gradient_unit:.3g} of dC/dtheta"


def writable(chip: "Chip", path: Path, symbol: str, bits: int, bound: int) -> tuple[Memory, ...]:
    """What a host may set of the schedule; nothing where settings are constants."""
    if chip.config.engine.settings == "constants":
        return ()
    return (Memory("rates", symbol, Region.RATES, len(path.rates), bits, bound, "engine", signed=False),)


def states(chip: "Chip", path: str) -> Memory:
    """The memory of theta: parameters, or states of the devices whose weights compute."""
    bits = chip.config.weights.bits
    return of_parameters(chip, "theta", "theta", bits, 1 << bits - 1, path, "theta")


def held(chip: "Chip", key: str, eta: float, word: str, low: float, high: float) -> ConfigError:
    """The sentence that refuses a step size which an integer word cannot hold."""
    return chip.error(
        key, eta, f"cannot be held by {word}; allowed with these widths are {low:.2g} to {high:.2g}"
    )
