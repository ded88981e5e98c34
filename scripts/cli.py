"""The command line: `ohmgrad demo`, `train`, `virtual`, `generate`, `verify`, `build`, `program`, `reproduce`,
`doctor`.

Exit codes: 0 done; 1 it failed (RTL and golden differ, a tool is missing); 2 bad input; 130 Ctrl-C.
Whatever is not 0 ends in one sentence on standard error. Imports of commands are inside them, so
that `--help` is quick.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from ..fpga.errors import Failure, require_emulated

if TYPE_CHECKING:
    from ..golden.chip.config import ChipConfig
    from .training.progress import Monitor

app = typer.Typer(
    name="ohmgrad",
    help="Train analog neural hardware without backpropagation: golden model, Verilog, proof they agree.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


class On(StrEnum):
    """What a run runs on."""

    golden = "golden"
    sim = "sim"
    board = "board"


class BoardName(StrEnum):
    """Boards: the names of `fpga.board.boards.BOARDS`, which takes long to import."""

    icebreaker = "icebreaker"
    ulx3s_85f = "ulx3s-85f"
    ulx3s_25f = "ulx3s-25f"
    arty_a7 = "arty-a7"


ChipFile = Annotated[Path, typer.Argument(metavar="CHIP.TOML", help="Chip description.", show_default=False)]
Where = Annotated[On, typer.Option(help="The golden model; or the simulated RTL, or a board, with golden beside it.")]
Port = Annotated[
    str,
    typer.Option(
        metavar="PORT",
        help="Serial port of the board; or virtual: a virtual board is started, and ended after the run.",
        show_default=False,
    ),
]
Watchdog = Annotated[
    float,
    typer.Option(
        metavar="SECONDS", help="A board stops when its host has been silent for so long; 0: it goes on.", min=0
    ),
]
Steps = Annotated[int | None, typer.Option(help="Steps, in place of the chip file's.", show_default=False)]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint, bit-exactly.")]
Seed = Annotated[int | None, typer.Option(help="Seed, in place of the chip file's.", show_default=False)]


def _use_folder(folder: Path | None) -> Path | None:
    """Have data sets read from a folder."""
    from ..golden.data.fetch import FOLDER

    if folder:
        os.environ[FOLDER] = str(folder)
    return folder


Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        callback=_use_folder,
        help="Folder with the files of data sets, in place of OHMGRAD_DATA; without either they are fetched.",
        show_default=False,
    ),
]


@app.command(epilog="Example: ohmgrad demo")
def demo(
    steps: Annotated[int, typer.Option(help="Steps.")] = 1_000_000,
    on: Where = On.sim,
    resume: Resume = False,
    port: Port = "",
) -> None:
    """Train a network to read letters on the simulated chip, and write build/demo/report.html."""
    folder = Path("build/demo")
    with one_sentence():
        from .. import examples

        config = _chip(Path(examples.__path__[0], "nist7x7.toml"), steps, None)
        _train(config, on, folder, resume, port=port)
    print(f"\nreport: {folder / 'report.html'}")


@app.command(epilog="Example: ohmgrad train examples/digits.toml --on sim")
def train(
    chip: ChipFile,
    on: Where = On.golden,
    resume: Resume = False,
    seed: Seed = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Runs, with seeds from SEED on; mean and spread at the end.")
    ] = None,
    steps: Steps = None,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Measure first how late the cost comes, and train with that delay.")
    ] = False,
    port: Port = "",
    watchdog: Watchdog = 0.0,
    live: Annotated[bool, typer.Option("--live", help="Draw cost and accuracy over steps while it goes.")] = False,
    data: Data = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Gets a folder NAME-seedN for each run.")] = Path(
        "build/train"
    ),
) -> None:
    """Train a chip: checkpoints, telemetry, learning curve and report in build/train/NAME-seedN.

    On sim and board, every memory of the RTL is compared with golden's at every checkpoint. A board that is
    reset goes on from the last checkpoint.

    Ctrl-C leaves a checkpoint, from which --resume goes on.
    """
    with one_sentence():
        from .training.results import run_folder

        config = _chip(chip, steps, seed, rtl=on is not On.golden)
        if seeds is None:
            folder = run_folder(output, config)
            _train(config, on, folder, resume, calibrate, port, watchdog, live)
            print(f"\nreport: {folder / 'report.html'}")
        else:
            _train_seeds(config, on, output, resume, calibrate, seeds, port, watchdog, live)


@app.command(epilog="Example: ohmgrad virtual examples/nist7x7.toml --link build/board")
def virtual(
    chip: ChipFile,
    link: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Symbolic link to the terminal, until the end.", show_default=False),
    ] = None,
    divisor: Annotated[int, typer.Option(min=4, max=65535, help="Clocks a bit on the pins.")] = 8,
) -> None:
    """Run the board's RTL behind a pseudo-terminal, whose name is printed: a port for train --on board.

    Ctrl-C ends it; the signal USR1 presses its button reset.
    """
    with one_sentence():
        from ..fpga.simulation.verilate import BUILDS
        from ..fpga.simulation.virtual_board import become, build
        from ..golden.chip.chip import Chip

        print("building the board", file=sys.stderr, flush=True)
        become(build(Chip(_chip(chip, rtl=True)), divisor, BUILDS), divisor, link)


@app.command(epilog="Example: ohmgrad generate examples/nist7x7.toml -o build/rtl")
def generate(
    chip: ChipFile,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the files.")],
) -> None:
    """Write the chip's Verilog and what belongs to it: names, memory map, lint waivers."""
    with one_sentence():
        from ..golden.chip.chip import Chip
        from .generate import generate as run

        for path in run(Chip(_chip(chip, rtl=True)), output):
            print(path)


@app.command(epilog="Example: ohmgrad verify examples/xor_filtered.toml")
def verify(
    chip: ChipFile,
    data: Data = None,
    netlist: Annotated[
        int, typer.Option(metavar="STEPS", min=0, help="Simulate the synthesised iCE40 netlist instead, so many steps.")
    ] = 0,
) -> None:
    """Prove on this chip, by simulation, that its RTL equals the golden model bit for bit."""
    with one_sentence():
        from ..golden.chip.chip import Chip

        described = Chip(_chip(chip, rtl=True))
        if netlist:
            from ..fpga.simulation.netlist import verify as simulate

            simulate(described, netlist)
        else:
            from .verify import verify as run

            run(chip, described)


@app.command(epilog="Example: ohmgrad build examples/xor.toml --board icebreaker")
def build(
    chip: ChipFile,
    board: Annotated[BoardName, typer.Option(help="Board.", show_default=False)],
    mhz: Annotated[
        float | None, typer.Option(min=1, help="Engine clock, in place of the board's own.", show_default=False)
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Placements that are tried until one reaches the clock.")] = 3,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder; build/boards/NAME-BOARD if not given.", show_default=False),
    ] = None,
) -> None:
    """Make a board's bitstream, and build.json: what it takes of the FPGA, and the clock that it reaches.

    Stages that ran before with the same input are not run again. For arty-a7 Verilog, constraints and a script for
    Vivado are written.
    """
    with one_sentence():
        from ..golden.chip.chip import Chip
        from .build_command import build_command

        build_command(Chip(_chip(chip, rtl=True)), board.value, mhz, seeds, output)


@app.command(epilog="Example: ohmgrad program examples/xor.toml --board icebreaker")
def program(
    source: Annotated[
        Path, typer.Argument(metavar="BITSTREAM|CHIP.TOML", help="A chip is built first.", show_default=False)
    ],
    board: Annotated[BoardName, typer.Option(help="Board.", show_default=False)],
) -> None:
    """Load a bitstream into a board, by openFPGALoader, iceprog or fujprog."""
    with one_sentence():
        from ..golden.chip.chip import Chip
        from .build_command import program_command

        program_command(source, board.value, lambda path: Chip(_chip(path, rtl=True)))


@app.command(epilog="Examples: ohmgrad reproduce mgd xor --seeds 64; ohmgrad reproduce mgd --quick")
def reproduce(
    paper: Annotated[str, typer.Argument(metavar="GROUP", help="Group of studies: mgd, ttv2.")] = "mgd",
    studies: Annotated[
        list[str] | None,
        typer.Argument(metavar="STUDY", help="Which of them; all if none is named.", show_default=False),
    ] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Seeds, in place of a study's own number.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Tiny sizes, into build/reproduce/quick.")] = False,
    data: Data = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Gets pages, pictures and JSON; docs/results/GROUP if not given."),
    ] = None,
) -> None:
    """Reproduce published results: a page with table and picture for each study.

    Results of finished pieces are kept in build/reproduce: the same command goes on where it was stopped.

    Studies of mgd: xor, parity, nist7x7, angle, mnist, fashion, width, tau, cnn, noise, onchip;
    of ttv2: ttv2_mnist, ttv2_onchip.
    """
    with one_sentence():
        from .reproduce import reproduce as run
        from .studies.framework import Options

        folder = output or Path("build/reproduce/quick" if quick else f"docs/results/{paper}")
        for page in run(paper, studies or [], Options(seeds, quick), folder):
            print(page)


@app.command(epilog="Example: ohmgrad doctor --json")
def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show every tool that ohmgrad uses: found, version, fit or not."""
    from ..fpga.toolchain import doctor as run

    raise typer.Exit(run(json))


def main() -> None:
    """Run the command line."""
    app()


@contextmanager
def one_sentence() -> Iterator[None]:
    """Let what is expected to go wrong end in one sentence and an exit code."""
    from ..fpga.errors import BoardError
    from ..golden.chip.rules import ConfigError
    from ..golden.data.fetch import DataError

    try:
        yield
    except (Failure, BoardError) as error:
        _stop(error.code, str(error))
    except (ConfigError, DataError) as error:
        _stop(2, str(error))
    except OSError as error:
        _stop(2, f"{error.filename or 'a file'}: {error.strerror or error}.")


def _stop(code: int, sentence: str) -> NoReturn:
    print(f"ohmgrad: {sentence}", file=sys.stderr)
    raise typer.Exit(code)


def _chip(path: Path, steps: int | None = None, seed: int | None = None, rtl: bool = False) -> "ChipConfig":
    """Load a chip file and lay the options over it; with `rtl` refuse what the RTL cannot be."""
    from ..golden.chip.config import load

    config = load(path)
    if rtl:
        require_emulated(config, path)
    if steps is not None:
        fewer = max(1, min(steps, config.run.checkpoints))
        config = config.with_(**{"run.steps": steps, "run.checkpoints": fewer})
    return config if seed is None else config.with_seed(seed)


def _train(
    config: "ChipConfig",
    on: On,
    folder: Path,
    resume: bool,
    calibrate: bool = False,
    port: str = "",
    watchdog: float = 0.0,
    live: bool = False,
) -> None:
    """One run with its report."""
    from .reports.report import write_report
    from .training.calibrate import calibrate as measure
    from .training.progress import Live
    from .training.train import train as run

    _check_port(on, port, calibrate)
    if calibrate and on is not On.board:
        config = measure(config, on.value, Live())
    run(config, on.value, folder, resume, _monitor(live), port, watchdog)
    write_report(config, folder)


def _check_port(on: On, port: str, calibrate: bool) -> None:
    """Refuse options that do not go with each other."""
    if (on is On.board) != bool(port):
        _stop(2, "--on board and --port PORT go together: PORT is a serial port, or virtual.")
    if on is On.board and calibrate:
        _stop(2, "--calibrate changes the chip description, and with it the board: it is allowed on golden and sim.")


def _monitor(live: bool) -> "Monitor":
    """What shows how far a run is."""
    if live:
        from .training.live import LivePlot

        return LivePlot()
    from .training.progress import Live

    return Live()


def _train_seeds(
    config: "ChipConfig",
    on: On,
    output: Path,
    resume: bool,
    calibrate: bool,
    seeds: int,
    port: str = "",
    watchdog: float = 0.0,
    live: bool = False,
) -> None:
    """Several runs and their summary."""
    from rich.console import Console
    from rich.table import Table

    from .training.calibrate import calibrate as measure
    from .training.checkpoint import checkpoint_paths
    from .training.progress import Live
    from .training.results import run_folder, write_summary
    from .training.train import train as run

    _check_port(on, port, calibrate)
    results: list[dict[str, Any]] = []
    for seed in range(config.seed, config.seed + seeds):
        one = config.with_seed(seed)
        if calibrate and on is not On.board:
            one = measure(one, on.value, Live())
        folder = run_folder(output, one)
        again = resume and any(checkpoint_paths(folder))
        results.append(run(one, on.value, folder, again, _monitor(live), port, watchdog))
    path = output / f"{config.name}-seeds.json"
    summary = write_summary(path, results)
    table = Table("seed", "test accuracy", "error", "bit exact", "solved from step")
    for result in results:
        cells = (result[key] for key in ("seed", "test_accuracy", "mean_squared_error", "bit_exact", "solved"))
        table.add_row(*("-" if cell is None else str(cell) for cell in cells))
    Console().print(table)
    for key in ("test_accuracy", "mean_squared_error"):
        if spread := summary[key]:
            print(f"{key}: mean {spread['mean']:.4g}, standard deviation {spread['std']:.2g}")
    print(f"\nsummary: {path}")
