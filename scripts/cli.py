"""The command line: `ohmgrad demo`, `train`, `export`, `tune`, `data`, `predict`, `virtual`, `generate`, `verify`,
`replay`, `build`, `program`, `reproduce`, `doctor`.

Exit codes: 0 done; 1 it failed (RTL and golden differ, a tool is missing); 2 bad input; 130 Ctrl-C; 141 whoever read
what a command says has gone. Whatever is not 0 ends in one sentence on standard error, but for the last. The commands
stand in `commands`; what they do is imported inside them, so that `--help` is quick.
"""

import os
import sys

import typer

from ..golden.user_cache import cache_home
from .commands import boards, data, description, studies, tools, training, tuning, weights
from .commands.exits import GONE, no_more_output

app = typer.Typer(
    name="ohmgrad",
    help="Train analog neural hardware without backpropagation: golden model, Verilog, proof they agree.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

COMMANDS = (
    (training.demo, "Example: ohmgrad demo"),
    (
        training.train,
        "Example: ohmgrad train examples/digits.toml --on sim. From weights: ohmgrad train chip.toml --init mlp.pt",
    ),
    (weights.export, "Example: ohmgrad export build/train/xor-seed1/checkpoints/step_00020000.npz -o xor.pt"),
    (tuning.tune, "Example: ohmgrad tune examples/xor_filtered.toml"),
    (data.data, "Examples: ohmgrad data examples/iris.toml --picture iris.png; ohmgrad data chip.toml --json"),
    (
        data.predict,
        "Examples: ohmgrad predict build/train/iris-seed1/checkpoints/step_00100000.npz new.csv; the same with "
        "--on sim, or --on board --port /dev/ttyUSB1",
    ),
    (boards.virtual, "Example: ohmgrad virtual examples/nist7x7.toml --link build/board"),
    (
        description.generate,
        "Example: ohmgrad generate examples/nist7x7.toml -o build/rtl. For your own array: "
        "ohmgrad generate examples/external.toml --top engine -o build/engine, then pytest build/engine",
    ),
    (description.verify, "Example: ohmgrad verify examples/xor_filtered.toml"),
    (description.replay, "Example: ohmgrad replay trace.npz examples/external.toml"),
    (boards.build, "Example: ohmgrad build examples/xor.toml --board icebreaker"),
    (boards.program, "Example: ohmgrad program examples/xor.toml --board icebreaker"),
    (studies.reproduce, "Examples: ohmgrad reproduce mgd xor --seeds 64; ohmgrad reproduce mgd --quick"),
    (tools.doctor, "Example: ohmgrad doctor --json"),
)
"""Every command and what its help ends in, in the order that `--help` shows."""

for command, example in COMMANDS:
    app.command(epilog=example)(command)


def main() -> None:
    """Run the command line."""
    os.environ["XDG_CACHE_HOME"] = str(cache_home())  # for all that keep something there: Numba, Yosys, Matplotlib
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        no_more_output()
        sys.exit(GONE)
