"""Compiled code of golden, kept for the processes to come.

Numba's own cache only looks at the file that a function is in, but a function here holds those of other files, inlined
or called. So the compiled code lies in a folder named by a hash of all of golden's sources, the versions of what
compiles them and Numba's settings: code made from other sources is never found. Where nothing can be written,
nothing is kept. Keys hold the processor, as they do for Numba.
"""

# Numba's methods have no annotations, and what is inferred of abstract ones is that they return nothing.
# pyright: reportIncompatibleMethodOverride=false

import importlib
import os
import pickle
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numba
from numba import types
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator
from numba.core.serialize import dumps
from numba.np import linalg

from .user_cache import damaged, make_room, user_cache

SOURCES = Path(__file__).resolve().parent
_HARMLESS = ("NUMBA_CACHE_DIR", "NUMBA_DEBUG_CACHE", "NUMBA_NUM_THREADS")
"""Settings of Numba that do not change what it compiles."""


def compile_or_find(function: Any, options: dict[str, Any]) -> Any:
    """A function as `numba.njit` makes it, which for each signature looks for what is kept first."""
    dispatcher: Any = numba.njit(**options)(function)
    if SOURCES in Path(function.__code__.co_filename).resolve().parents:
        dispatcher._cache = _Cache(function)
    return dispatcher


class _Locator(_CacheLocator):
    """Names the files of a function; see `numba.core.caching`."""

    def __init__(self, function: Any):
        self._name = f"{function.__module__}-{function.__code__.co_firstlineno}"

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> "_Locator":
        return cls(py_func)

    def ensure_cache_path(self) -> None:
        """Nothing, until something is saved."""

    def get_cache_path(self) -> str:
        return str(folder())

    def get_source_stamp(self) -> str:
        return ""  # the folder's name says it

    def get_disambiguator(self) -> str:
        return self._name


class _Implementation(CompileResultCacheImpl):
    _locator_classes = [_Locator]


class _Cache(FunctionCache):
    """The kept code of one function."""

    _impl_class = _Implementation

    def __init__(self, function: Any):
        super().__init__(function)
        self._cache_file = _Files(self._impl.filename_base)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        _import_array_functions()
        return super().load_overload(sig, target_context) if all(map(_golden, sig)) else None

    def save_overload(self, sig: Any, data: Any) -> None:
        with suppress(OSError):
            if all(map(_golden, sig)):
                super().save_overload(sig, data)


@cache
def _import_array_functions() -> None:
    """Import a part of Numba that any function needs without `scipy.linalg`, which takes 0.3 s.

    The part looks whether a BLAS is there. It is, with scikit-learn; and Numba looks again where a function calls it.
    """
    look = linalg.ensure_blas
    linalg.ensure_blas = lambda: None
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = look


def _golden(kind: Any) -> bool:
    """Whether what is compiled for a type holds nothing but golden: no function, and no method of another's class."""
    if isinstance(kind, types.BaseNamedTuple):
        owner: Any = kind
        file = getattr(sys.modules[owner.instance_class.__module__], "__file__", None)
        if file is None or SOURCES not in Path(file).resolve().parents:
            return False
    members: Any = kind if isinstance(kind, types.BaseTuple) else ()
    return not isinstance(kind, types.Callable) and all(map(_golden, members))


class _Files:
    """A file for each signature, without Numba's index, which two processes could rewrite at once."""

    def __init__(self, name: str):
        self._name = name

    def load(self, key: Any) -> Any:
        """What was saved under a key, or nothing."""
        if not _unchanged():
            return None
        try:
            content = self._path(key).read_bytes()
        except OSError:
            return None
        if sha256(content[32:]).digest() != content[:32]:  # a disk that was full, say
            damaged(self._path(key))
            return None
        found, data = pickle.loads(content[32:])
        return data if found == key else None

    def save(self, key: Any, data: Any) -> None:
        """Keep what belongs to a key."""
        if not _unchanged():
            return
        make_room(folder())
        content = dumps((key, data))
        path = self._path(key)
        part = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            part.write_bytes(sha256(content).digest() + content)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def _path(self, key: Any) -> Path:
        return folder() / f"{self._name}.{sha256(repr(key).encode()).hexdigest()[:16]}"


@cache
def folder() -> Path:
    """Where the compiled code of these sources is kept; it need not exist."""
    own = os.environ.get("NUMBA_CACHE_DIR")
    above = Path(own, "ohmgrad") if own else user_cache("compiled")
    versions = [sys.version, *(version(name) for name in ("numba", "llvmlite", "numpy", "scipy"))]
    digest = sha256(repr(versions).encode())
    settings = {name: value for name, value in os.environ.items() if name.startswith("NUMBA_")}
    digest.update(repr(sorted(item for item in settings.items() if item[0] not in _HARMLESS)).encode())
    for path in sorted(_STAMP):
        digest.update(f"{path.relative_to(SOURCES)}\0".encode() + path.read_bytes() + b"\0")
    kept = above / digest.hexdigest()[:24]
    with suppress(OSError):
        os.utime(kept)  # it is in use
    return kept


def _stamp(paths: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    """Dates and sizes of sources."""
    return {path: (stat.st_mtime_ns, stat.st_size) for path in paths if (stat := path.stat())}


_STAMP = _stamp(SOURCES.rglob("*.py"))


def _unchanged() -> bool:
    """Whether the sources are still those of the folder, so that what was imported since is too."""
    try:
        return _stamp(_STAMP) == _STAMP
    except OSError:
        return False
