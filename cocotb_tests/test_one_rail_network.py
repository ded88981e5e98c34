"""A network outside that has one copy of itself: sweep by sweep the engine does what `golden.engine` does on two rails.

The array is a model in NumPy that stalls every stream; golden has the same network emulated, with both rails at once.
"""

from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.engine_grid import golden, records
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.cocotb_tests.host import Host, memories_match, rails_used, readings, restore, start
from ohmgrad.cocotb_tests.outside import count, listen, told
from ohmgrad.golden.blocks.array.crossbar import convert_all
from ohmgrad.golden.blocks.array.devices import pulse_all
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.chip.memory_map import EVALUATE, START, Region, Register, record_words
from ohmgrad.golden.recorded import RecordedEngine
from ohmgrad.golden.recording import Recorder
from ohmgrad.golden.replay import replay
from ohmgrad.golden.state import State
from ohmgrad.rtl.top import EngineTop

STEPS = 14
TWO_RAILS = {"array.kind": None, "array.rails": None, "array.trim": None}
CHIPS: dict[str, tuple[str, dict[str, Any]]] = {
    "one_rail_network": (
        "xor.toml",
        {
            "cost.average": 2, "engine.settle": 3, "array.trim": True, "update.momentum": 0.9,
            "perturbation.tau_theta": 2,
        },
    ),
    "one_rail_network_forward": (
        "xor.toml",
        {
            "network.layers": [2, 3, 2, 1], "cost.mode": "forward", "cost.refresh": 3, "cost.average": 2,
            "cost.average_c0": 4, "engine.lanes": 4, "perturbation.tau_theta": 2, "perturbation.tau_x": 2,
        },
    ),
    "one_rail_network_filtered": (
        "xor_filtered.toml",
        {"perturbation.method": "node", "perturbation.tau_theta": 2, "update.eta": 3.0, "cost.bits": 18},
    ),
}  # fmt: skip


@cache
def described(name: str) -> Chip:
    """The chip of a configuration, with one rail."""
    example, overrides = CHIPS[name]
    config = load(str(files("ohmgrad.examples") / example))
    return Chip(config.with_(**overrides, **{"array.kind": "external", "array.rails": 1}))


def make(name: str) -> EngineTop:
    """The component of one configuration."""
    return EngineTop(described(name))


def test_one_rail_network():
    run(__file__, make, CHIPS)


class Network:
    """An array with one copy of a network: it has the weights that it is sent, or devices that are pulsed."""

    def __init__(self, bench: Bench, chip: Chip, states: np.ndarray):
        self.chip, self.states, self.pulsed = chip, states.copy(), chip.path.pulsed
        names = ("transfer", "pulses", "sign") if self.pulsed else ("code",)
        self.streams = {name: bench.sink(f"array.{name}") for name in ("line", *names)}
        self.adc, self.hidden = bench.source("array.adc"), bench.sink("array.hidden")
        if self.pulsed:
            self.devices = chip.path.devices.sample(states.size)

    async def sweep(self) -> SimpleNamespace:
        """Serve one, and return what came, what the cells were, and the codes of all neurons and lines."""
        layout = self.chip.layout
        lengths = {"line": record_words(layout.layers[0]), "transfer": 1}
        got = await gather(*(s.receive(lengths.get(name, layout.words)) for name, s in self.streams.items()))
        sent = {name: np.ravel(words).astype(np.int32) for name, words in zip(self.streams, got, strict=True)}
        cells = sent["sign" if self.pulsed else "code"][: layout.parameters]
        if self.pulsed:
            devices, pulses = self.chip.path.devices, sent["pulses"][: layout.parameters]
            pulse_all(devices.seed, devices.noise, int(sent["transfer"][0]), pulses, self.devices, self.states)
            cells = (self.states >> self.chip.crossbar.drop) + self.chip.crossbar.amplitude * cells
        inputs = sent["line"][: layout.layers[0]]
        adc, act, activity = await self._answer(inputs, cells)
        return SimpleNamespace(**sent, cells=cells, inputs=inputs, adc=adc, act=act, activity=activity)

    async def _answer(self, lines: np.ndarray, cells: np.ndarray) -> list[np.ndarray]:
        """Codes of the neurons, layer by layer; those that came of hidden ones; and those of all lines."""
        bar, adc, act, activity = self.chip.crossbar, [], [], []
        matrices = self.chip.matrices(cells)
        for k, w in enumerate(matrices):
            activity.append(x := np.append(lines, bar.one))
            adc.append(convert_all(bar.adc_shift, bar.adc_bound, w.astype(np.int64) @ x))
            hidden = len(w) if k + 1 < len(matrices) else 0
            _, came = await gather(self.adc.send(adc[-1].tolist()), self.hidden.receive(hidden))
            act.append(lines := np.array(came, np.int64))
        return [np.concatenate(part) for part in (adc, act, activity)]


@cocotb.test()
@over(CHIPS)
async def engine_learns_as_on_two_rails(dut, name):
    chip, twin = (
        described(name),
        golden(Chip(described(name).config.with_(**TWO_RAILS))),
    )
    both = twin.initial()
    bench, host, heard = Bench(dut, name, make(name)), Host(dut, name), []
    network = Network(bench, chip, both.theta)
    bench.stall()
    bench.signal("array.busy").value = bench.signal("array.saturated").value = 0
    await bench.start()
    state = RecordedEngine(chip).initial()
    await restore(host, chip, state)
    await host.write(Region.SAMPLES, records(twin))
    await host.write(Region.REGISTERS, [1], Register.PULSES)
    strobes = {"array.settle": 0, "array.convert": 0}
    for task in (listen(bench, heard), count(bench, strobes)):
        cocotb.start_soon(task)
    evaluating = cocotb.start_soon(start(host, EVALUATE, 1))
    check(f"{name} unperturbed", 0, still(chip, both.theta), (await network.sweep()).cells)
    await evaluating
    total, _ = twin.evaluate(both, 1)
    check(f"{name} S", 0, total, (await host.read(Region.REGISTERS, 1, Register.TOTAL_LOW))[0])

    running, answered, sweeps = cocotb.start_soon(start(host, START, STEPS)), [], 1
    for step in range(STEPS):
        theta, trace, totals = both.theta.copy(), twin.trace(both, 1), np.zeros(2, np.int64)
        for reading in range(readings(chip, step)):
            for rail in [k for k in range(2) if rails_used(chip, step, reading) >> k & 1]:
                sent, sweeps = await network.sweep(), sweeps + 1
                compare(chip, twin, step, theta, trace, sent, rail)
                totals[rail] += trace.sums[0, rail]
        await told(bench, heard, step)
        check(f"{name} telemetry", step, [step, trace.cost[0], *totals], heard[step])
        answered.append((totals, trace.cost[0], sent.activity))
    both_rails = [trace.sums[0, 0], trace.sums[0, 1] * (totals[1] != 0)]
    check(f"{name} S_0, S_1", STEPS, both_rails, await host.read(Region.REGISTERS, 2, Register.SUM_0))
    check(f"{name} behind the last step", STEPS, still(chip, both.theta), (await network.sweep()).cells)
    await running
    replays(chip, state, answered)
    await memories_match(host, chip, state)
    for field in {"gradient", "theta", "momentum", "filter"} & {*state.arrays}:
        check(f"{name} {field} of two rails", STEPS, both.arrays[field], state.arrays[field])
        assert np.any(both.arrays[field] != twin.initial().arrays[field]), f"{name}: {field} has not changed"
    check(f"{name} conversions", STEPS, sweeps + 1, strobes["array.convert"])
    check(f"{name} clocks that settle", STEPS, chip.sequencer.settle * (sweeps + 1), strobes["array.settle"])


def replays(chip: Chip, state: State, answered: list[tuple]) -> None:
    """A trace of what was answered can be replayed; `state` is golden's behind it."""
    totals, costs, activity = (np.array(part) for part in zip(*answered, strict=True))
    lines = activity if chip.lined else None
    with TemporaryDirectory() as folder:
        with Recorder(file := Path(folder) / "trace.npz", chip, state) as recorder:
            RecordedEngine(chip).run(state, totals, activity=lines)
            recorder.write(totals, costs, None, state, lines)
        check(f"{chip.config.name} steps replayed", STEPS, STEPS, replay(file, chip).steps)


def still(chip: Chip, theta: np.ndarray) -> np.ndarray:
    """Cells without perturbation."""
    return theta >> chip.crossbar.drop


def compare(chip: Chip, twin, step: int, theta, trace, sent: SimpleNamespace, rail: int) -> None:
    """A sweep has the perturbed weights of its rail, the sample, and all codes that golden has on that rail."""
    name, polarity = chip.config.name, (1, chip.polarity)[rail]
    moved = polarity * chip.crossbar.amplitude * twin.perturbations(step // chip.sequencer.tau_p)
    check(f"{name} cells of rail {rail}", step, still(chip, theta) + moved, sent.cells)
    check(f"{name} line", step, twin.inputs[trace.sample[0]], sent.inputs)
    check(f"{name} adc of rail {rail}", step, trace.adc[0, :, rail], sent.adc)
    check(f"{name} hidden of rail {rail}", step, trace.act[0, : len(sent.act), rail], sent.act)
