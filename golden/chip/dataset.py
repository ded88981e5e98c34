"""What a chip learns from: samples of a set by name, or of the user's own files, and what its outputs mean."""

from os.path import join
from typing import TYPE_CHECKING, Any

from ..data import datasets
from ..data.datasets import SETS, Split
from ..data.fetch import DataError
from ..data.own.companion import Companion
from ..data.own.own import fits, make_split, open_data
from ..errors import ConfigError
from .rules import show

if TYPE_CHECKING:
    from .config import ChipConfig

WORDS = {"nist7x7": tuple(datasets.GLYPHS)}
"""Labels of sets whose classes have names; those of the others are numbers."""


def split_of(config: "ChipConfig") -> Split:
    """Training and test samples of a chip, which its seed draws.

    Raises
    ------
    DataError
        Files are missing, wrong, or not those that were there when the chip file was read.
    """
    return learnt_of(config)[0]


def learnt_of(config: "ChipConfig") -> tuple[Split, Companion]:
    """The same, and how they were scaled and what the outputs mean."""
    section = config.dataset
    if section.set:
        split = datasets.load(section.set, section.train, section.test, config.seed)
        return split, _of_set(section.set, split)
    outputs, request = config.dense.layers[-1], section.request
    data = open_data(request, outputs)
    if section.sha256 and section.sha256 != data.sha256:
        raise DataError(
            f"{request.file[0]}: holds data of SHA-256 {data.sha256[:12]}..., and data.sha256 is "
            f"{section.sha256[:12]}...; right are the data that the chip file was read with."
        )
    sizes = section.train, section.test
    return make_split(data, sizes, config.seed, request.scale, outputs, config.activations[-1])


def _of_set(name: str, split: Split) -> Companion:
    whole = SETS[name]
    count = 2 if whole.outputs == 1 else whole.outputs
    names = tuple(f"x[{k}]" for k in range(whole.inputs))
    levels = float(split.train_t.min()), float(split.train_t.max())
    labels = WORDS.get(name) or tuple(map(str, range(count)))
    return Companion(name, "", names, "none", (), (), ("class",), labels, levels)


def settled(config: "ChipConfig", source: str, folder: str) -> "ChipConfig":
    """A chip whose file was just read, with what its own files say: their paths, hash, and numbers of samples.

    Parameters
    ----------
    config : ChipConfig
        With `data.file`.
    source : str
        The chip file, for errors.
    folder : str
        Where it is: there paths begin.

    Raises
    ------
    ConfigError
        Network, or numbers of samples, do not fit the files.
    DataError
        Files cannot be used.
    """
    section, layers = config.dataset, config.dense.layers
    at: dict[str, Any] = {
        key: join(folder, paths) if isinstance(paths, str) else tuple(join(folder, path) for path in paths)
        for key in ("file", "test_file")
        if (paths := getattr(section, key))
    }
    data = open_data(section.model_copy(update=at).request, layers[-1])
    if problem := fits(data, layers):
        raise ConfigError(f"{source}: network.layers: {show(layers)} {problem}.")
    said = [getattr(section, key) if key in section.model_fields_set else None for key in ("train", "test")]
    try:
        at["train"], at["test"] = data.sizes(*said)
    except ValueError as error:
        raise ConfigError(f"{source}: data.file: {show(section.file)} {error}.") from None
    if section.sha256 and section.sha256 != data.sha256:
        raise ConfigError(
            f"{source}: data.sha256: {section.sha256} is not that of data.file = {show(section.file)}; "
            f"allowed is {data.sha256}."
        )
    return config.with_(**{f"data.{key}": value for key, value in at.items()}, **{"data.sha256": data.sha256})
