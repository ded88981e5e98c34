"""The chip description: one TOML file -> one frozen, validated `ChipConfig` in real units.

`load` reads a file, `ChipConfig.with_` overrides single keys. Whatever is wrong with either ends in a
`ConfigError`, whose text is one sentence:

    <file>: <section.key>: <value> <what is wrong>; <what is allowed>.

Of several errors the first in the file is reported. The integers that golden and RTL compute with are
derived from this in `golden.chip`.
"""

from copy import deepcopy
from os import PathLike, fspath
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .config_checks import check
from .config_errors import (
    ConfigError,
    choices,
    integers,
    listing,
    matching,
    numbers,
    one_or_more,
    plain,
    read_toml,
    sentence,
)
from .datasets import SETS

__all__ = ["ChipConfig", "ConfigError", "load"]

Activation = Literal["tanh", "sigmoid", "relu", "linear"]
Name = Annotated[
    str, matching("[a-z][a-z0-9_-]{0,39}", "1 to 40 of a-z, 0-9, - and _ after a first letter a-z")
]
Step = Annotated[int, integers(1, 2**32 - 1)]
Tau = Annotated[int, integers(1, 2**20)]
Rate = Annotated[float, numbers(0, 1000, above=True)]
Scale = Annotated[float, numbers(0, 1024, above=True)]
Spread = Annotated[float, numbers(0, 0.3)]
Layers = Annotated[tuple[Annotated[int, integers(1, 4096)], ...], listing(2, 8, "layer sizes")]
Change = Annotated[tuple[Step, Rate], listing(2, 2, "numbers, a step and an eta")]
Schedule = Annotated[tuple[Change, ...], listing(0, 15, "pairs [step, eta]")]
Config = TypeVar("Config", bound="ChipConfig")


class Section(BaseModel):
    """A table of the chip file: frozen, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Network(Section):
    """Dense layers: inputs, hidden..., outputs; one activation for all, or one for each layer of weights."""

    layers: Layers
    activation: Annotated[Activation | tuple[Activation, ...], one_or_more(*get_args(Activation))]


class Data(Section):
    """What is learned; `train` samples lie in the engine's memory and are drawn in this `order`.

    By default a set's usual split (`datasets.SETS`), or what is left of it.
    """

    set: Literal["nist7x7", "digits", "xor"]
    train: Annotated[int, integers(1, 65536)] = Field(default_factory=lambda given: _train(given))
    test: Annotated[int, integers(0, 65536)] = Field(default_factory=lambda given: _test(given))
    order: Literal["random", "cyclic"] = "random"


class Cost(Section):
    """Cost function, how C~ is measured, and the width of C~ in bits, sign included."""

    function: Literal["mse", "l1"] = "mse"
    mode: Literal["antithetic", "forward"] = "antithetic"
    bits: Annotated[int, integers(4, 23)] = 20


class Perturbation(Section):
    """Code, amplitude of each parameter in weight units, and MGD's time constants in steps."""

    code: Literal["random", "sequential", "walsh"] = "random"
    amplitude: Scale
    tau_p: Tau = 1
    tau_x: Tau = 1
    tau_theta: Tau = 1


class Update(Section):
    """Update path; eta, and its later values as pairs (from this step on, eta).

    Path filtered only: what a pulse leaves of H; `keep` leaves H / 2**keep_shift.
    """

    path: Literal["digital", "filtered"]
    eta: Rate
    schedule: Schedule = ()
    reset: Literal["zero", "subtract", "keep"] = "subtract"
    keep_shift: Annotated[int, integers(1, 8)] = 3


class Weights(Section):
    """Word of theta, or of a device's state; its top bits that reach the cell; weight at full scale.

    Initial weights are uniform in +-init.
    """

    bits: Annotated[int, integers(4, 28)] = 20
    dac_bits: Annotated[int, integers(2, 16)] = 12
    range: Scale = 8.0
    init: Annotated[float, numbers(0, 1024)] = 0.3


class Array(Section):
    """DACs of the lines; ADCs of the neurons' inputs, and the input at their full scale; codes of outputs."""

    input_bits: Annotated[int, integers(2, 12)] = 8
    adc_bits: Annotated[int, integers(4, 14)] = 10
    adc_bound: Scale = 8.0
    output_bits: Annotated[int, integers(2, 14)] = 10


class Device(Section):
    """Pulsed device: steps in its range, bound as a fraction of full scale, relative spreads and noise."""

    model: Literal["soft-bounds", "constant-step"] = "soft-bounds"
    states: Annotated[int, integers(2, 10000)] = 100
    bound: Annotated[float, numbers(0.05, 0.95)] = 0.6
    step_spread: Spread = 0.3
    bound_spread: Spread = 0.3
    asymmetry: Spread = 0.0
    cycle_noise: Annotated[float, numbers(0, 1)] = 0.3


class Engine(Section):
    """Parameters that the engine handles at a time."""

    lanes: Annotated[int, choices(1, 2, 4, 8, 16, 32, 64)] = 16


class Run(Section):
    """Length in steps, and the number of checkpoints along it."""

    steps: Step
    checkpoints: Annotated[int, integers(1, 1000)] = Field(
        default_factory=lambda given: min(20, given.get("steps", 20))
    )


class ChipConfig(Section):
    """A chip, its learning engine, and a run of it; one section for each table of the file."""

    name: Name
    seed: Annotated[int, integers(0, 2**32 - 1)] = 1
    network: Network
    data: Data
    cost: Cost = Cost()
    perturbation: Perturbation
    update: Update
    weights: Weights = Weights()
    array: Array = Array()
    device: Device | None = None
    engine: Engine = Engine()
    run: Run

    @property
    def parameters(self) -> int:
        """P, the number of weights and biases."""
        layers = self.network.layers
        return sum((n_in + 1) * n_out for n_in, n_out in zip(layers[:-1], layers[1:], strict=True))

    @property
    def activations(self) -> tuple[Activation, ...]:
        """Activation of each layer of weights."""
        given = self.network.activation
        return (given,) * (len(self.network.layers) - 1) if isinstance(given, str) else given

    def with_seed(self, seed: int) -> Self:
        """Return the same chip with another seed."""
        return self.with_(seed=seed)

    def with_(self, **overrides: Any) -> Self:
        """Return a copy in which some keys have other values, validated anew.

        Parameters
        ----------
        **overrides
            Values by dotted key, `with_(**{"run.steps": 1000})`. None removes a key or a section, so
            that its default holds.

        Raises
        ------
        ConfigError
            As `load` does, with the chip's name in place of the file.
        """
        data = self.model_dump(exclude_unset=True)
        for key, value in overrides.items():
            section, _, entry = key.rpartition(".")
            table = data.setdefault(section, {}) if section else data
            if not isinstance(table, dict):
                raise ConfigError(f"{self.name}: {plain(key)}: unknown key; {plain(section)} is no section.")
            if value is None:
                table.pop(entry, None)
            else:
                table[entry] = deepcopy(value)
        return _validate(type(self), data, self.name)

    @model_validator(mode="after")
    def _check(self) -> Self:
        check(self)
        return self


def load(path: str | PathLike[str]) -> ChipConfig:
    """Read a chip file.

    Raises
    ------
    ConfigError
        If it cannot be read, is not TOML in UTF-8, or does not describe a chip.
    """
    source = plain(fspath(path))
    data = read_toml(path, source)
    if not data:
        required = ", ".join(name for name, field in ChipConfig.model_fields.items() if field.is_required())
        raise ConfigError(f"{source}: the file is empty; required are {required}.")
    return _validate(ChipConfig, data, source)


def _validate(model: type[Config], data: dict[str, Any], source: str) -> Config:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ConfigError(f"{source}: {sentence(error, model, data)}") from None


def _train(given: dict[str, Any]) -> int:
    return SETS[given["set"]].train if "set" in given else 1


def _test(given: dict[str, Any]) -> int:
    data = SETS.get(given.get("set", ""))
    return min(data.test, data.room(given["train"])) if data and "train" in given else 0
