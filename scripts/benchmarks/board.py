"""Speed of boards: MGD steps a second, share of the UART that the host takes, virtual board; rows as in `benchmark`.

The clock of a design is what place and route reached (docs/results/board/baselines.json); the clocks of a step are
counted in simulation, and the bytes of the link by the host library over the model of the board's side.
"""

import json
import subprocess
from collections.abc import Iterator
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import numpy as np

from ...fpga.host.board import Board
from ...fpga.host.host import POLL, Host
from ...fpga.host.serial_link import SerialLink
from ...fpga.simulation.verilate import BUILDS
from ...golden.chip.config import load
from ...golden.chip.memory_map import Region, Register
from ...golden.engine import Engine
from ...golden.link.frames import identity, sizes
from ...golden.link.link import Device
from ..long_runs.fault_runs import learner
from ..training.telemetry import INTERVAL
from .rows import Row, alternately, row, seconds

BASELINES = Path("docs/results/board/baselines.json")
STEPS = 3000
PAPER = ((1e-3, "1 ms"), (10e-9, "10 ns"), (200e-12, "200 ps"))
"""Times of a perturbation, tau_p, that the hardware assumed in [M23] has."""
SILENT = 8
"""Clocks a bit of the virtual board, whose run is long beside its messages."""


def board_steps_per_s() -> Iterator[Row]:
    """MGD steps a second of the example designs, beside golden on this CPU and beside the hardware assumed in [M23]."""
    for label, design, engine in _designs("board_steps_per_s"):
        clocks = clocks_per_step(engine)
        value = design["fmax_mhz"] * 1e6 / clocks
        state = engine.initial()
        engine.run(state, 1)
        golden = 10 * STEPS / seconds(lambda engine=engine, state=state: engine.run(state, 10 * STEPS))
        where = f"{design['fmax_mhz']:.1f} MHz on {design['board']} / {clocks:.1f} clocks"
        yield row(label, value, "steps/s", f"{golden:,.0f}/s of golden on this CPU; {where}", value / golden, "higher")
        for tau, text in PAPER:
            reference = f"{1 / tau:,.0f}/s of [M23]'s hardware with tau_p = {text}"
            yield row(f"{label}_tau_{text.replace(' ', '')}", value, "steps/s", reference, value * tau, "higher")


def uart_share() -> Iterator[Row]:
    """Share of the UART that telemetry takes while a run goes, and of a run's time that uploading its samples takes."""
    for label, design, engine in _designs("uart_share"):
        rate = design["baud"]
        link = SerialLink(Loopback(engine), "model")
        host, counts = Host(engine.chip, link), link.counts
        link.hello()
        host.load(engine.initial(), engine.inputs, engine.targets)
        upload = (counts.sent + counts.received) * 10 / rate  # a request waits for the answer to the one before
        run = engine.chip.config.run.steps * clocks_per_step(engine) / design["clock_hz"]
        before = counts.received
        for _ in range(round(1 / POLL)):
            link.read(Region.REGISTERS, Register.CONTROL, 1)
            link.read(Region.REGISTERS, Register.STEP, 1)
        for _ in range(round(1 / INTERVAL)):
            host.poll()
        share = (counts.received - before) * 10 / rate
        every = f"{1 / POLL:.0f} looks and {1 / INTERVAL:.0f} lines of telemetry a second, towards the host"
        yield row(label, share, "of the UART", f"1: all of {rate:,} bit/s; {every}", 1 / share, "lower")
        reference = f"1: as long as the run; {upload:.3g} s beside {run:.3g} s"
        yield row(f"{label}_upload", upload / run, "of the run", reference, run / upload, "lower")


def virtual_board_clocks_per_s() -> Iterator[Row]:
    """Clocks of the virtual board's engine a second, host at the pins, against a bare loop over its engine alone."""
    from ...fpga.simulation.verilate import bare_loop
    from ...fpga.simulation.virtual_board import VirtualBoard
    from ...rtl.top import generate

    for label, _, engine in _designs("virtual_board_clocks_per_s"):
        loop = bare_loop(generate(engine.chip), BUILDS)
        with VirtualBoard(engine.chip, BUILDS, SILENT) as virtual, Board(engine.chip, virtual.port) as board:
            board.load(engine.initial(), engine.inputs, engine.targets)
            board.run(1)
            before = board.cycles
            board.run(10 * STEPS)
            clocks = board.cycles - before

            def bare(loop: Path = loop, clocks: int = clocks) -> float:
                return float(subprocess.run([loop, str(clocks)], check=True, capture_output=True, text=True).stdout)

            ours, limit = alternately(
                lambda board=board: seconds(lambda: board.run(10 * STEPS, lambda step: None)), bare
            )
        reference = f"{clocks / limit:,.0f}/s of a bare Verilator loop over the engine alone"
        yield row(label, clocks / ours, "clocks/s", reference, limit / ours, "higher")


class Loopback:
    """A channel to the model of a board's side, whose registers hold any bits."""

    def __init__(self, engine: Engine):
        regions: dict[Region, Any] = {region: [0] * size for region, size in sizes(engine.chip).items()}
        words = np.random.default_rng(1).integers(-(1 << 31), 1 << 31, len(Register)).tolist()
        regions[Region.REGISTERS] = [0, *words[1:]]  # it does not run
        self._device = Device(regions, identity(engine.chip), 1)
        self._waiting = b""

    def write(self, data: bytes) -> int:
        self._waiting += self._device.feed(data)
        return len(data)

    def read(self, size: int = 1) -> bytes:
        data, self._waiting = self._waiting[:size], self._waiting[size:]
        return data


def clocks_per_step(engine: Engine) -> float:
    """Clocks of a step, by simulation of `STEPS` of them."""
    from ...fpga.simulation.simulator import Simulator
    from ...rtl.top import generate

    simulator = Simulator(engine.chip, generate(engine.chip), BUILDS)
    simulator.load(engine.initial(), engine.inputs, engine.targets)
    simulator.run(STEPS)
    return simulator.cycles / STEPS


def _designs(label: str) -> Iterator[tuple[str, dict[str, Any], Engine]]:
    """Row name, entry in the baselines and golden model of each design that fits; the first's row is just `label`."""
    if not BASELINES.exists():
        raise SystemExit(f"bench: {BASELINES} is missing; see docs/board.md for the command that makes it.")
    designs = json.loads(BASELINES.read_text())["designs"]
    fitting = {name: design for name, design in designs.items() if "does_not_fit" not in design}
    for number, (name, design) in enumerate(fitting.items()):
        config = load(str(resources("ohmgrad.examples") / Path(design["chip"]).name))
        yield (f"{label}_{name.lower()}" if number else label), design, learner(config)
