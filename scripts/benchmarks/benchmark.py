"""`scripts/bench`: speed, each figure beside what it is held against, measured in the same run.

Writes build/bench.json, a list of rows `name`, `value`, `unit`, `reference`, `ratio`, `better`, `how`.
The ratio is above 1 where the project is better than the reference.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from ...fpga.simulation.verilate import BUILDS
from ...golden.chip.chip import Chip
from . import analog as benchmark_analog
from . import board as benchmark_board
from . import buses as benchmark_buses
from . import data as benchmark_data
from . import front_ends as benchmark_front_ends
from . import learn as benchmark_learn
from . import rtl as benchmark_rtl
from . import start as benchmark_start
from .rows import Row, alternately, example, row, seconds

OUTPUT = Path("build/bench.json")

def main(names: list[str]) -> int:
    """Run the benchmarks named, or all; returns the exit code."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"bench: {unknown[0]}: no such benchmark; there are {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    rows: list[Row] = []
    for name in names or BENCHMARKS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        rows += [{**line, "how": f"scripts/bench {name}"} for line in BENCHMARKS[name]()]
    table = Table("name", "value", "unit", "reference", "ratio", "better")
    for line in rows:
        value, ratio = line["value"], line["ratio"]
        table.add_row(str(line["name"]), f"{value:,.6g}", str(line["unit"]), str(line["reference"]),
                      "-" if ratio is None else f"{ratio:.3g}", str(line["better"]))  # fmt: skip
    Console().print(table)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(rows, indent=2) + "\n")
    return 0


def engine_step_clocks() -> Iterator[Row]:
    """Clocks of an MGD step, by part, against one pass over the parameters with every lane useful."""
    from ...fpga.simulation.simulator import Simulator
    from ...rtl.top import generate

    steps = 2000
    for number, name in enumerate(("digits", "nist7x7", "xor_filtered")):
        engine = example(name)
        layout = engine.chip.layout
        simulator = Simulator(engine.chip, generate(engine.chip), BUILDS)
        simulator.load(engine.initial(), engine.inputs, engine.targets)
        simulator.run(steps)
        clocks = simulator.cycles / steps
        floor, operations = layout.parameters / layout.lanes, sum(1 for _ in layout.cursor())
        label = "engine_step_clocks" if number == 0 else f"engine_step_clocks_{name}"
        reference = f"{floor:.4g} = {layout.parameters} parameters / {layout.lanes} lanes, one pass"
        yield row(label, clocks, "clocks", reference, floor / clocks, "lower")
        parts = {
            "sweep": (layout.words, "words; correlate, update and forward are one pass"),
            "row_ends": (operations - layout.words, "words with several neurons' ends take a clock for each"),
            "latency": (clocks - operations, "array, ADC, neuron, cost, and the way back to the first word"),
        }
        for part, (value, what) in parts.items():
            yield row(f"{label}_{part}", value, "clocks", what, None, "lower")


def sim_clocks_per_s() -> Iterator[Row]:
    """Speed of `train --on sim`, progress included, against a bare C++ loop over the same model."""
    from ...fpga.simulation.simulator import Simulator
    from ...fpga.simulation.verilate import bare_loop
    from ...rtl.top import generate

    engine, steps = example("digits"), 30_000
    text = generate(engine.chip)
    simulator, loop = Simulator(engine.chip, text, BUILDS), bare_loop(text, BUILDS)
    simulator.load(engine.initial(), engine.inputs, engine.targets)
    simulator.run(1)
    before = simulator.cycles
    simulator.run(steps)
    clocks = simulator.cycles - before

    def bare() -> float:
        return float(subprocess.run([loop, str(clocks)], check=True, capture_output=True, text=True).stdout)

    ours, limit = alternately(lambda: seconds(lambda: simulator.run(steps, lambda step: None)), bare)
    reference = f"{clocks / limit:,.0f}/s of a bare Verilator loop over the same model"
    yield row("sim_clocks_per_s", clocks / ours, "clocks/s", reference, limit / ours, "higher")


def golden_exact_steps_per_s() -> Iterator[Row]:
    """Speed of the bit-exact golden model on the digits network against a plain float loop."""
    from .float_loop import train

    engine, steps = example("digits"), 200_000
    state, labels = engine.initial(), engine.split.train_y
    rng = np.random.default_rng(1)
    w1, w2 = rng.normal(size=(16, 65)) * 0.2, rng.normal(size=(10, 17)) * 0.3
    engine.run(state, 1)
    train(w1, w2, engine.split.train_x, labels, 1, 0.05, 0.003, 1)
    ours, peer = alternately(
        lambda: seconds(lambda: engine.run(state, steps)),
        lambda: seconds(lambda: train(w1, w2, engine.split.train_x, labels, steps, 0.05, 0.003, 1)),
    )
    reference = f"{steps / peer:,.0f}/s of a plain Numba float loop, 30 signs a random number"
    yield row("golden_exact_steps_per_s", steps / ours, "steps/s", reference, peer / ours, "higher")


def verilog_generate_s() -> Iterator[Row]:
    """Seconds from a chip description to Verilog, against Amaranth's back end on one empty module."""
    from amaranth.back import verilog
    from amaranth.hdl import Module, Signal

    from ...rtl.top import generate

    def empty() -> None:
        m, a, b = Module(), Signal(name="a"), Signal(name="b")
        m.d.comb += b.eq(a)
        verilog.convert(m, ports=[a, b])

    chip = example("digits").chip
    ours, floor = alternately(lambda: seconds(lambda: generate(Chip(chip.config))), lambda: seconds(empty))
    reference = f"{floor:.2g} s of Amaranth's Verilog back end on one wire"
    yield row("verilog_generate_s", ours, "s", reference, floor / ours, "lower")


BENCHMARKS: dict[str, Callable[[], Iterator[Row]]] = {
    function.__name__: function
    for function in (
        engine_step_clocks, sim_clocks_per_s, golden_exact_steps_per_s, verilog_generate_s,
        benchmark_start.golden_start_s, benchmark_start.sim_build_s, benchmark_data.data_load_s,
        benchmark_rtl.correlator_words_per_clock, benchmark_rtl.correlator_window_passes,
        benchmark_rtl.window_luts_per_lane, benchmark_rtl.engine_core_luts, benchmark_rtl.ttv2_words_per_clock,
        benchmark_learn.golden_mgd_vs_torch, benchmark_learn.golden_mgd_sgemm_share,
        benchmark_learn.golden_mgd_signs_per_s, benchmark_learn.golden_mgd_vs_size,
        benchmark_analog.ttv2_step_b1_ms, benchmark_analog.ttv2_step_b10_ms, benchmark_analog.ttv2_step_vs_size,
        benchmark_front_ends.spi_steps_per_s, benchmark_buses.axi_words_per_clock, benchmark_buses.bus_luts,
        benchmark_board.board_steps_per_s, benchmark_board.virtual_board_clocks_per_s, benchmark_board.uart_share,
    )
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
