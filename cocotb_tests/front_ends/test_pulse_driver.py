"""Pulses have golden's amplitude, polarity and number, and their times; none leaves that is not allowed."""

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.golden.blocks.front_ends.pulse_driver import PulseDriver, drive
from ohmgrad.rtl.front_ends.pulse_driver import PulseDriverPins

GRID = {
    "smallest": PulseDriver(1, 1, 1, 1, 1, 1, 1),
    "steps": PulseDriver(5, 8, 2, 3, 4, 20, 60),
    "any_step": PulseDriver(3, 4, 1, 7, 1, 15, 50),
    "worn": PulseDriver(7, 12, 3, 1, 2, 1000, 5),
}
COMMANDS = 120


def make(name: str) -> PulseDriverPins:
    """The block of one configuration."""
    return PulseDriverPins(GRID[name])


def test_pulse_driver():
    run(__file__, make, GRID)


class Monitor:
    """Pulses that leave, with their first clock and width, and how often the flags were high."""

    def __init__(self, bench: Bench):
        self.bench, self.driver, self.edge = bench, GRID[bench.name], RisingEdge(bench.dut.clk)
        self.pulses: list[tuple[int, int]] = []
        self.begins, self.widths, self.limited, self.worn = [], [], 0, 0
        self.enable = bench.signal("enable")
        self.enable.value = 0

    async def start(self) -> None:
        await self.bench.start()
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        names = ("device", "amplitude", "up", "down", "limited", "worn")
        handles = [self.bench.signal(name) for name in names]
        stood, bus, before, clock = 0, None, 0, 0
        while True:
            await self.edge
            clock += 1
            device, amplitude, up, down, limited, worn = (int(handle.value) for handle in handles)
            self.limited, self.worn = self.limited + limited, self.worn + worn
            assert not (up and down)
            stood, bus = (stood + 1 if (device, amplitude) == bus else 1), (device, amplitude)
            level = up - down
            if level and not before:
                assert stood > self.driver.setup, "device or amplitude changed just before a pulse"
                self.pulses.append((device, level * amplitude))
                self.begins.append(clock)
                self.widths.append(0)
            if level:
                self.widths[-1] += 1
            elif self.begins and clock < self.begins[-1] + self.widths[-1] + self.driver.dead:
                assert bus == (self.pulses[-1][0], abs(self.pulses[-1][1])), "device or amplitude changed too soon"
            assert not (level and before and level != before)
            before = level


def commands(bench: Bench) -> list[dict[str, int]]:
    """Random commands, extremes and zeros among them."""
    driver, rng = GRID[bench.name], bench.rng
    most = (1 << driver.bits) - 1
    levels = rng.choice([0, 1, -1, most, -most, int(rng.integers(-most, most + 1))], COMMANDS)
    return [{"device": int(rng.integers(driver.devices)), "level": int(level)} for level in levels]


@cocotb.test()
@over(GRID)
async def pulses_are_those_of_golden(dut, name):
    bench, driver = Bench(dut, name, make(name)), GRID[name]
    monitor, command = Monitor(bench), bench.source("command")
    counters = {"counts": bench.host("host_counts"), "amplitudes": bench.host("host_amplitudes")}
    await monitor.start()
    state = dict(zip(counters, driver.initial(), strict=True))
    for what, host in counters.items():
        state[what][:] = bench.rng.integers(0, 2, driver.devices)
        await host.write(state[what])
    monitor.enable.value = 1
    expected, limited, worn = [], 0, 0
    for stall in (0.0, 0.5):
        bench.stall(stall)
        sent = commands(bench)
        await command.send(sent)
        for item in sent:
            given, cut, none = drive(*state.values(), item["device"], item["level"], driver.step, driver.limit)
            limited, worn = limited + cut, worn + none
            if given:
                expected.append((item["device"], given))
    for _ in range(driver.clocks):
        await monitor.edge
    check(f"pulse_driver {name} pulses", 0, expected, monitor.pulses)
    check(f"pulse_driver {name} widths", 0, [driver.width] * len(expected), monitor.widths)
    check(f"pulse_driver {name} flags", 0, [limited, worn], [monitor.limited, monitor.worn])
    if len(expected) > 1:
        assert min(np.diff(monitor.begins)) == driver.clocks, f"pulse_driver {name}: time of a pulse"
    for what, host in counters.items():
        check(f"pulse_driver {name} {what}", 0, state[what], await host.read(driver.devices))


@cocotb.test()
@over(GRID)
async def no_pulse_leaves_unless_enabled(dut, name):
    bench, driver = Bench(dut, name, make(name)), GRID[name]
    monitor, command = Monitor(bench), bench.source("command")
    await monitor.start()
    counts = bench.host("host_counts")
    await counts.write([0] * driver.devices)
    sending = cocotb.start_soon(command.send([{"device": 0, "level": 1}] * 2))
    for _ in range(4 * driver.clocks):
        await monitor.edge
    assert not monitor.pulses and not sending.done()
    monitor.enable.value = 1
    while not monitor.pulses:
        await monitor.edge
    monitor.enable.value = 0
    await monitor.edge
    monitor.enable.value = 1
    await sending
    for _ in range(4 * driver.clocks):
        await monitor.edge
    # The pulse that was cut does not go on.
    full = 1 if driver.limit == 1 else 2
    assert len(monitor.widths) == full, f"pulse_driver {name}: {monitor.widths}"
    assert monitor.widths[0] <= 2 and monitor.widths[1:] == [driver.width] * (full - 1)
