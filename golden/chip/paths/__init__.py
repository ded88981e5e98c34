"""Update paths: what becomes of the costs. `golden.chip.chip.Chip.path` is one of these.

A path is one file here, one in `golden.paths`, one in `rtl.paths`, and one entry of `PATHS`.
"""

from .base import Path
from .digital import Digital
from .filtered import Filtered
from .tiki_taka import TikiTaka

PATHS: dict[str, type[Path]] = {"digital": Digital, "filtered": Filtered, "tiki-taka": TikiTaka}
"""By the name that `update.path` has in a chip file."""
