"""What surrounds a sequencer, what its counters hold, and what a run presents and applies; see `test_sequencer`."""

import cocotb
from cocotb.queue import Queue
from cocotb.triggers import RisingEdge
from cocotb.utils import get_sim_time

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import extremes
from ohmgrad.cocotb_tests.streams import pack
from ohmgrad.golden.blocks.control.sequencer import Sequencer, correlates, refreshes, updates
from ohmgrad.golden.blocks.measure.cost import ANTITHETIC, FORWARD
from ohmgrad.golden.blocks.perturb.codes import RANDOM
from ohmgrad.golden.chip.counters import RESTORABLE, counter_source
from ohmgrad.golden.chip.memory_map import Register
from ohmgrad.rtl.control.sequencer import StepSequencer

from .sequencer_grid import CONSTANT


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
        taken = [(k < counts[0], k < counts[1]) for k in range(readings)]
        if block.chip.alternates:
            taken = [(True, False)] if drop else apart(block.chip.cost.mode, refresh, taken)
        for k, (take0, take1) in enumerate(taken):
            reading = {"take0": take0, "take1": take1, "last": k == len(taken) - 1,
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


def apart(mode: int, refresh: bool, taken: list[tuple[bool, bool]]) -> list[tuple[bool, bool]]:
    """Sweeps of one rail in place of readings of both: each reading's of rail 0, then of rail 1, which has S."""
    measured = mode == ANTITHETIC or refresh
    return [rails for zero, one in taken for rails in [(True, False)] * zero + [(False, True)] * (one and measured)]


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
