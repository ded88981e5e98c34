"""What is counted of a network's outputs: how many are right, of which class, and how far off they are."""

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


def confusion(classes: np.ndarray, guesses: np.ndarray, count: int) -> np.ndarray:
    """How many samples of each class were taken for each: int64, shape (count, count); a row is a true class."""
    return np.bincount(classes * count + guesses, minlength=count * count).reshape(count, count)


def by_class(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Precision and recall of each class of a `confusion`; NaN where none was guessed, or there is none."""
    right = np.diagonal(table).astype(float)
    with np.errstate(invalid="ignore"):
        return right / table.sum(0), right / table.sum(1)


def errors(values: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Root of the mean squared error, mean absolute error, and R2, of each column of values.

    R2 is 1 - (sum of squared errors) / (sum of squared differences to the mean); NaN where all values are one.
    """
    difference = found - values
    squares, about = (difference**2).sum(0), ((values - values.mean(0)) ** 2).sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        r2 = np.where(about > 0, 1 - squares / about, np.nan)
    return np.sqrt(squares / len(values)), abs(difference).mean(0), r2


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
