"""From files to samples, and the hash of what is in them; what was read last is kept."""

import hashlib
from functools import lru_cache
from pathlib import Path

from ..fetch import DataError, read
from .arrays import read_npz, read_pair, read_parquet
from .delimited import read_delimited
from .pictures import picture_files, read_pictures
from .request import Request, form_of
from .samples import Samples, check


def read_all(request: Request) -> tuple[Samples, Samples | None, str]:
    """Read the file, and the test file if there is one.

    Returns
    -------
    tuple of (Samples, Samples or None, str)
        The last is the SHA-256 of all that was read.

    Raises
    ------
    DataError
        A file is missing or damaged, or a cell in it is not what it should be; one sentence with row and column.
    """
    files = [path for source in (*request.file, *request.test_file) for path in _files(source)]
    return _read_all(request, tuple((str(path), *_stamp(path)) for path in files))


def read_new(request: Request) -> Samples:
    """Read rows that are to be predicted; targets are taken where they are."""
    return _samples(request.file, request, False)[0]


@lru_cache(2)
def _read_all(request: Request, stamps: tuple[tuple[str, int, int], ...]) -> tuple[Samples, Samples | None, str]:
    samples, digest = _samples(request.file, request, True)
    if not request.test_file:
        return samples, None, digest
    test, other = _samples(request.test_file, request, True)
    if test.inputs.shape[1] != samples.inputs.shape[1]:
        raise DataError(
            f"{test.source}: has {test.inputs.shape[1]} inputs beside the {samples.inputs.shape[1]} of "
            f"{samples.source}; right are as many."
        )
    return samples, test, hashlib.sha256((digest + other).encode()).hexdigest()


def _samples(sources: tuple[str, ...], request: Request, with_targets: bool) -> tuple[Samples, str]:
    source, form = sources[0], form_of(sources[0])
    needed = 2 if form in ("npy", "idx") and with_targets else 1
    if len(sources) != needed and (with_targets or len(sources) > 2):
        raise DataError(
            f"{source}: comes with {len(sources) - 1} file{'s' * (len(sources) != 2)} beside it; right for this form "
            f"is {'a pair [inputs, targets]' if needed == 2 else 'one file'}."
        )
    if form == "folder":
        paths = picture_files(source, with_targets)
        digest = hashlib.sha256()
        for path in paths:
            digest.update(path.relative_to(source).as_posix().encode() + b"\0" + path.read_bytes())
        return check(read_pictures(source, paths, request)), digest.hexdigest()
    contents = tuple(read(Path(path)) for path in sources)
    digest = hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).hexdigest()
    if form in ("npy", "idx"):
        samples = read_pair(sources, contents)
    else:
        reader = {"csv": read_delimited, "npz": read_npz, "parquet": read_parquet}[form]
        samples = reader(source, contents[0], request, with_targets)
    return check(samples), digest


def _files(source: str) -> list[Path]:
    path = Path(source)
    return sorted(path.glob("*/*")) or [path] if path.is_dir() else [path]


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from None
    return found.st_mtime_ns, found.st_size
