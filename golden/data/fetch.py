"""Files of data sets: found in a folder that the user names, or fetched and checked by hash; then unpacked.

The folder is what the environment variable OHMGRAD_DATA says (`--data` on the command line sets it). Files in
it are taken as they are. Without it pooch fetches the originals into its cache, once, by SHA-256. The hashes
of MNIST, Fashion-MNIST and the binary CIFAR-10 archive are those that TensorFlow Datasets lists.
"""

import gzip
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

FOLDER = "OHMGRAD_DATA"
"""The environment variable that names the folder."""
MOST = 1 << 29
"""Bytes of a file, unpacked: ten times the largest of these sets, so that no file fills the memory."""


class DataError(ValueError):
    """A file of a data set is missing or wrong; the text is one sentence that names it."""


@dataclass(frozen=True)
class Source:
    """Where a data set's files are.

    Attributes
    ----------
    folders : tuple of str
        Patterns of folders under the user's that may hold the files, best first; the last place is the
        user's folder itself.
    urls : tuple of str
        Where to fetch from: each is a prefix of the names in `hashes`; the first that answers is taken.
    hashes : dict of str to str
        SHA-256 of what is fetched, by name. An archive (.tar.gz) stands for the files in it.
    """

    folders: tuple[str, ...]
    urls: tuple[str, ...]
    hashes: dict[str, str]


def collect(name: str, source: Source, wanted: tuple[str, ...]) -> dict[str, Path]:
    """Find the files of a data set.

    Parameters
    ----------
    name : str
        The set's name, for errors.
    source : Source
    wanted : tuple of str
        Names without `.gz`.

    Returns
    -------
    dict of str to Path
        Those of the wanted files that are there, at least one; as they are, or with `.gz` behind the name.

    Raises
    ------
    DataError
        If there is no such folder, none of the files is in it, or they cannot be fetched.
    """
    given = os.environ.get(FOLDER)
    if not given:
        return _among(_fetch(name, source, wanted), wanted)
    folder = Path(given)
    if not folder.is_dir():
        raise DataError(f"{folder}: is no folder; right for {FOLDER} or --data is the one with the files of {name}.")
    for pattern in (*source.folders, "."):
        for place in sorted(folder.glob(pattern)) if pattern != "." else [folder]:
            if found := _among([place / (file + end) for file in wanted for end in ("", ".gz")], wanted):
                return found
    raise DataError(
        f"{folder}: has no file of {name}, there or in {' or '.join(source.folders)}; "
        f"needed are {', '.join(wanted)}, each as it is or as .gz."
    )


def _among(paths: list[Path], wanted: tuple[str, ...]) -> dict[str, Path]:
    """Those of the paths that are files of the wanted names, by name; what is not packed goes first."""
    named = {path.name.removesuffix(".gz"): path for path in sorted(paths, reverse=True) if path.is_file()}
    return {name: named[name] for name in wanted if name in named}


def _fetch(name: str, source: Source, wanted: tuple[str, ...]) -> list[Path]:
    import pooch  # takes a quarter of a second, and only these sets need it

    paths: list[Path] = []
    for file, sha256 in source.hashes.items():
        processor = pooch.Untar() if file.endswith(".tar.gz") else None
        problem = ""
        for url in source.urls:
            try:
                got = pooch.retrieve(
                    url + file, f"sha256:{sha256}", file, pooch.os_cache("ohmgrad") / name, processor
                )
            except OSError as error:
                problem = f"{type(error).__name__} from {urlsplit(url).hostname}"
            except ValueError:
                problem = f"{urlsplit(url).hostname} sends a file with another SHA-256"
            else:
                paths += [Path(path) for path in ([got] if isinstance(got, str) else got)]
                break
        else:
            raise DataError(
                f"{name}: {file} could not be fetched ({problem}); please put {', '.join(wanted)} "
                f"into a folder, each as it is or as .gz, and name that by {FOLDER} or --data."
            )
    return paths


def read(path: Path) -> bytes:
    """Content of a file, unpacked if its name ends in .gz.

    Raises
    ------
    DataError
        If it cannot be read or unpacked, or holds more than `MOST` bytes.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
            parts, size = [], 0
            while part := file.read(1 << 20):
                parts.append(part)
                size += len(part)
                if size > MOST:
                    raise DataError(f"{path}: holds more than {MOST} bytes, which no file of these sets does.")
    except EOFError:
        raise DataError(f"{path}: the gzip file ends too early; please fetch it again.") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: is not a sound gzip file ({error}); please fetch it again.") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from None
    return b"".join(parts)
