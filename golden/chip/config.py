"""The chip description: one TOML file -> one frozen, validated `ChipConfig` in real units.

`load` reads a file, `ChipConfig.with_` overrides single keys. Whatever is wrong with either ends in a
`ConfigError`, whose text is one sentence:

    <file>: <section.key>: <value> <what is wrong>; <what is allowed>.

Of several errors the first in the file is reported. The integers that golden and RTL compute with are
derived from this in `golden.chip.chip`.
"""

import json
from copy import deepcopy
from math import sqrt
from os import PathLike, fspath
from os.path import dirname
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ValidationError, model_validator

from .checks import check
from .dataset import settled
from .rules import ConfigError, integers, plain, read_toml, section_of, sentence
from .sections import Engine, Name, Network, Parameters, Run, Section
from .sections_array import Array, Defects, Device, Fast, FrontEnd, PulseDriver, Weights
from .sections_data import Data, Stream
from .sections_learning import Average, Cost, Perturbation, Transfer, Update

__all__ = ["ChipConfig", "ConfigError", "load", "restored"]

Config = TypeVar("Config", bound="ChipConfig")


class ChipConfig(Section):
    """A chip, its learning engine, and a run of it; one section for each table of the file."""

    name: Name
    seed: Annotated[int, integers(0, 2**32 - 1)] = 1
    network: Network | None = None
    parameters: Parameters | None = None
    data: Data | None = None
    stream: Stream | None = None
    cost: Cost = Cost()
    perturbation: Perturbation
    update: Update
    weights: Weights = Weights()
    array: Array = Array()
    front_end: FrontEnd | None = None
    pulse_driver: PulseDriver | None = None
    device: Device | None = None
    fast: Fast | None = None
    transfer: Transfer = Transfer()
    average: Average | None = None
    defects: Defects | None = None
    engine: Engine = Engine()
    run: Run

    @property
    def largest(self) -> tuple[int, int]:
        """Largest tau_p and tau_theta that the widths are made for."""
        engine, taus = self.engine, self.perturbation
        return engine.max_tau_p or taus.tau_p, engine.max_tau_theta or taus.tau_theta

    @property
    def perturbed(self) -> int:
        """Number of values of the code: one a parameter, or one a neuron."""
        return self.size if self.perturbation.method == "weight" else sum(rows for rows, _ in self.groups)

    @property
    def peak(self) -> int:
        """Largest value of the code: 1 of a sign, a root of two times the amplitude in DAC steps of a sine."""
        if self.perturbation.code != "sinusoidal":
            return 1
        step = self.weights.range / (1 << (self.weights.dac_bits - 1))
        return max(2, round(sqrt(2) * self.perturbation.amplitude / step))

    @property
    def factor_bits(self) -> int:
        """log2 of the largest magnitude that C~ is multiplied by, rounded up."""
        lines = self.array.input_bits - 1 if self.perturbation.method != "weight" else 0
        return (self.peak - 1).bit_length() + lines

    @property
    def gradient_bits(self) -> int:
        """Width of the words of G, which hold a window of the largest tau_theta."""
        # A leak lets G grow to tau_theta + 1 costs.
        window = self.largest[1] + (self.cost.mode == "analog")
        return self.cost.bits + self.factor_bits + (window - 1).bit_length()

    @property
    def dense(self) -> Network:
        """The network; ConfigError where there is none."""
        if self.network is None:
            raise self._blind("network")
        return self.network

    @property
    def dataset(self) -> Data:
        """What is learned; ConfigError where that is not known."""
        if self.data is None:
            raise self._blind("data")
        return self.data

    def _blind(self, section: str) -> ConfigError:
        return ConfigError(
            f"{self.name}: {section}: missing section, without which nothing is known of what the array computes; "
            'such a chip can be generated and replayed, all else takes one with array.kind = "emulated".'
        )

    @property
    def groups(self) -> tuple[tuple[int, int], ...]:
        """Rows and columns of each layer of weights, bias column included, or of each group of parameters."""
        if self.network:
            layers = self.network.layers
            return tuple((rows, inputs + 1) for inputs, rows in zip(layers[:-1], layers[1:], strict=True))
        if not self.parameters:
            return ()
        given = self.parameters.groups or (self.parameters.count,)
        return tuple((1, group) if isinstance(group, int) else group for group in given)

    @property
    def size(self) -> int:
        """P, the number of weights and biases, or of parameters."""
        return sum(rows * columns for rows, columns in self.groups)

    @property
    def activations(self) -> tuple[str, ...]:
        """Activation of each layer of weights."""
        given = self.dense.activation
        return (given,) * (len(self.dense.layers) - 1) if isinstance(given, str) else given

    def with_seed(self, seed: int) -> Self:
        """Return the same chip with another seed."""
        return self.with_(seed=seed)

    def value(self, key: str) -> Any:
        """Value of a dotted key of a section that is there."""
        section, _, entry = key.rpartition(".")
        return getattr(getattr(self, section) if section else self, entry)

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
    """Read a chip file, and look into the user's own files that it names.

    Raises
    ------
    ConfigError
        If it cannot be read, is not TOML in UTF-8, or does not describe a chip.
    DataError
        If the user's own files cannot be used.
    """
    source = plain(fspath(path))
    data = read_toml(path, source)
    if not data:
        fields = ChipConfig.model_fields.items()
        required = ", ".join(name for name, field in fields if field.is_required() or name in ("network", "data"))
        raise ConfigError(f"{source}: the file is empty; required are {required}.")
    config = _validate(ChipConfig, data, source)
    return settled(config, source, dirname(path)) if config.data and config.data.file else config


def restored(text: str, source: str) -> ChipConfig:
    """The description that `ChipConfig.model_dump_json` wrote, as a checkpoint has it.

    There every key is given, and some are refused beside others: what has its default is left out.

    Raises
    ------
    ConfigError
        It is none of this version; the sentence calls it `source`.
    """
    try:
        given = _given(ChipConfig, json.loads(text))
    except (ValueError, AttributeError, RecursionError):
        raise ConfigError(f"{source}: the description is no JSON of a chip.") from None
    return _validate(ChipConfig, given, source)


def _given(model: type[BaseModel], values: dict[str, Any]) -> dict[str, Any]:
    """Values that are not defaults, section by section."""
    left = {}
    for name, value in values.items():
        field = model.model_fields.get(name)
        section = field and section_of(field)
        if field and section and isinstance(value, dict):
            inner = _given(section, value)
            left |= {name: inner} if inner or field.default != section() else {}
        elif not field or value != (list(field.default) if isinstance(field.default, tuple) else field.default):
            left[name] = value
    return left


def _validate(model: type[Config], data: dict[str, Any], source: str) -> Config:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ConfigError(f"{source}: {sentence(error, model, data)}") from None
