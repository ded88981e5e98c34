"""Settings hold the chip's values after reset, take what they may from the host, and ignore the rest; constants all."""

from importlib.resources import files

import cocotb
from cocotb.triggers import RisingEdge

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.chip.memory_map import Register
from ohmgrad.rtl.control.settings import Settings

GRID = {
    "plain": {},
    "larger": {"perturbation.tau_x": 6, "engine.max_tau_p": 4, "engine.max_tau_theta": 100, "engine.delay": 3},
    "constants": {
        "perturbation.tau_x": 6, "engine.delay": 3, "engine.settings": "constants", "engine.calibration": False,
    },
    "measured": {"engine.delay": 5, "engine.settings": "constants"},
}  # fmt: skip
# Smallest and largest values, by the sentences of `golden.chip.memory_map.Register`.
RANGES = {
    "TAU_X": (1, 2**20), "REFRESH": (0, 2**20), "AVERAGE": (0, 4), "AVERAGE_C0": (0, 4), "BLANKING": (0, 2**20 - 1),
    "DELAY": (0, 15), "SETTLE": (0, 65535), "DECAY": (0, 65535), "LEAK": (1, 32768),
    "SEED": (0, 2**32 - 1),
}  # fmt: skip


def make(name: str) -> Settings:
    """The block of one configuration."""
    return Settings(Chip(load(str(files("ohmgrad.examples") / "xor_filtered.toml")).with_(**GRID[name])))


def test_settings():
    run(__file__, make, GRID)


@cocotb.test()
@over(GRID)
async def values_in_range_are_taken(dut, name):
    block, overrides = make(name), GRID[name]
    bench = Bench(dut, name, block)
    edge, layout = RisingEdge(dut.clk), block.signature.members["value"].shape
    load_, register, value = map(bench.signal, ("load", "load_register", "load_value"))
    calibrated, delay = map(bench.signal, ("calibrated", "delay"))
    load_.value = calibrated.value = 0
    await bench.start()
    await edge
    expected = dict.fromkeys(layout.members, 0) | {
        "tau_p": 1, "tau_x": overrides.get("perturbation.tau_x", 1), "tau_theta": 1, "refresh": 1,
        "delay": overrides.get("engine.delay", 0), "seed": block.chip.config.seed,
    }  # fmt: skip

    def compare(where: str) -> None:
        shown = layout.from_bits(bench.signal("value").value.to_unsigned())
        for field, word in expected.items():
            check(f"settings {name} {where} {field}", 0, word, shown[field])

    compare("after reset")
    ranges = RANGES | {"TAU_P": (1, overrides.get("engine.max_tau_p", 1))}
    ranges["TAU_THETA"] = (1, overrides.get("engine.max_tau_theta", 1))
    held = set(ranges)
    if overrides.get("engine.settings") == "constants":
        held = {"DELAY"} if overrides.get("engine.calibration", True) else set()
    for key, (low, high) in ranges.items():
        for word in (number & 0xFFFFFFFF for number in (low, high, low - 1, high + 1, 2**32 - 1)):
            for strobe in (0, 1):
                load_.value, register.value, value.value = strobe, Register[key], word
                await edge
                load_.value = 0
                await edge
                taken = strobe and low <= word <= high and key in held
                other = taken and key == "SEED" and expected["seed"] != word
                check(f"settings {name} {key} = {word}: renewed", strobe, other, bench.signal("renewed").value)
                if taken:
                    expected[key.lower()] = word
                compare(f"{key} = {word}")
    calibrated.value, delay.value = 1, 9
    await edge
    calibrated.value = 0
    await edge
    expected["delay"] = 9 if "DELAY" in held else overrides["engine.delay"]
    compare("calibrated")
