"""The sequencer presents and applies what `golden.sequencer` says, from any step to any other, stops included."""

from math import lcm

import cocotb
from cocotb.queue import Queue
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge
from cocotb.utils import get_sim_time

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, over, run
from ohmgrad.cocotb_tests.streams import pack
from ohmgrad.golden.codes import RANDOM, Codes
from ohmgrad.golden.cost import MSE, Cost
from ohmgrad.golden.memory_map import Register
from ohmgrad.golden.samples import CYCLIC, Samples
from ohmgrad.golden.sequencer import Sequencer, pattern_number, sample_number, updates
from ohmgrad.rtl.sequencer import RESTORABLE, StepSequencer

# tau_p, tau_x, tau_theta; parameters, samples.
GRID = {
    "ones": ((1, 1, 1), 9, 4),
    "smallest": ((1, 1, 1), 1, 1),
    "samples_held": ((1, 3, 6), 220, 37),
    "patterns_held": ((4, 1, 8), 17, 3),
    "windows": ((1, 1, 7), 33, 5),
    "all_held": ((5, 5, 5), 12, 1),
    "unequal": ((3, 6, 9), 1210, 1437),
    "longest": ((1 << 10, 1 << 20, 1 << 20), 49, 300),
}
RUNS, STEPS = 10, 40


def make(name: str) -> StepSequencer:
    """The block of one configuration."""
    taus, parameters, samples = GRID[name]
    codes, order = Codes(RANDOM, 0, parameters), Samples(CYCLIC, 0, samples, 2, 1)
    return StepSequencer(Sequencer(*taus), codes, order, Cost(MSE, 0, 12, 8, 3))


def test_sequencer():
    run(__file__, make, GRID)


class Surroundings:
    """What the other blocks do: one measurement for each sweep that was presented and applied."""

    def __init__(self, bench: Bench):
        self.rng, self.cost = bench.rng, bench.block.cost
        self.present, self.apply = bench.sink("present"), bench.sink("apply")
        self.result = bench.source("result")
        self.presented, self.applied, self.results = [], [], []
        self.times: list[int] = []
        queues = Queue(), Queue()
        cocotb.start_soon(self._take(self.present, self.presented, queues[0]))
        cocotb.start_soon(self._take(self.apply, self.applied, queues[1]))
        cocotb.start_soon(self._measure(queues))

    async def _take(self, sink, received, queue):
        while True:
            received += await sink.receive(1)
            if sink is self.present:
                self.times.append(get_sim_time())
            queue.put_nowait(None)

    async def _measure(self, queues):
        while True:
            for queue in queues:
                await queue.get()
            payload = {field: int(self.rng.integers(2**self.cost.sum_bits)) for field in ("sum0", "sum1")}
            payload |= {"cost": int(extremes(self.rng, self.cost.bits)), "saturated": int(self.rng.integers(2))}
            self.results.append(payload)
            await self.result.send([payload])


def counters(block: StepSequencer, step: int) -> dict[str, int]:
    """The restorable registers at a step."""
    taus = block.sequencer
    pattern, sample = pattern_number(taus.tau_p, step), sample_number(taus.tau_x, step)
    return {
        "step": step, "pattern": pattern, "position": pattern * block.codes.stride % block.codes.size,
        "sample": sample, "sample_index": sample % block.samples.size,
        "phase_p": step % taus.tau_p, "phase_x": step % taus.tau_x, "phase_theta": step % taus.tau_theta,
    }  # fmt: skip


@cocotb.test()
@over(GRID)
async def runs_match_golden(dut, name):
    block = make(name)
    bench = Bench(dut, name, block)
    rng, edge, falling = bench.rng, RisingEdge(dut.clk), FallingEdge(dut.clk)
    start, stop, load, busy = map(bench.signal, ("start", "stop", "load", "busy"))
    target, load_register, load_value = map(bench.signal, ("target", "load_register", "load_value"))
    saturated, last = map(bench.signal, ("saturated", "last"))
    registers = {register: bench.signal(register) for register in RESTORABLE}
    for port in (start, stop, load):
        port.value = 0
    around = Surroundings(bench)
    await bench.start()
    step = 0
    for number in range(RUNS):
        where = f"sequencer {name} run {number}"
        if number:
            bench.stall()
        if number in (2, 5):  # resume elsewhere, just before most counters wrap
            step = int(rng.integers(1, 2**31)) // lcm(*block.sequencer) * lcm(*block.sequencer)
            step += lcm(*block.sequencer) - int(rng.integers(1, 9))
            load.value = 1
            for register, value in counters(block, step).items():
                load_register.value, load_value.value = Register[register.upper()], value
                await edge
            load.value = 0
        if number == 6:  # without effect: nothing runs
            stop.value = 1
            await edge
            stop.value = 0
        stop_after = int(rng.integers(2, STEPS)) if number in (3, 5, 7) else 0
        length = 0 if number == 4 else 2 * STEPS if stop_after else int(rng.integers(1, STEPS))
        for history in (around.presented, around.applied, around.results, around.times):
            history.clear()
        last_before = int(last.value)
        start.value, target.value = 1, step + length
        await edge
        clocks = flags = 0
        stopped = None
        await falling
        while int(busy.value):
            # While it runs, neither another start nor a load may do anything.
            start.value, load.value = int(rng.random() < 0.1), int(rng.random() < 0.3)
            target.value, load_value.value = int(rng.integers(2**32)), int(rng.integers(2**32))
            load_register.value = int(rng.choice([Register[register.upper()] for register in RESTORABLE]))
            clocks += 1
            stop.value = int(clocks == stop_after)
            await edge
            flags += int(saturated.value)
            if clocks == stop_after:
                stopped = get_sim_time()
            assert clocks < 20_000, f"{where}: busy for {clocks} clocks"
            await falling
        start.value = load.value = stop.value = 0
        await ClockCycles(dut.clk, 10)
        if stopped is not None:
            # What is on offer at the stop cannot be withdrawn: that sweep becomes the last.
            length = min(length, sum(time <= stopped for time in around.times))
        steps = range(step, step + length + 1)
        check(f"{where} sweeps", step, [len(steps)] * 3,
              [len(history) for history in (around.presented, around.applied, around.results)])  # fmt: skip
        for sweep, (n, presented, applied) in enumerate(zip(steps, around.presented, around.applied, strict=True)):
            now, before = counters(block, n), counters(block, max(0, n - 1))
            expected = {"pattern": now["pattern"], "position": now["position"],
                        "sample": now["sample"], "index": now["sample_index"]}  # fmt: skip
            if sweep:
                expected |= {"last_pattern": before["pattern"], "last_position": before["position"]}
            for field, value in expected.items():
                check(f"{where} present.{field}", n, value, presented[field])
            cost = around.results[sweep - 1]["cost"] if sweep else 0
            check(f"{where} apply.cost", n, cost, applied.cost)
            check(f"{where} apply.update", n, bool(sweep and updates(block.sequencer.tau_theta, n - 1)), applied.update)
            if sweep:
                check(f"{where} apply.step", n, n - 1, applied.step)
        step += length
        for register, value in counters(block, step).items():
            check(f"{where} {register}", step, value, int(registers[register].value))
        check(f"{where} saturated clocks", step, sum(result["saturated"] for result in around.results[:-1]), flags)
        measured = pack(block.last.shape(), around.results[-2]) if length else last_before
        check(f"{where} last", step, measured, int(last.value))
