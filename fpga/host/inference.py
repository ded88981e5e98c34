"""Outputs of any chip, from its command to evaluate: what it counts with one target tells what the other was."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ...golden.blocks.lib.fixed import limit
from ...golden.blocks.measure.cost import MSE
from ...golden.chip.memory_map import Region
from ...golden.state import State
from .chip_in_loop import records
from .host import Host


def infer(
    host: Host, state: State, lines: NDArray[np.int32], progress: Callable[[int], None] | None = None
) -> NDArray[np.int32]:
    """Output codes for input codes, at the parameters of a state.

    The chip need not be made with `engine.inference`: S of one sample is measured with all targets low, and with one
    high in turn. With targets l and h an output o has (o - h)^2 - (o - l)^2 = h^2 - l^2 - 2 o (h - l), which
    tells o exactly; of absolute differences |o - h| - |o - l| = h + l - 2 o, as l <= o <= h.

    Parameters
    ----------
    host : Host
        Not running; its sample memory, parameters and registers are overwritten.
    state : State
    lines : int32 array, shape (n, inputs)
    progress : callable, optional
        Called with the number of samples that are done.

    Returns
    -------
    int32 array, shape (n, outputs)

    Raises
    ------
    ConfigError
        Of an engine whose memory keeps one bit a target there is no lowest code to measure absolute differences with.
    """
    chip = host.chip
    full, outputs, mse = limit(chip.config.array.output_bits), chip.layout.layers[-1], chip.cost.function == MSE
    low, high = chip.levels[1] if chip.levels else (-full, full)
    if not mse and (low, high) != (-full, full):
        raise chip.error(
            "cost.function", '"l1"',
            'with engine.samples = "bits" and targets of 0 and 1 does not tell negative outputs; '
            'allowed is "mse", or engine.samples = "codes"',
        )  # fmt: skip
    targets = np.full((outputs + 1, outputs), low, np.int32)
    targets[1:][np.eye(outputs, dtype=bool)] = high
    found = np.empty((len(lines), outputs), np.int64)
    host.load(state, lines[:1], targets[:1])
    for n, line in enumerate(lines):
        sums = np.array([_sum(host, line, target) for target in targets], np.int64)
        change = sums[1:] - sums[0]
        found[n] = (high**2 - low**2 - change) // (2 * (high - low)) if mse else -change // 4
        if progress:
            progress(n + 1)
    return found.astype(np.int32)


def _sum(host: Host, line: NDArray[np.int32], target: NDArray[np.int32]) -> int:
    host.transport.write(Region.SAMPLES, 0, records(line[None], target[None]).ravel())
    return host.evaluate(1)[0]
