"""What is compiled is kept in the user's cache folder: found again by its name, removed when long unused."""

import os
import shutil
from functools import cache
from pathlib import Path

KEPT = 8
"""Folders that are kept beside each other, those used last."""


def user_cache(name: str) -> Path:
    """A folder of the user's cache; it need not exist, nor can it always be made."""
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "ohmgrad", name)


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
