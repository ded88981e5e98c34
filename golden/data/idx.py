"""MNIST and Fashion-MNIST, and the IDX format that they come in.

An IDX file has two zero bytes, a type (8: unsigned bytes), the number of dimensions, each dimension as 32 bits,
most significant byte first, and the values, last dimension fastest.

Sources: MNIST, Y. LeCun, C. Cortes, C. Burges; Fashion-MNIST, H. Xiao, K. Rasul, R. Vollgraf, arXiv 1708.07747.
"""

from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .fetch import DataError, Source, collect, read

FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
SOURCES = {
    "mnist": Source(
        ("mnist", "MNIST/raw"),
        ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"),
        {
            "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        },
    ),
    "fashion-mnist": Source(
        ("fashion-mnist", "FashionMNIST/raw"),
        (
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        {
            "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        },
    ),
}
UBYTE = 8


def images(name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8], int]:
    """Images and labels of MNIST or Fashion-MNIST.

    Parameters
    ----------
    name : str
        A key of `SOURCES`.

    Returns
    -------
    pixels : uint8, shape (images, 784)
        The training file's images, then the test file's; row by row, 0 to 255.
    labels : uint8, shape (images,)
        0 to 9.
    train : int
        How many images are of the training file.

    Raises
    ------
    DataError
        If a file is missing, is not such a file, or does not fit the others.
    """
    found = collect(name, SOURCES[name], FILES)
    for file in FILES:
        if file not in found:
            beside = next(iter(found.values()))
            raise DataError(f"{beside.with_name(file)}: is missing beside {beside.name}; needed are all four files.")
    paths = [found[file] for file in FILES]
    parts = [pair(*paths[:2]), pair(*paths[2:])]
    x, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return x.reshape(len(x), -1), y, len(parts[0][0])


def pair(images: Path, labels: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """28x28 images, shape (n, 28, 28), and their labels 0 to 9, shape (n,), of two files; or DataError."""
    x, y = parse(images, 3), parse(labels, 1)
    if x.shape[1:] != (28, 28):
        raise DataError(f"{images}: has images of {x.shape[1]}x{x.shape[2]} pixels; right are 28x28.")
    if not len(x):
        raise DataError(f"{images}: has no images; right is one or more.")
    if len(x) != len(y):
        raise DataError(f"{labels}: has {len(y)} labels for the {len(x)} images of {images.name}; right is one each.")
    if y.max() > 9:
        at = int((y > 9).argmax())
        raise DataError(f"{labels}: label {at} is {y[at]}; right are 0 to 9.")
    return x, y


def dimensions(path: Path) -> int:
    """Number of dimensions that an IDX file says; 1 of what is none, which `parse` then refuses."""
    return max(1, (read(path)[3:4] or b"\1")[0])


def parse(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """An IDX file of unsigned bytes with so many dimensions as an array, or DataError."""
    data = read(path)
    start = 4 + 4 * dimensions
    magic = bytes([0, 0, UBYTE, dimensions])
    if data[:4] != magic[: len(data[:4])]:
        raise DataError(
            f"{path}: begins with 0x{data[:4].hex()}; right for an IDX file of unsigned bytes "
            f"with {dimensions} dimension{'s' * (dimensions > 1)} is 0x{magic.hex()}."
        )
    if len(data) < start:
        raise DataError(f"{path}: ends after {len(data)} bytes, within the {start} bytes of its header.")
    shape = tuple(int(n) for n in np.frombuffer(data, ">u4", dimensions, 4))
    size = start + prod(shape)
    if len(data) != size:
        raise DataError(f"{path}: has {len(data)} bytes; right for {'x'.join(map(str, shape))} values are {size}.")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)
