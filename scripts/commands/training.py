"""`ohmgrad demo` and `train`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from .exits import one_sentence, stop
from .options import ChipFile, Data, Init, On, Port, Resume, Seed, Steps, Watchdog, Where, described

if TYPE_CHECKING:
    from ...golden.chip.config import ChipConfig
    from ..training.progress import Monitor


class Options(NamedTuple):
    """How runs of a command are done, whatever the chip.

    Attributes
    ----------
    on, resume, calibrate, port, watchdog, live, waves, init
        The options of `train` of these names.
    """

    on: On
    resume: bool
    calibrate: bool = False
    port: str = ""
    watchdog: float = 0.0
    live: bool = False
    waves: bool = False
    init: Path | None = None


def demo(
    steps: Annotated[int, typer.Option(help="Steps.")] = 1_000_000,
    on: Where = On.sim,
    resume: Resume = False,
    port: Port = "",
) -> None:
    """Train a network to read letters on the simulated chip, and write build/demo/report.html."""
    folder = Path("build/demo")
    with one_sentence():
        from ... import examples

        config = described(Path(examples.__path__[0], "nist7x7.toml"), steps, None)
        _train(config, Options(on, resume, port=port), folder)
    print(f"\nreport: {folder / 'report.html'}")


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
    waves: Annotated[
        bool, typer.Option("--waves", help="With sim: what every signal does, as waves.vcd in the run's folder.")
    ] = False,
    data: Data = None,
    init: Init = None,
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
        from ..training.results import run_folder

        config = described(chip, steps, seed, rtl=on is not On.golden)
        options = Options(on, resume, calibrate, port, watchdog, live, waves, init)
        if seeds is None:
            folder = run_folder(output, config)
            _train(config, options, folder)
            print(f"\nreport: {folder / 'report.html'}")
        else:
            _train_seeds(config, options, output, seeds)


def _train(config: "ChipConfig", options: Options, folder: Path) -> None:
    """One run with its report."""
    _check_port(options)
    config = _calibrated(config, options)
    _print_findings([_run(config, options, folder, options.resume)])
    from ..reports.report import write_report  # draws: takes a second, which the run does not wait for

    write_report(config, folder)


def _print_findings(results: list[dict[str, Any]]) -> None:
    """What was found wrong with runs, once more at their end."""
    if any(result["findings"] for result in results):
        print("\nto change (ohmgrad tune finds values):")
    for result in results:
        of = f"seed {result['seed']}, " if len(results) > 1 else ""
        for finding in result["findings"]:
            print(f"  {of}from step {finding['step']:,}: {finding['sentence']}")


def _train_seeds(config: "ChipConfig", options: Options, output: Path, seeds: int) -> None:
    """Several runs and their summary."""
    from ..training.checkpoint import checkpoint_paths
    from ..training.results import run_folder, write_summary

    _check_port(options)
    results: list[dict[str, Any]] = []
    for seed in range(config.seed, config.seed + seeds):
        one = _calibrated(config.with_seed(seed), options)
        folder = run_folder(output, one)
        if options.resume and any(checkpoint_paths(folder)):
            results.append(_run(one, options._replace(init=None), folder, True))
        else:
            results.append(_run(one, options, folder, False))
    path = output / f"{config.name}-seeds.json"
    _print_summary(results, write_summary(path, results))
    _print_findings(results)
    print(f"\nsummary: {path}")


def _check_port(options: Options) -> None:
    """Refuse options that do not go with each other."""
    on = options.on
    if (on is On.board) != bool(options.port):
        stop(2, "--on board and --port PORT go together: PORT is a serial port, or virtual.")
    if options.waves and on is not On.sim:
        stop(2, "--waves is of simulated signals: it goes with --on sim.")
    if on is On.board and options.calibrate:
        stop(2, "--calibrate changes the chip description, and with it the board: it is allowed on golden and sim.")


def _calibrated(config: "ChipConfig", options: Options) -> "ChipConfig":
    """The chip with the delay that was measured, where that is wanted."""
    from ..training.calibrate import calibrate
    from ..training.progress import Live

    return calibrate(config, options.on.value, Live()) if options.calibrate and options.on is not On.board else config


def _run(config: "ChipConfig", options: Options, folder: Path, resume: bool) -> dict[str, Any]:
    """One run; returns its result."""
    from ..training.train import train

    monitor = _monitor(options.live)
    try:
        on, port, watchdog, waves = options.on.value, options.port, options.watchdog, options.waves
        result = train(config, on, folder, resume, monitor, port, watchdog, waves, options.init)
    finally:
        if (waves := folder / "waves.vcd").exists() and options.waves:
            print(f"waveforms: {waves}")
    _print_metrics(result)
    return result


def _print_metrics(result: dict[str, Any]) -> None:
    """Print what the outputs are worth, of up to ten classes."""
    found = result["metrics"]
    if found and len(found.get("labels", ())) <= 10:
        from rich.console import Console

        from ..training.metrics import rich_tables

        Console(highlight=False).print(*rich_tables(found))


def _monitor(live: bool) -> "Monitor":
    """What shows how far a run is."""
    if live:
        from ..training.live import LivePlot

        return LivePlot()
    from ..training.progress import Live

    return Live()


def _print_summary(results: list[dict[str, Any]], summary: dict[str, Any]) -> None:
    """Print a line for each run, then mean and spread."""
    from rich.console import Console
    from rich.table import Table

    table = Table("seed", "test accuracy", "error", "bit exact", "solved from step")
    for result in results:
        cells = (result[key] for key in ("seed", "test_accuracy", "mean_squared_error", "bit_exact", "solved"))
        table.add_row(*("-" if cell is None else str(cell) for cell in cells))
    Console().print(table)
    for key in ("test_accuracy", "mean_squared_error", "rmse", "r2"):
        if spread := summary.get(key):
            print(f"{key}: mean {spread['mean']:.4g}, standard deviation {spread['std']:.2g}")
