"""What is compiled is kept: in the user's cache folder found again by its name, sealed against damage, and removed when
long unused."""

import os
import shutil
import sys
import tempfile
from functools import cache
from hashlib import sha256
from pathlib import Path

KEPT = 8
"""Folders that are kept beside each other, those used last."""


def user_cache(name: str) -> Path:
    """A folder of the user's cache; it need not exist, nor can it always be made."""
    return cache_home() / "ohmgrad" / name


def cache_home() -> Path:
    """Where the user's caches are: `XDG_CACHE_HOME`, or `~/.cache`; if it cannot be written, a temporary folder."""
    own = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    return own if _made(own) else own_folder(Path(tempfile.gettempdir())) / "cache"


def own_folder(base: Path) -> Path:
    """This user's folder among the temporary ones of everybody; it need not be there where it cannot be made."""
    folder = base / f"ohmgrad-{os.getuid()}"
    if _made(folder, 0o700) and folder.stat().st_uid != os.getuid():
        return Path(tempfile.mkdtemp(prefix="ohmgrad-", dir=base))  # another user has taken the name
    return folder


def _made(folder: Path, mode: int = 0o777) -> bool:
    """Whether a folder is there, or has been made, and can be written."""
    try:
        folder.mkdir(mode, parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


@cache
def make_room(folder: Path) -> None:
    """Make a folder, once in a process, and remove those beside it that were used longest ago.

    Raises
    ------
    OSError
        It cannot be made; or other processes do the same just now.
    """
    folder.mkdir(parents=True, exist_ok=True)
    os.utime(folder)
    others = sorted(folder.parent.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in others[KEPT:]:
        shutil.rmtree(path, ignore_errors=True)


SEAL = "seal"
"""File of a kept folder that has the digest of all others in it."""


def seal(folder: Path) -> None:
    """Note in a folder what is in it."""
    (folder / SEAL).write_text(_digest(folder))


def is_whole(folder: Path) -> bool:
    """Whether a folder is there as it was sealed; what was cut or changed since is removed, and a word said of it."""
    if not folder.exists():
        return False
    try:
        if (folder / SEAL).read_text() == _digest(folder):
            return True
    except (OSError, ValueError):
        pass  # no seal, or none of ours
    damaged(folder)
    shutil.rmtree(folder, ignore_errors=True)
    return False


def damaged(path: Path) -> None:
    """Say that what is kept at a path is damaged."""
    print(f"ohmgrad: {path}: what is kept there is damaged; it is made again.", file=sys.stderr)


def _digest(folder: Path) -> str:
    """Of names and contents."""
    digest = sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != SEAL:
            content = path.read_bytes()
            digest.update(f"{path.relative_to(folder)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
