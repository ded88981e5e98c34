"""What is counted of a network's outputs: how many are right, and how far they are from their targets."""

import numpy as np

from .blocks.measure.cost import MSE


def count(out: np.ndarray, targets: np.ndarray, function: int) -> tuple[int, int]:
    """What the engine's evaluation counts, from codes of outputs and targets, int32 of shape (samples, outputs).

    Parameters
    ----------
    function : int
        MSE or L1.

    Returns
    -------
    tuple of (int, int)
        Sum of S, and the samples classified right: the first largest output is the first largest target
        or, of a single output, both are above 0 or neither.
    """
    difference = out.astype(int) - targets
    total = (difference**2).sum() if function == MSE else 2 * abs(difference).sum()
    if targets.shape[1] == 1:
        right = (out > 0) == (targets > 0)
    else:
        right = out.argmax(1) == targets.argmax(1)
    return int(total), int(right.sum())


def share_right(out: np.ndarray, labels: np.ndarray, middle: float) -> float:
    """Share of samples classified right.

    Parameters
    ----------
    out : float array, shape (n, outputs)
        The class is the largest output or, of a single one, whether it is above the middle.
    labels : int array, shape (n,)
    middle : float
    """
    guess = (out[:, 0] > middle).astype(int) if out.shape[1] == 1 else out.argmax(axis=1)
    return float(np.mean(guess == labels))
