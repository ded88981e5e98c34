"""Paths that make and linkers take: without blanks, without letters beyond ASCII, and without their own signs.

Verilator builds by make, which knows no quotes. So what is to be built at another path is built in a folder of this
user among the system's temporary ones, and what is at another path is reached by a symbolic link in there.
"""

import os
import re
import tempfile
from hashlib import sha256
from pathlib import Path

from ..golden.user_cache import own_folder
from .errors import Failure

_ODD = re.compile(r"[^\w./+,@-]", re.ASCII)


def is_plain(path: Path) -> bool:
    """Whether a path is one that make takes, as it is written and with links followed."""
    return not _ODD.search(f"{os.path.abspath(path)}{path.resolve()}")


def plain_folder() -> Path:
    """This user's folder for what cannot stay at its own path.

    Raises
    ------
    Failure
        There is none that is plain and the user's own.
    """
    tried = [own_folder(Path(base)) for base in (tempfile.gettempdir(), "/tmp", "/var/tmp")]
    for folder in filter(is_plain, tried):
        if os.access(folder, os.W_OK):
            return folder
    raise Failure(f"{tried[0]}: make does not take this path; TMPDIR should be one of ASCII letters, without blanks.")


def stand_in(path: Path) -> Path:
    """A path itself, made absolute, or if it is not plain, one for the same use in `plain_folder`."""
    return Path(os.path.abspath(path)) if is_plain(path) else _named(path)


def alias(path: Path) -> Path:
    """A path itself, made absolute, or if its own text is not plain, a link to it."""
    whole = Path(os.path.abspath(path))
    if not _ODD.search(str(whole)):
        return whole
    link = _named(whole)
    if not link.is_symlink():
        made = link.with_name(f"{link.name}.{os.getpid()}")
        made.symlink_to(whole)
        made.replace(link)  # another process may have been faster
    return link


def _named(path: Path) -> Path:
    """In `plain_folder`, named by a path's text."""
    return plain_folder() / sha256(os.fsencode(os.path.abspath(path))).hexdigest()[:16]
