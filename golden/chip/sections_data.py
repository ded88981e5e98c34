"""Tables of the chip file about what is learned; see `golden.chip.sections`."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from ..blocks.measure.samples import ORDERS
from ..data.datasets import SETS
from ..data.own.request import SCALES, Request
from .rules import integers, listing, matching, one_of, some_labels, some_names
from .sections import Section


class Data(Section):
    """What is learned; `train` samples lie in the engine's memory and are drawn in this `order`.

    A set by name: by default its usual split (`datasets.SETS`), or what is left of it. Or the user's own files (see
    `golden.data.own.request.Request`), from the chip file's folder on; `golden.chip.config.load` looks into them for
    what is not given of `train` and `test`, and notes their SHA-256.
    """

    set: Annotated[str | None, one_of(*SETS)] = None
    file: Annotated[str | tuple[str, ...] | None, some_names(1, 2, "file or a pair of them")] = None
    test_file: Annotated[str | tuple[str, ...] | None, some_names(1, 2, "file or a pair of them")] = None
    inputs: Annotated[tuple[str, ...], some_names(0, 4096, "columns", alone=False)] = ()
    target: Annotated[str | tuple[str, ...] | None, some_names(1, 4096, "column or a list of them")] = None
    labels: Annotated[tuple[str | int | float, ...], some_labels(4096)] = ()
    split: Annotated[str | None, some_names(1, 1, "column")] = None
    scale: Annotated[str | None, one_of(*SCALES)] = None
    pixels: Annotated[tuple[Annotated[int, integers(1, 1024)], ...], listing(0, 2, "sizes, height and width")] = ()
    sha256: Annotated[str | None, matching("[0-9a-f]{64}", "64 hexadecimal digits")] = None
    train: Annotated[int, integers(1, 65536)] = Field(default_factory=lambda given: _train(given))
    test: Annotated[int, integers(0, 65536)] = Field(default_factory=lambda given: _test(given))
    order: Annotated[str, one_of(*ORDERS)] = "random"

    @property
    def title(self) -> str:
        """What the data are called: the name of the set, or of the file."""
        return self.set or Path(self.request.file[0]).name

    @property
    def request(self) -> Request:
        """What is asked of the user's own files."""
        file, test_file, target = (
            () if value is None else (value,) if isinstance(value, str) else value
            for value in (self.file, self.test_file, self.target)
        )
        labels = tuple(map(str, self.labels))
        return Request(
            file, test_file, self.inputs, target, labels, self.split or "", self.scale or "", self.pixels
        )

    @model_serializer(mode="wrap")
    def _shown(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without the keys of own files where there are none: a set by name is described as it ever was."""
        own = ("file", "test_file", "inputs", "target", "labels", "split", "scale", "pixels", "sha256")
        dropped = {"set"} if self.file else own
        return {key: value for key, value in handler(self).items() if key not in dropped}


class Stream(Section):
    """Samples of an array with an external cost that come by a stream: codes of inputs, and of targets, of each."""

    inputs: Annotated[int, integers(1, 4096)]
    targets: Annotated[int, integers(0, 4096)] = 0


def _train(given: dict[str, Any]) -> int:
    return SETS[given["set"]].train if given.get("set") else 1


def _test(given: dict[str, Any]) -> int:
    data = SETS.get(given.get("set") or "")
    return min(data.test, data.room(given["train"])) if data and "train" in given else 0
