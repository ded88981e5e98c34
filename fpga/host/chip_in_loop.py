"""A host's chip, simulated or on a board, as a `golden.learn` chip: chip in the loop."""

import numpy as np
from numpy.typing import NDArray

from ...golden.chip.memory_map import SAMPLE_WORD, Region
from ...golden.learn.engine_chip import EngineChip
from .host import Host


def records(inputs: NDArray[np.int32], targets: NDArray[np.int32]) -> NDArray[np.int32]:
    """Codes of samples as the sample memory has them, a row each: inputs and targets start at a word of 8 each."""
    parts = [np.pad(codes, ((0, 0), (0, -codes.shape[1] % SAMPLE_WORD))) for codes in (inputs, targets)]
    return np.hstack(parts)


class HostEvaluator:
    """What `EngineChip` asks of a device, over a host.

    Parameters
    ----------
    host : Host
        Its chip must not be running. What it holds in theta and in the first places of the sample memory is
        overwritten: a run of the engine begins with `Host.load`.
    """

    def __init__(self, host: Host):
        self.host = host

    def write_samples(self, inputs: NDArray[np.int32], targets: NDArray[np.int32]) -> None:
        self.host.transport.write(Region.SAMPLES, 0, records(inputs, targets).ravel())

    def write_theta(self, first: int, words: NDArray[np.int32]) -> None:
        self.host.transport.write(Region.THETA, first, words)

    def read_theta(self) -> NDArray[np.int32]:
        return self.host.transport.read(Region.THETA, 0, self.host.chip.layout.parameters)

    def evaluate(self, samples: int) -> int:
        return self.host.evaluate(samples)[0]


def chip_of(host: Host) -> EngineChip:
    """The chip behind a host, for `golden.learn.chip_in_loop`."""
    return EngineChip(host.chip, HostEvaluator(host))
