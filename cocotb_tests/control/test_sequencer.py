"""The sequencer presents and applies what `golden.blocks.control.sequencer` says, from any step to any other, stops
included.
"""

from math import lcm
from types import SimpleNamespace
from typing import cast

import cocotb
from cocotb.queue import Queue
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge
from cocotb.utils import get_sim_time

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run
from ohmgrad.cocotb_tests.streams import pack
from ohmgrad.golden.blocks.control.sequencer import Sequencer, correlates, refreshes, updates
from ohmgrad.golden.blocks.lib.layout import Layout
from ohmgrad.golden.blocks.measure.calibration import PERIOD, PERTURBED, ROUNDS
from ohmgrad.golden.blocks.measure.cost import ANALOG, ANTITHETIC, FORWARD, MSE, Cost
from ohmgrad.golden.blocks.measure.samples import CYCLIC, Samples
from ohmgrad.golden.blocks.measure.samples import RANDOM as DRAWN
from ohmgrad.golden.blocks.perturb.codes import RANDOM, SEQUENTIAL, Codes
from ohmgrad.golden.blocks.perturb.outer import LAYER, Outer
from ohmgrad.golden.blocks.update.correlator import Correlator
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.counters import RESTORABLE, counter_source
from ohmgrad.golden.chip.memory_map import Register
from ohmgrad.rtl.control.sequencer import StepSequencer

# Settings; parameters, samples, layers of weights; cost mode, window of the correlator.
MADE = {
    "ones": (Sequencer(1, 1, 1), 9, 4, 2, ANTITHETIC, 1),
    "smallest": (Sequencer(1, 1, 1), 1, 1, 1, FORWARD, 1),
    "samples_held": (Sequencer(1, 3, 6, average=1), 220, 37, 2, ANTITHETIC, 4),
    "patterns_held": (Sequencer(4, 1, 8, refresh=3, average_c0=2), 17, 3, 3, FORWARD, 2),
    "windows": (Sequencer(1, 1, 7, refresh=0), 33, 5, 1, FORWARD, 8),
    "all_held": (Sequencer(5, 5, 5, delay=3), 12, 1, 1, ANTITHETIC, 4),
    "unequal": (Sequencer(3, 6, 9, refresh=0, average=1, blanking=2), 1210, 1437, 5, FORWARD, 1),
    "analog": (Sequencer(2, 8, 20, blanking=1, delay=15, average=2), 40, 6, 2, ANALOG, 1),
    "longest": (Sequencer(1 << 10, 1 << 20, 1 << 20, delay=7), 49, 300, 1, ANTITHETIC, 64),
}
CONSTANT = {
    "constant": (Sequencer(1, 1, 1), 9, 4, 2, ANTITHETIC, 1),
    "constant_powers": (Sequencer(4, 8, 2, refresh=16, average_c0=2), 12, 300, 2, FORWARD, 2),
    "constant_late": (Sequencer(2, 4, 16, refresh=0, delay=5, blanking=3), 33, 7, 2, FORWARD, 8),
    "constant_odd": (Sequencer(3, 5, 1, average=1, delay=1, blanking=1), 17, 5, 3, ANTITHETIC, 1),
    "constant_measured": (Sequencer(1, 4, 3, refresh=6, delay=4), 17, 5, 3, FORWARD, 1),
}
"""Settings that are constants; in the last one the delay is none, as it can be measured."""
SPARE = ("constant", "constant_odd")
"""Chips of whose counters only those of time constants are there, as nothing else has a use for any."""
GRID = MADE | CONSTANT
RUNS, STEPS = 10, 40


def make(name: str) -> StepSequencer:
    """The block of one configuration."""
    settings, parameters, samples, layers, mode, window = GRID[name]
    kind, order, method = (RANDOM, DRAWN, None) if name in SPARE else (SEQUENTIAL, CYCLIC, Outer(LAYER, 2, 8))
    calibration = name in MADE or name == "constant_measured"
    engine = SimpleNamespace(settings="registers" if name in MADE else "constants", calibration=calibration)
    return StepSequencer(
        cast(
            Chip,
            SimpleNamespace(
                config=SimpleNamespace(engine=engine, seed=1), sequencer=settings,
                codes=Codes(kind, 0, parameters), samples=Samples(order, 0, samples, 2, 1), outer=method,
                cost=Cost(MSE, mode, 12, 8, 3), layout=Layout((2,) * (layers + 1), 1),
                correlator=Correlator(12, 20, leaky=mode == ANALOG, window=window),
            ),
        )
    )  # fmt: skip


def test_sequencer():
    run(__file__, make, GRID)


class Surroundings:
    """What the other blocks do: a measurement for each last reading, once it was presented and applied."""

    def __init__(self, bench: Bench):
        self.rng, self.cost = bench.rng, bench.block.chip.cost
        self.present, self.apply = bench.sink("present"), bench.sink("apply")
        self.result, self._arrived = bench.source("result"), bench.signal("arrived")
        self.presented, self.applied, self.results, self.arrived = [], [], [], []
        self.times: list[int] = []
        queues = Queue(), Queue()
        cocotb.start_soon(self._take(self.present, self.presented, queues[0]))
        cocotb.start_soon(self._take(self.apply, self.applied, queues[1]))
        cocotb.start_soon(self._measure(queues))

    def clear(self):
        for history in (self.presented, self.applied, self.results, self.arrived, self.times):
            history.clear()

    async def _take(self, sink, received, queue):
        while True:
            (shown,) = await sink.receive(1)
            received.append(shown)
            if sink is self.present:
                self.times.append(get_sim_time())
            queue.put_nowait(shown)

    async def _measure(self, queues):
        while True:
            reading = (await queues[0].get()).reading
            await queues[1].get()
            if not reading.last:
                continue
            payload = {field: int(self.rng.integers(2**self.cost.sum_bits)) for field in ("sum0", "sum1")}
            payload |= {"cost": int(extremes(self.rng, self.cost.bits)), "saturated": int(self.rng.integers(2))}
            payload |= {"right": int(self.rng.integers(2)), "drop": reading.drop}
            self.results.append(payload)
            self.arrived.append(int(extremes(self.rng, self.cost.bits)))
            self._arrived.value = self.arrived[-1]
            await self.result.send([payload])


def counters(block: StepSequencer, settings: Sequencer, step: int) -> dict[str, int]:
    """The restorable registers at a step; 0 where the chip has no use for them."""
    unused = {"position", "lag_position", "turn", "sample_index"} if block.chip.codes.kind == RANDOM else set()
    unused |= {"phase_refresh"} if block.chip.cost.mode != FORWARD else set()
    return {name: 0 if name in unused else value for name, value in counted(block, settings, step).items()}


def counted(block: StepSequencer, settings: Sequencer, step: int) -> dict[str, int]:
    """All of them, as the time constants say."""
    s, lag = settings, max(step - settings.delay, 0)
    pattern, behind, sample = step // s.tau_p, lag // s.tau_p, step // s.tau_x
    return {
        "step": step, "pattern": pattern, "position": pattern * block.chip.codes.stride % block.chip.codes.size,
        "turn": pattern % len(block.chip.layout.rows),
        "sample": sample, "sample_index": sample % block.chip.samples.size,
        "phase_p": step % s.tau_p, "phase_x": step % s.tau_x, "phase_theta": step % s.tau_theta,
        "phase_refresh": step % s.refresh if s.refresh else 0,
        "lag_pattern": behind, "lag_position": behind * block.chip.codes.stride % block.chip.codes.size,
        "lag_phase_p": lag % s.tau_p, "lag_phase_x": lag % s.tau_x,
    }  # fmt: skip


def expect(block: StepSequencer, s: Sequencer, start: int, length: int) -> list[dict]:
    """What a run presents, one dictionary a sweep: `present`, `reading` and, of the cost it applies, `apply`."""
    forward, window = block.chip.cost.mode == FORWARD, block.chip.correlator.window
    sweeps = []
    for n in range(start, start + length + 1):
        drop = n == start + length
        refresh = forward and bool(refreshes(s.refresh, s.tau_x, s.tau_theta, n))
        counts = [1 << s.average, 1 << (s.average_c0 if forward else s.average)]
        readings = 1 if drop else max(counts) if refresh else counts[0]
        now, before = (counters(block, s, k) for k in (n, max(n - 1, 0)))
        present = {name: now[name] for name in ("pattern", "position", "turn", "sample")}
        present |= {"index": now["sample_index"], "direct": 0, "unperturbed": 0}
        lagging = n - 1 - s.delay >= 0
        pattern = max(n - 1 - s.delay, 0) // s.tau_p
        group = lagging and pattern % window == window - 1 and (n - s.delay) % s.tau_p == 0
        update = block.chip.correlator.leaky or bool(updates(s.tau_theta, n - 1))
        used = bool(correlates(s.delay, s.tau_x, s.blanking, n - 1))
        for k in range(readings):
            reading = {"take0": k < counts[0], "take1": k < counts[1], "last": k == readings - 1,
                       "refresh": refresh, "changed": n % s.tau_x == 0, "drop": drop}  # fmt: skip
            sweep = {"step": n, "present": present | {"update": 0}, "reading": reading, "apply": None}
            if n > start and k == 0:
                sweep["apply"] = {"used": used, "update": update, "flush": update or group or drop,
                                  "pattern": pattern, "step": n - 1}  # fmt: skip
                sweep["present"] |= {"step": n - 1, "update": update}
                sweep["present"] |= {"last_pattern": before["lag_pattern"], "last_position": before["lag_position"],
                                     "last_turn": before["turn"]}  # fmt: skip
            sweeps.append(sweep)
    return sweeps


class Controls:
    """The ports that a host drives."""

    PORTS = ("start", "stop", "evaluate", "calibrate", "scanned", "load", "target", "load_register", "load_value")

    def __init__(self, bench: Bench):
        for port in (*self.PORTS, "busy", "saturated", "last", "total", "right", "scan", "measured", "number"):
            setattr(self, port, bench.signal(port))
        for port in self.PORTS:
            getattr(self, port).value = 0


def shown(bench: Bench) -> dict[str, int]:
    """What the host reads of all restorable registers."""
    values = dict.fromkeys(RESTORABLE, 0)
    for name in RESTORABLE:
        if bits := counter_source(bench.block.chip, name):
            port, first, last = bits
            values[name] = int(bench.signal(port).value) >> first & ((1 << (last - first)) - 1)
    return values


async def load(bench: Bench, host: Controls, values: dict[str, int]) -> None:
    """Write all restorable registers, as a host does, whether the chip has them or not."""
    host.load.value = 1
    for register, value in values.items():
        host.load_register.value, host.load_value.value = Register[register.upper()], value
        await RisingEdge(bench.dut.clk)
    host.load.value = 0


def apply_settings(bench: Bench, settings: Sequencer) -> None:
    """Drive them; where they are constants, what is driven must not matter, but for the delay if it is none."""
    if bench.name in CONSTANT:
        delay = settings.delay
        settings = Sequencer(*(int(word) for word in bench.rng.integers(1, 8, 9)))._replace(delay=delay)
    value = {**settings._asdict(), "decay": 0, "leak": 0, "seed": 1}
    bench.signal("settings").value = pack(bench.block.settings.shape(), value)


@cocotb.test()
@over(GRID)
async def runs_match_golden(dut, name):
    block, s = make(name), GRID[name][0]
    bench = Bench(dut, name, block)
    rng, edge, falling = bench.rng, RisingEdge(dut.clk), FallingEdge(dut.clk)
    host = Controls(bench)
    around = Surroundings(bench)
    apply_settings(bench, s)
    await bench.start()
    step = 0
    for number in range(RUNS):
        where = f"sequencer {name} run {number}"
        if number:
            bench.stall()
        if number in (2, 5):  # resume elsewhere, just before most counters wrap
            cycle = lcm(s.tau_p, s.tau_x, s.tau_theta, max(1, s.refresh))
            step = int(rng.integers(1, 2**31)) // cycle * cycle + cycle - int(rng.integers(1, 9))
            await load(bench, host, counters(block, s, step))
        if number == 6:  # without effect: nothing runs
            host.stop.value = 1
            await edge
            host.stop.value = 0
        stop_after = int(rng.integers(2, STEPS)) if number in (3, 5, 7) else 0
        length = 0 if number == 4 else 2 * STEPS if stop_after else int(rng.integers(1, STEPS))
        around.clear()
        last_before = int(host.last.value)
        host.start.value, host.target.value = 1, step + length
        await edge
        clocks = flags = 0
        stopped = None
        await falling
        while int(host.busy.value):
            # While it runs, neither another start nor a load may do anything; the target stays.
            host.start.value, host.load.value = int(rng.random() < 0.1), int(rng.random() < 0.3)
            host.evaluate.value = host.calibrate.value = int(rng.random() < 0.1)
            host.load_value.value = int(rng.integers(2**32))
            host.load_register.value = int(rng.choice([Register[register.upper()] for register in RESTORABLE]))
            clocks += 1
            host.stop.value = int(clocks == stop_after)
            await edge
            flags += int(host.saturated.value)
            if clocks == stop_after:
                stopped = get_sim_time()
            assert clocks < 20_000, f"{where}: busy for {clocks} clocks"
            await falling
        for port in (host.start, host.load, host.stop, host.evaluate, host.calibrate):
            port.value = 0
        await ClockCycles(dut.clk, 10)
        sweeps = expect(block, s, step, length)
        if stopped is not None and len(around.presented) < len(sweeps):
            # What was presented before the stop is done, and one step more at most, which may be on offer.
            presented = sweeps[max(0, sum(time < stopped for time in around.times) - 1)]["step"]
            stopped_at = step + sum(not result["drop"] for result in around.results)
            assert presented + 1 <= stopped_at <= presented + 2, f"{where}: {stopped_at}, {presented} was presented"
            length = min(length, stopped_at - step)
            sweeps = expect(block, s, step, length)
        measured = length + 1
        check(f"{where} sweeps", step, [len(sweeps), len(sweeps), measured],
              [len(history) for history in (around.presented, around.applied, around.results)])  # fmt: skip
        arrived = iter(around.arrived)
        for sweep, presented, applied in zip(sweeps, around.presented, around.applied, strict=True):
            n = sweep["step"]
            for field, value in sweep["present"].items():
                check(f"{where} present.{field}", n, value, presented[field])
            for field, value in sweep["reading"].items():
                if not (sweep["reading"]["drop"] and field in ("take0", "take1", "refresh", "changed")):
                    check(f"{where} reading.{field}", n, value, presented.reading[field])
            expected = {"used": 0, "update": 0, "flush": 0, "cost": 0}
            if sweep["apply"]:
                cost = next(arrived)
                expected = sweep["apply"] | {"cost": cost if sweep["apply"]["used"] else 0}
            for field, value in expected.items():
                check(f"{where} apply.{field}", n, value, applied[field])
        step += length
        read = shown(bench)
        for register, value in counters(block, s, step).items():
            check(f"{where} {register}", step, value, read[register])
        check(f"{where} saturated clocks", step, sum(result["saturated"] for result in around.results[:-1]), flags)
        last = pack(block.last.shape(), around.results[-2]) if length else last_before
        check(f"{where} last", step, last, int(host.last.value))


@cocotb.test()
@over(["ones", "unequal", "patterns_held", "constant", "constant_measured"])
async def evaluations_and_calibrations(dut, name):
    """They present samples by index, apply nothing, count what they say, and leave all counters in place."""
    block, s = make(name), GRID[name][0]
    bench = Bench(dut, name, block)
    edge = RisingEdge(dut.clk)
    host = Controls(bench)
    around = Surroundings(bench)
    apply_settings(bench, s)
    await bench.start()
    bench.stall()
    before = counters(block, s, int(bench.rng.integers(2**30)))
    await load(bench, host, before)
    for samples in (0, 1, min(2 * PERTURBED, block.chip.samples.size), 0):
        around.clear()
        host.evaluate.value, host.target.value = 1, samples
        await edge
        host.evaluate.value = 0
        await edge
        while int(host.busy.value):
            await edge
        await ClockCycles(dut.clk, 10)
        check(f"evaluation {name} sweeps", samples, [samples] * 3,
              [len(history) for history in (around.presented, around.applied, around.results)])  # fmt: skip
        for index, (presented, applied) in enumerate(zip(around.presented, around.applied, strict=True)):
            got = [presented.index, presented.direct, presented.unperturbed, presented.reading.drop,
                     applied.update, applied.flush, applied.used]  # fmt: skip
            check(f"evaluation {name}", index, [index, 1, 1, 1, 0, 0, 0], got)
        counted = [sum(result[key] for result in around.results) for key in ("sum0", "right")]
        check(f"evaluation {name} counts", samples, counted, [int(host.total.value), int(host.right.value)])
        check(f"evaluation {name} counters", samples, list(before.values()), list(shown(bench).values()))
    if not block.chip.config.engine.calibration:
        return
    around.clear()
    bench.stall(0.0)
    host.calibrate.value = 1
    await edge
    host.calibrate.value = 0
    while not int(host.scan.value):
        await edge
    await ClockCycles(dut.clk, 5)
    assert int(host.busy.value)
    host.scanned.value = 1
    await edge
    host.scanned.value = 0
    await edge
    await edge
    assert not int(host.busy.value)
    check(f"calibration {name} sweeps", 0, ROUNDS * PERIOD, len(around.presented))
    for n, presented in enumerate(around.presented):
        turn = n // PERIOD
        position = turn * block.chip.codes.stride % block.chip.codes.size
        expected = [turn, position, turn % block.chip.samples.size, 1,
                    n % PERIOD != PERTURBED, n % PERIOD == 0]  # fmt: skip
        got = [presented.pattern, presented.position, presented.index, presented.direct, presented.unperturbed,
               presented.reading.changed]  # fmt: skip
        check(f"calibration {name}", n, expected, got)
    assert not any(applied.update or applied.flush or applied.used for applied in around.applied)
    check(f"{name} counters after", 0, list(before.values()), list(shown(bench).values()))
