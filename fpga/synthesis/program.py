"""`ohmgrad program`: a bitstream into a board, by whatever tool for it is on PATH."""

import shutil
import subprocess
from pathlib import Path

from ..board.boards import Board
from ..errors import Failure


def program(board: Board, bitstream: Path) -> None:
    """Load a bitstream into a board.

    Raises
    ------
    Failure
        The file is not there, no tool for the board is on PATH, or the tool fails.
    """
    if not bitstream.is_file():
        failure = Failure(f"{bitstream}: there is no such bitstream; ohmgrad build makes one.")
        failure.code = 2
        raise failure
    for name, *options in board.programmers:
        found = shutil.which(name)
        if found:
            done = subprocess.run([found, *options, bitstream])
            if done.returncode:
                raise Failure(f"{name} ends with {done.returncode}: is the {board.title} plugged in?")
            return
    names = " or ".join(name for name, *_ in board.programmers)
    raise Failure(f"no tool that programs the {board.title} is on PATH: install {names}.")
