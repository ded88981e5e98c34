"""Files that are there as a whole or not at all."""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ..golden.user_cache import damaged
from .errors import Failure


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a binary file that takes the place of `path` when the block ends without an exception."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with naming(path), open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # else a power cut might leave the name without the content
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove_unfinished(*folders: Path) -> None:
    """Remove what processes that were killed have left of files that they were `replacing`."""
    for folder in folders:
        for path in folder.glob(".*.*"):
            if path.suffix[1:].isdigit():
                path.unlink(missing_ok=True)


def write_all(folder: Path, contents: Mapping[str, str | bytes]) -> list[Path]:
    """Write files into a folder, which is made where it does not exist, and nowhere else: all of them, or none.

    Names may have folders in them.
    """
    there = folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".", dir=folder) as scratch:
            for name, content in contents.items():
                with naming(folder / name):
                    Path(scratch, name).parent.mkdir(parents=True, exist_ok=True)
                    Path(scratch, name).write_bytes(content if isinstance(content, bytes) else content.encode())
            for name in contents:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
            return [Path(scratch, name).replace(folder / name) for name in contents]
    except BaseException:
        if not there:
            folder.rmdir()
        raise


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name a file in what goes wrong while it is written, as a full disk does not."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise


def kept_json(path: Path) -> Any:
    """Value that is kept as JSON; None where there is none, or what is there was cut, of which a word is said."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        damaged(path)
        return None


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, replacing the file as a whole."""
    with replacing(path) as file:
        file.write(json.dumps(value, indent=2, allow_nan=False).encode() + b"\n")


class Claim:
    """A folder for one process: held until it is released, or until the process ends, in whatever way.

    Parameters
    ----------
    folder : Path
        Where it is not there yet, nothing is held until `take`.
    wait : bool
        Whether to wait for another process that holds it.

    Raises
    ------
    Failure
        Another process holds it.
    """

    def __init__(self, folder: Path, wait: bool = False):
        self._folder, self._flags, self._file = folder, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB), -1
        if folder.is_dir():
            self.take()

    def take(self) -> None:
        """Hold the folder, which is there now."""
        if self._file >= 0:
            return
        self._file = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(self._file, self._flags)
        except BlockingIOError:
            self.release()
            failure = Failure(f"{self._folder}: another run writes there; name another folder, or wait for its end.")
            failure.code = 2
            raise failure from None

    def release(self) -> None:
        """Let others have it."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def __enter__(self) -> "Claim":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
