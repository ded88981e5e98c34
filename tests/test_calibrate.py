"""A run that measures first how late the cost comes, and trains with that delay."""

from pathlib import Path

import pytest

from ohmgrad.fpga.errors import Mismatch
from ohmgrad.golden.chip.config import ConfigError, load
from ohmgrad.scripts.training.calibrate import calibrate

from .test_train import Listener

XOR = load(Path(__file__).parent.parent / "examples" / "xor_filtered.toml")


class Said(Listener):
    def say(self, line):
        self.lines += (line,)


@pytest.mark.parametrize("latency, delay, found", [(3, 0, 3), (0, 5, 0), (15, None, 15), (2, 2, 2)])
def test_the_delay_becomes_the_latency(latency, delay, found):
    late = XOR.with_(**{"array.latency": latency, "engine.delay": delay})
    monitor = Said()
    config = calibrate(late, "golden", monitor)
    before = latency if delay is None else delay
    assert config.engine.delay == (delay if found == before else found)
    assert config.with_(**{"engine.delay": delay}) == late
    instead = "as in the chip file" if found == before else f"instead of {before} as in the chip file"
    assert monitor.lines == (f"calibrated: the cost arrives {found} steps after its pattern, {instead}",)


@pytest.mark.parametrize("on", ["golden", "sim"])
def test_a_chip_without_calibration_is_refused(on):
    text = (
        r"^xor_filtered: engine\.calibration: false leaves out the block that measures the delay; "
        r"a chip that is to be calibrated needs true\.$"
    )
    with pytest.raises(ConfigError, match=text):
        calibrate(XOR.with_(**{"engine.calibration": False}), on, Said())


def test_rtl_that_finds_another_delay(monkeypatch):
    class Wrong:
        def calibrate(self):
            return 4

    monkeypatch.setattr("ohmgrad.fpga.simulation.simulator.simulator", lambda engine, state: Wrong())
    with pytest.raises(Mismatch, match=r"^delay at step 0: expected 3 \(golden\), got 4 \(RTL\)\.$"):
        calibrate(XOR.with_(**{"array.latency": 3}), "sim", Said())
