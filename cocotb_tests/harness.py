"""Runs blocks on Verilator under cocotb: a grid of them in one build, drivers of their ports, checks.

A test file holds the configurations of its block and `make`, which makes the block of one by its name.
Its pytest function calls `run`, which builds the blocks of all into one top and starts a simulation;
there, the cocotb tests of the same file run `over` the same names, each with a `Bench`, which makes
the block again for the layouts of its ports and drives the instance of that name.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time
from typing import Any
from unittest.mock import patch
from xml.etree import ElementTree
from zlib import crc32

import cocotb
import numpy as np
from amaranth.hdl import ClockDomain, ClockSignal, DomainRenamer, Module, ResetSignal, Signal
from amaranth.lib import wiring
from cocotb_tools import config as installed
from cocotb_tools.runner import get_runner

from ohmgrad.fpga.files import Claim
from ohmgrad.fpga.plain import alias, stand_in
from ohmgrad.fpga.simulation.headers import precompiled
from ohmgrad.fpga.simulation.verilate import QUICK
from ohmgrad.fpga.toolchain import verilator_environment
from ohmgrad.golden.user_cache import damaged, is_whole, make_room, seal, user_cache
from ohmgrad.rtl.bus.slave import BUSES, NATIVE
from ohmgrad.rtl.lib.ram import WAIVERS
from ohmgrad.rtl.lib.verilog import verilog

HERE = Path(__file__).resolve().parent
BUILD = Path("build/cocotb")
"""Gets a folder for each simulation, in the folder that the tests run in."""

# A test spends most of its time in the C++ compiler, hence: only ports are public, or every net of every
# block would get its entry; one file without optimisation, and none of Verilator's that takes longer than it saves;
# and Verilator's library and headers, which are the same for all tests, compiled once.
_VERILATOR = ["-Wall", "--no-public-flat-rw", "-fno-merge-cond"]
_PUBLIC = 'public_flat_rw -module "{}" -var "{}"\n'
MAKE = "VM_PARALLEL_BUILDS=0 OPT_GLOBAL=-O1"
_NAMES = "OHMGRAD_GRID"
"""Environment variable that tells the simulation of a part which configurations are in it."""


class Grid(wiring.Component):
    """Components side by side; the ports of each carry its name as prefix.

    One has a clock at a time, that whose `number` is `chosen`: the others cost nothing meanwhile. The reset comes by a
    register, a clock late: what depends on an input is computed three times a clock, and on a reset nearly all does.
    """

    def __init__(self, components: Mapping[str, wiring.Component]):
        self.components = components
        ports = {name: wiring.Out(component.signature) for name, component in components.items()}
        super().__init__({"chosen": wiring.In(32), **ports})

    def elaborate(self, platform):
        m, held = Module(), Signal(init=1, reset_less=True, name="held")
        m.d.sync += held.eq(ResetSignal())
        for name, component in self.components.items():
            domain = "sync" if _has_clock(component) else f"of_{name}"
            if domain != "sync":
                m.domains += ClockDomain(domain)
                m.d.comb += ClockSignal(domain).eq(ClockSignal() & (self.chosen == number(name)))
                m.d.comb += ResetSignal(domain).eq(held)
            m.submodules[name] = DomainRenamer(domain)(component)
            wiring.connect(m, component, wiring.flipped(getattr(self, name)))
        return m


def _has_clock(component: wiring.Component) -> bool:
    """Whether a component has a clock of its own: that of its bus."""
    return getattr(component, "bus", NATIVE) in BUSES


def number(name: str) -> int:
    """By which a component of a grid is chosen."""
    return crc32(name.encode())


def over(names: Iterable[str]):
    """Decorator of a cocotb test `async def f(dut, name)`: one test a name, if that is in this simulation."""
    built = os.environ.get(_NAMES)
    names = [name for name in names if built is None or name in built.split()]
    return cocotb.parametrize(name=[cocotb.Param(name, name=name) for name in names])


def run(
    file: str, make: Callable[[str], wiring.Component], names: Iterable[str], optimize: str = QUICK, part: str = ""
) -> None:
    """Build a grid and run the cocotb tests of a test file on it.

    The seed is `OHMGRAD_SEED`, or one fixed by the file's name.

    Parameters
    ----------
    file : str
        `__file__` of the test file.
    make : callable
        Gives the component of a configuration by its name.
    names : iterable of str
        Configurations; identifiers.
    optimize : str
        Flag of the C++ compiler; more than this pays above some 100,000 clocks.
    part : str
        Tells simulations apart where a file is split into several, each with some of its configurations: a
        build takes longer than its parts, and every clock is one of all blocks in it.

    Raises
    ------
    AssertionError
        Names the cocotb tests that failed, and says why; or holds the messages of a failed build.
    """
    __tracebackhide__ = True  # pytest shows the message alone
    name, room = Path(file).stem, Path(file).resolve().parent.relative_to(HERE).parts
    seed = int(os.environ.get("OHMGRAD_SEED", crc32(name.encode())))
    names, folder = list(names), stand_in(BUILD / "-".join(filter(None, [name, part])))
    grid, results = Grid({name: make(name) for name in names}), folder / "results.xml"
    print(f"{name}: seed {seed}, simulation in {folder}")
    # Of the simulation alone, where so few steps are done sooner than golden is compiled: Numba in this process would
    # heed it too.
    environment = {"NUMBA_DISABLE_JIT": "1"}
    if part:
        environment[_NAMES] = " ".join(names)
    folder.mkdir(parents=True, exist_ok=True)
    with Claim(folder, wait=True):  # another process may run the same test
        runner, status = build(grid, "grid", folder, optimize), None
        try:
            runner.test(
                ".".join(["ohmgrad.cocotb_tests", *room, name]), "grid", seed=seed, build_dir=folder,
                results_xml=str(results), log_file=folder / "simulation.log", extra_env=environment,
            )  # fmt: skip
        except SystemExit as end:  # how the runner reports failed tests; the results say which
            status = end.code
    _require_success(name, folder, set(names) if part else set(), seed, status)


def _require_success(name: str, folder: Path, names: set[str], seed: int, status: Any) -> None:
    """Look into the results of a simulation; AssertionError as by `run`."""
    __tracebackhide__ = True
    results = folder / "results.xml"
    assert results.exists(), f"{name}: the simulation ended early, see {folder / 'simulation.log'}"
    cases = list(ElementTree.parse(results).iter("testcase"))
    failures = [
        f"{case.get('name')}: {reason.get('type')}: {reason.get('message')}"
        for case in cases
        for reason in case
        if reason.tag in ("failure", "error")
    ]
    assert cases, f"{name}: no cocotb test ran"
    ran = {case.get("name", "").partition("name=")[2] for case in cases}
    assert not names or ran == names, f"{name}: of {', '.join(names)} these ran: {', '.join(sorted(ran))}"
    assert not failures, f"{len(failures)} of {len(cases)} failed with seed {seed}:\n" + "\n".join(failures)
    assert not status, f"{name}: the simulator ended with {status}, see {folder / 'simulation.log'}"


def build(top: wiring.Component, name: str, folder: Path, optimize: str = QUICK) -> Any:
    """Build the simulator of a component.

    Parameters
    ----------
    name : str
        Of the top module.
    folder : Path
        Of all that is made; is made where it does not exist.
    optimize : str
        As of `run`.

    Returns
    -------
    cocotb_tools.runner.Runner

    Raises
    ------
    AssertionError
        Verilator refuses; the text has its messages.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source, public, waivers, log = (folder / file for file in (f"{name}.v", "public.vlt", WAIVERS.name, "build.log"))
    source.write_text(verilog(top, name))
    waivers.write_text(WAIVERS.read_text())
    ports = ["clk", "rst", *("__".join(map(str, path)) for path, _, _ in top.signature.flatten(top))]
    public.write_text("`verilator_config\n" + "".join(_PUBLIC.format(name, port) for port in ports))
    environment = verilator_environment()
    environment["MAKEFLAGS"] += f" {MAKE} OPT_FAST={optimize}"
    runner = verilator()
    with patch.dict(os.environ, environment):
        (folder / name).unlink(missing_ok=True)
        old = [path for pattern in ("*.o", "*.a", "*.d") for path in folder.glob(pattern)]
        try:
            _compile(runner, name, [waivers, public, source], log, optimize)
        except AssertionError:
            if not old:
                raise
            damaged(folder)  # perhaps; else the second try fails as well
            for path in old:
                path.unlink()
            _compile(runner, name, [waivers, public, source], log, optimize)
    return runner


def _compile(runner: Any, name: str, sources: list[Path], log: Path, optimize: str) -> None:
    """Have Verilator and the compiler do their part, in the folder of the log."""
    folder = log.parent
    try:
        with with_library(folder, optimize) as headers:
            runner.build(
                sources=sources, hdl_toplevel=name, build_dir=folder, build_args=[*_VERILATOR, *headers],
                timescale=("1ns", "1ns"), always=True, log_file=log,
            )  # fmt: skip
    except RuntimeError as error:
        text = log.read_text(errors="replace")
        raise AssertionError(f"{folder.name}: Verilator does not build it:\n{text}") from error


def verilator() -> Any:
    """cocotb's runner for Verilator, which links with cocotb wherever that is installed."""
    installed.libs_dir, installed.share_dir = alias(installed.libs_dir), alias(installed.share_dir)
    return get_runner("verilator")


@contextmanager
def with_library(folder: Path, optimize: str) -> Iterator[list[str]]:
    """Build a simulator in a folder with what is kept of Verilator's library, or keep it for others.

    Gives arguments of Verilator. Where nothing can be written, nothing is kept.
    """
    kind = "-waves" if os.environ.get("WAVES") else ""  # which cocotb's runner reads
    library = user_cache("cocotb") / f"verilator-{metadata.version('verilator')}{kind}"
    whole = is_whole(library)
    if whole:
        _copy_objects(library, folder)
    yield precompiled() if whole and optimize == QUICK else []
    with suppress(OSError):
        if not library.exists():
            library.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(prefix=".", dir=library.parent) as temporary:
                _copy_objects(folder, Path(temporary))
                seal(Path(temporary))
                Path(temporary).rename(library)
                make_room(library)


def _copy_objects(source: Path, target: Path) -> None:
    """Copy the objects of Verilator's library, dated so that make finds them newer than its makefile."""
    for item in source.glob("verilated*.o"):
        part = target / f"{item.name}.{os.getpid()}"
        shutil.copyfile(item, part)
        os.utime(part, (time() + 300,) * 2)
        part.replace(target / item.name)


def check(where: str, step: int, expected: Any, got: Any) -> None:
    """Compare two vectors, or two numbers.

    Parameters
    ----------
    where : str
        Block, configuration, and which of its outputs.
    step : int
        Step or pass, for the message.

    Raises
    ------
    AssertionError
        Names `where`, the first index that differs, the step, and both values.
    """
    expected, got = np.ravel(expected), np.ravel(got)
    assert expected.size == got.size, f"{where}: step {step}: expected {expected.size} values, got {got.size}"
    for index in np.flatnonzero(expected != got)[:1]:
        raise AssertionError(
            f"{where}: index {index}, step {step}: expected {expected[index]}, got {got[index]}"
        )


def extremes(rng: np.random.Generator, bits: int, size: Any = ()) -> np.ndarray:
    """Signed words of a width: a third of them are the ends of its symmetric range or around zero."""
    top = (1 << (bits - 1)) - 1
    ends = rng.choice([-top, -1, 0, 1, top], size)
    return np.where(rng.random(size) < 1 / 3, ends, rng.integers(-top, top + 1, size)).astype(np.int32)


def words(values: np.ndarray, lanes: int) -> np.ndarray:
    """Values by parameter index as rows of lanes, the last one padded with zeros."""
    return np.pad(values, (0, -len(values) % lanes)).reshape(-1, lanes)
