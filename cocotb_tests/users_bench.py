"""What a bench beside generated Verilog does: it simulates, says how the cost fell, and replays the trace."""

import os
from collections.abc import Sequence
from pathlib import Path

from ohmgrad.cocotb_tests.harness import MAKE, verilator, with_library
from ohmgrad.fpga.plain import alias, stand_in
from ohmgrad.fpga.simulation.verilate import QUICK
from ohmgrad.fpga.toolchain import verilator_environment
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.replay import replay

TRACE, COSTS = "trace.npz", "costs.txt"
"""Files that a simulation leaves beside the bench: for `ohmgrad replay`, and the cost of rail 0 at each step."""


def keep_costs(folder: Path, costs: Sequence[int]) -> None:
    """Write the costs of a simulation down, which runs in a process of its own."""
    (folder / COSTS).write_text("".join(f"{cost}\n" for cost in costs))


def simulate_and_replay(file: str, top: str, chip: Chip) -> None:
    """Build all Verilog beside a bench, run its cocotb tests, and replay what they recorded.

    Parameters
    ----------
    file : str
        `__file__` of the bench.
    top : str
        Name of the top module.
    chip : Chip

    Raises
    ------
    SystemExit
        A cocotb test fails.
    golden.replay.Difference
        Golden makes something else of the costs.
    """
    bench = Path(file).resolve()
    folder, here = bench.parent, alias(bench.parent)
    os.environ.update(verilator_environment())
    # So short a run is done before its C++ would be optimised.
    os.environ["MAKEFLAGS"] += f" {MAKE} OPT_FAST={QUICK}"
    runner, build = verilator(), stand_in(folder / "build")
    build.mkdir(exist_ok=True)
    sources = [here / "waivers.vlt", *sorted(here.glob("*.v"))]
    with with_library(build, QUICK) as headers:
        runner.build(sources=sources, hdl_toplevel=top, build_dir=build, build_args=headers, timescale=("1ns", "1ns"))
    runner.test(bench.stem, top, build_dir=build, test_dir=folder)
    costs = [int(line) for line in (folder / COSTS).read_text().split()]
    print(f"cost of rail 0: {costs[0]} at first, {costs[-1]} after {len(costs)} steps")
    found = replay(folder / TRACE, chip)
    print(f"replayed: {found.steps} steps, {found.words} words equal")
