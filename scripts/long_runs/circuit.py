"""`python -m ohmgrad.scripts.long_runs.circuit`: the engine's RTL trains a circuit that ngspice simulates.

The chip is `examples/circuit/xor.toml`, the circuit `examples/circuit/xor.cir`. For each seed of `SEEDS` the simulated
RTL sends codes, ngspice finds the operating points, and the trace is replayed. Writes docs/results/circuit.md,
circuit.json and circuit.svg. Needs ngspice's shared library.
"""

import json
import sys
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import numpy as np

from ...fpga.errors import Failure
from ...fpga.files import write_json
from ...fpga.simulation.ngspice import library
from ...golden.chip.chip import Chip
from ...golden.chip.config import load
from ...golden.recorded import RecordedEngine
from ...golden.recording import Recording
from ...golden.replay import replay
from ..plots import image
from . import circuit_bench
from .circuit_array import XorArray, mean_cost
from .circuit_page import SOLVED, page, picture
from .outside_bench import Bench

RESULTS, BUILD = Path("docs/results"), Path("build/circuit")
SEEDS = range(1, 9)
EVERY = 100


def chip() -> Chip:
    """The example's."""
    return Chip(load(str(resources("ohmgrad.examples") / "circuit" / "xor.toml")))


def bench(chip: Chip, folder: Path, optimize: str = "-O1") -> Bench:
    """Its Verilog and simulator, with the circuit beside it."""
    return Bench(chip, folder, optimize, circuit_bench.__name__)


def weights(chip: Chip, trace: Path, every: int) -> list[Any]:
    """Codes of the weights every so many steps, unperturbed; golden's, which `replay` has found to be those sent."""
    recording, engine = Recording(trace, chip), RecordedEngine(chip)
    totals, state = np.concatenate([piece.totals for piece in recording.pieces()]), recording.start
    codes = [state.theta >> chip.crossbar.drop]
    for first in range(0, len(totals), every):
        engine.run(state, totals[first : first + every])
        codes.append(state.theta >> chip.crossbar.drop)
    return codes


def solved_from(costs: list[float], every: int) -> int | None:
    """First step looked at from which on costs stay below `SOLVED`; None if they do not."""
    above = [k for k, cost in enumerate(costs) if cost >= SOLVED]
    first = above[-1] + 1 if above else 0
    return first * every if first < len(costs) else None


def measure(bench: Bench, chip: Chip, seed: int, steps: int, every: int = EVERY) -> dict[str, Any]:
    """A seed's training in RTL, its replay, and what the circuit does without noise with the weights on the way."""
    chip = Chip(chip.config.with_seed(seed))
    trace = bench.train(str(seed), steps)
    found, took = replay(trace, chip), json.loads(trace.with_suffix(".json").read_text())
    quiet = XorArray(chip, seed, noise=0)
    outputs = [quiet.outputs(codes) for codes in weights(chip, trace, every)]
    costs = [float(f"{mean_cost(volts):.4g}") for volts in outputs]
    row = {"seed": seed, "solved": solved_from(costs, every), "steps": found.steps, "words": found.words, **took}
    print(row, file=sys.stderr, flush=True)
    millivolts = [[round(1e3 * volt, 2) for volt in volts] for volts in (outputs[0], outputs[-1])]
    return row | {"every": every, "costs": costs, "outputs_mv": millivolts}


def main() -> int:
    """Train all seeds and write the page; returns the exit code."""
    library()  # first, as the rest takes minutes
    example = chip()
    built = bench(example, BUILD)
    rows = [measure(built, example, seed, example.config.run.steps) for seed in SEEDS]
    write_json(RESULTS / "circuit.json", rows)
    (RESULTS / "circuit.svg").write_bytes(image(picture(rows), "svg"))
    (RESULTS / "circuit.md").write_text(page(example, rows, library().version))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"circuit: {failure}", file=sys.stderr)
        sys.exit(failure.code)
