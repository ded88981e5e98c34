"""The simulated chip equals golden, goes on from any state, and its builds are kept whole or not at all."""

import re
import subprocess

import numpy as np
import pytest

from ohmgrad.fpga.errors import SimulationError
from ohmgrad.fpga.host.chip_in_loop import chip_of
from ohmgrad.fpga.host.golden import compare
from ohmgrad.fpga.host.recorder import record
from ohmgrad.fpga.simulation import simulator as simulation
from ohmgrad.fpga.simulation import verilate
from ohmgrad.fpga.simulation.simulator import Library, Simulator
from ohmgrad.fpga.simulation.verilate import QUICK, build
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import ConfigError
from ohmgrad.golden.chip.memory_map import Region, Register
from ohmgrad.golden.chip.registers import registers
from ohmgrad.golden.learn.engine_chip import EngineChip, GoldenEvaluator
from ohmgrad.golden.replay import replay
from ohmgrad.golden.state import State
from ohmgrad.rtl.top import generate

from .chips import FILTERED, LOOP, engine, small

CHIPS = {
    "digital": {
        "perturbation.code": "sequential",
        "perturbation.tau_p": 2,
        "perturbation.tau_x": 6,
        "perturbation.tau_theta": 4,
        "data.order": "cyclic",
        "data.train": 3,
        "engine.lanes": 4,
        "engine.settings": "constants",
    },
    "filtered": FILTERED
    | {"update.schedule": ((50, 0.2),), "perturbation.tau_theta": 4, "engine.window": 4, "engine.lanes": 1},
    "tiki-taka": {
        **LOOP,
        "fast.slots": 2,
        "fast.read_noise": 0.3,
        "transfer.chopper": 0.2,
        "transfer.means": 2,
        "transfer.fraction": 3,
        "transfer.change": "rescale",
        "update.schedule": ((50, 0.2),),
        "average.shift": 3,
        "engine.lanes": 4,
    },
    "late": {
        "array.latency": 3,
        "cost.mode": "forward",
        "cost.refresh": 4,
        "cost.average": 2,
        "cost.average_c0": 4,
        "perturbation.blanking": 1,
        "perturbation.tau_x": 2,
        "perturbation.tau_theta": 10,
        "update.momentum": 0.9,
        "update.rounding": "stochastic",
        "update.layers": (1.0, 0.25, 0.0),
        "update.schedule": ((50, 0.02),),
        "engine.lanes": 4,
    },
    "analog": {
        "cost.mode": "analog",
        "perturbation.code": "sinusoidal",
        "perturbation.tau_x": 8,
        "perturbation.tau_theta": 3,
        "array.latency": 1,
        "update.eta": 0.001,
    },
    "replay": {
        "perturbation.code": "walsh",
        "perturbation.tau_theta": 4,
        "engine.window": 8,
        "engine.gradient": "replay",
        "update.momentum": 0.5,
        "engine.lanes": 4,
    },
}
COARSE = {"array.adc_bits": 7, "array.output_bits": 9}
"""Smaller tables: they are most of what the C++ compiler is busy with."""
NOTHING = "module chip(input clk); endmodule"


@pytest.fixture(scope="module", params=CHIPS)
def setup(request, pytestconfig):
    """A golden engine, and a function that gives new simulators of its chip."""
    golden = engine(small(**COARSE, **CHIPS[request.param]))
    verilog = generate(golden.chip)
    builds = pytestconfig.rootpath / "build" / "sim"
    return golden, lambda: Simulator(golden.chip, verilog, builds, QUICK)


def loaded(golden, simulator: Simulator, state: State) -> Simulator:
    simulator.load(state, golden.inputs, golden.targets)
    return simulator


def test_every_piece_equals_golden(setup):
    golden, new = setup
    state = golden.initial()
    chip = loaded(golden, new(), state)
    compare(state, chip.state())
    for steps in (1, 0, 2, 3, 59, 498):
        before = chip.cycles
        chip.run(steps)
        golden.run(state, steps)
        compare(state, chip.state())
        assert (chip.cycles > before) or steps == 0
    assert chip.step == 563
    assert np.any(state.theta != golden.initial().theta)
    config = golden.chip.config
    there = {
        "theta": True,
        "g": config.engine.gradient == "memory" and config.update.path != "tiki-taka",
        "h": config.update.path != "digital",
        "m": config.update.momentum > 0,
        "memory": config.cost.mode != "antithetic",
        "pending": config.array.latency > 0,
    } | dict.fromkeys(
        ("a", "reference", "mean", "past", "chopper", "cursor", "average"), config.update.path == "tiki-taka"
    )
    used = {name: bool(np.any(state.arrays.get(name, 0))) for name in there}
    assert used == there and state.arrays.keys() <= there.keys(), "some of it was never used"


def test_what_is_recorded_through_registers_is_replayed(setup, tmp_path):
    golden, new = setup
    chip, state, path = golden.chip, golden.initial(), tmp_path / "trace.npz"
    golden.run(state, 5)
    host = loaded(golden, new(), state)
    refusal = {
        "tiki-taka": "takes codes of lines",
        "late": "cost.average: 2 makes sums of readings, of which registers",
        "replay": 'engine.gradient: "replay" loses a window',
    }
    name = next(name for name, keys in CHIPS.items() if chip == small(**COARSE, **keys))
    if name in refusal:
        with pytest.raises(ConfigError, match=refusal[name]):
            record(host, path, 10)
        return
    record(host, path, 130, every=chip.sequencer.tau_theta * 16)
    found = replay(path, chip)
    assert found.steps == 130 and found.words > 130 + 2 * 37
    golden.run(state, 130)
    compare(state, host.state())


def test_it_goes_on_from_any_state(setup):
    """At steps in every phase of all time constants, on a fresh chip and on one that did something else."""
    golden, new = setup
    used = loaded(golden, new(), golden.initial())
    used.run(13)
    for step in (*range(1, 14), 51):
        state = golden.initial()
        state.flags = 5
        golden.run(state, step)
        for chip in (new(), used):
            loaded(golden, chip, state)
            for register, value in registers(golden.chip, state).items():
                assert chip._register(register) == value
            chip.run(20)
            expected = state.copy()
            golden.run(expected, 20)
            compare(expected, chip.state())


def test_an_exception_stops_the_chip_between_two_steps(setup, monkeypatch):
    golden, new = setup
    chip = loaded(golden, new(), golden.initial())
    monkeypatch.setattr(simulation, "CHUNK", 1000)
    told: list[int] = []

    def progress(step: int) -> None:
        told.append(step)
        if step >= 200:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        chip.run(100_000, progress)
    state = golden.initial()
    assert told == sorted(told) and told[-1] <= chip.step < told[-1] + 10
    golden.run(state, chip.step)
    compare(state, chip.state())
    chip.run(100)
    golden.run(state, 100)
    compare(state, chip.state())


def test_it_evaluates_as_golden_does(setup):
    golden, new = setup
    state = golden.initial()
    golden.run(state, 40)
    chip = loaded(golden, new(), state)
    for samples in range(1, golden.chip.config.dataset.train + 1):
        assert chip.evaluate(samples) == golden.evaluate(state, samples)
        compare(state, chip.state())
    chip.run(20)
    golden.run(state, 20)
    compare(state, chip.state())


def test_it_calibrates_as_golden_does(setup):
    golden, new = setup
    config = golden.chip.config
    state = golden.initial()
    golden.run(state, 40)
    chip = loaded(golden, new(), state)
    chip.transport.write(Region.REGISTERS, Register.DELAY, np.array([9]))
    delay = chip.calibrate()
    assert delay == golden.calibrate(state) == config.array.latency
    chip.restore(state)
    compare(state, chip.state())
    chip.run(20)
    golden.run(state, 20)
    compare(state, chip.state())


@pytest.mark.parametrize("setup", ["late"], indirect=True)
def test_it_is_calibrated_anew_between_runs(setup):
    """A chip whose delay is wrong: each run is golden's with the delay that was in force."""
    golden, new = setup
    latency = golden.chip.config.array.latency
    wrong = engine(Chip(golden.chip.config.with_(**{"engine.delay": latency + 1})))
    state, chip = wrong.initial(), new()
    chip.chip = wrong.chip
    loaded(wrong, chip, state)
    chip.run(30)
    wrong.run(state, 30)
    for _ in range(2):
        assert chip.recalibrate() == chip.chip.sequencer.delay == latency
        compare(state, chip.state())
        chip.run(25)
        golden.run(state, 25)
        compare(state, chip.state())


def test_registers_keep_32_bits(setup):
    golden, new = setup
    chip = loaded(golden, new(), golden.initial())
    chip.transport.write(Region.REGISTERS, Register.STEP, np.array([2**32 - 1]))
    assert chip.step == 2**32 - 1


@pytest.mark.parametrize("verilog", ["module chip(input clk; endmodule", "module other(input clk); endmodule", ""])
def test_verilog_that_does_not_build(tmp_path, verilog):
    with pytest.raises(SimulationError, match=r"^The chip's Verilog does not build with Verilator: see \S+\.$"):
        build(verilog, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["build.log"]
    assert (tmp_path / "build.log").stat().st_size


def test_an_interrupted_build_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*args, **kwargs):
        assert len(list(tmp_path.iterdir())) == 1
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "run", interrupt)
    with pytest.raises(KeyboardInterrupt):
        build(NOTHING, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_builds_are_kept(tmp_path, monkeypatch):
    calls = []

    def run(command, cwd, **kwargs):
        calls.append(command)
        (cwd / "objects").mkdir()
        (cwd / "libchip.so").touch()
        return subprocess.CompletedProcess(command, 0, "")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(verilate, "verilator_environment", dict)
    first = build(NOTHING, tmp_path)
    assert build(NOTHING, tmp_path) == first and len(calls) == 1
    assert sorted(path.name for path in first.parent.iterdir()) == sorted(
        ["chip.v", "libchip.so", "seal", "simulation.cpp", "waivers.vlt"]
    )
    assert build(NOTHING + "\n", tmp_path) != first and len(calls) == 2
    monkeypatch.setattr(verilate, "VERILATOR", [*verilate.VERILATOR, "-O1"])
    assert build(NOTHING, tmp_path) != first and len(calls) == 3


def test_a_missing_verilator_is_one_sentence(tmp_path, monkeypatch):
    def missing():
        raise RuntimeError("Verilator is not installed: run this.")

    monkeypatch.setattr(verilate, "verilator_environment", missing)
    with pytest.raises(SimulationError, match="Verilator is not installed: run this"):
        build(NOTHING, tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


def test_its_costs_in_the_loop_are_goldens(setup):
    """`golden.learn.chip_protocol` over the host port: words and samples of the host's choice, equal costs."""
    golden, new = setup
    chip = golden.chip
    chips = EngineChip(chip, GoldenEvaluator(golden)), chip_of(new())
    rng = np.random.default_rng(4)
    for count in (1, len(golden.inputs)):
        theta, offsets = rng.uniform(-0.5, 0.5, (2, chip.layout.parameters))
        x, t = (rng.uniform(-1, 1, (count, codes.shape[1])) for codes in (golden.inputs, golden.targets))
        costs = []
        for one in chips:
            one.load(theta)
            one.perturb(offsets)
            one.present(x, t)
            costs.append((one.cost(), one.read().tolist()))
        assert costs[0] == costs[1]


RUNS = """
module chip(input clk, input rst, input host_valid, input host_write, input [31:0] host_address,
  input [31:0] host_data, output host_ready, output reg reply_valid, output [31:0] reply_data, output busy);
  reg [31:0] left = 0;
  assign busy = left != 0; assign host_ready = 1; assign reply_data = left;
  always @(posedge clk) begin
    reply_valid <= host_valid & !host_write;
    if (host_valid & host_write) left <= host_data; else if (busy) left <= left - 1;
  end
endmodule
"""
"""Is busy for as many clocks as it is told."""


def test_waveforms_are_those_of_the_run(tmp_path):
    """The file has as many edges of the clock while the pin `busy` is high."""
    waves = tmp_path / "a folder" / "waves.vcd"
    library = Library(build(RUNS, tmp_path, QUICK, waves=True), waves)
    library.write(Region.REGISTERS, 0, np.array([5]))
    library.wait(0)
    library.read(Region.REGISTERS, 0, 1)  # what was until then is in the file
    header, _, changes = waves.read_text().partition("$enddefinitions $end")
    clk, busy = (re.findall(rf"\$var wire +1 (\S+) {name} \$end", header)[0] for name in ("clk", "busy"))
    high, edges = False, 0
    for line in changes.splitlines():
        edges += high and line == f"1{clk}"
        high = line[0] == "1" if line[1:] == busy else high
    assert edges == 5
