"""The chips of `test_engine` and `test_top`: what differs from an example, and for how many steps they run."""

from typing import Any

XOR = "xor_filtered.toml"
NIST = "nist7x7.toml"
NIST_LOOP = "nist7x7_tiki_taka.toml"
LOOP = "xor_tiki_taka.toml"
DIGITAL = {"update.path": "digital", "device": None, "update.reset": None, "update.eta": 0.05}
SMALL = {"data.train": 5, "data.test": 0, "network.layers": [49, 3, 4]}
DEEP = {"network.layers": [2, 5, 3, 1]}
# Tables of 2**adc_bits entries are most of what the C++ compiler is busy with.
COARSE = {"array.adc_bits": 7, "array.output_bits": 9}
QUICK = {
    "update.schedule": None, "update.eta": 2.0, "fast.rate": 1.0, "fast.zero_shift": 30, "perturbation.tau_theta": 2,
}  # fmt: skip
RANK_ONE = {"perturbation.method": None, "perturbation.code": "rank-one"}
ROWS = {"transfer.lines": "rows"}
CONSTANTS = {"engine.settings": "constants"}
# name: example, steps, overrides
CHIPS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "lanes1": (XOR, 40, {**DIGITAL, "engine.lanes": 1, "perturbation.tau_theta": 3, "cost.mode": "forward"}),
    "lanes4": (XOR, 40, {"perturbation.tau_p": 2, "perturbation.tau_x": 2, "perturbation.tau_theta": 4}),
    "lanes16": (NIST, 12, {**SMALL, "update.schedule": [[5, 0.002], [9, 0.02]]}),
    "sequential": (
        XOR,
        40,
        {**DIGITAL, "perturbation.code": "sequential", "data.order": "cyclic", "cost.function": "l1"},
    ),
    "walsh": (NIST, 10, {**SMALL, "perturbation.code": "walsh", "engine.lanes": 4, "perturbation.tau_x": 4}),
    "constant_step": (
        XOR,
        40,
        {
            "device.model": "constant-step", "device.asymmetry": 0.2, "update.eta": 2.0, "update.reset": "keep",
            "update.schedule": [[20, 5.0]], "network.layers": [2, 5, 3, 1], "engine.lanes": 16,
        },
    ),
    "rails": (XOR, 40, {**DIGITAL, "update.eta": 3.0, "cost.bits": 6, "weights.range": 2.0, "weights.bits": 12}),
    "zero": (XOR, 40, {"update.reset": "zero", "update.eta": 1.0, "engine.lanes": 1, "cost.mode": "forward"}),
    "upper": (
        XOR,
        30,
        {
            **DIGITAL, **DEEP, "perturbation.code": "walsh-upper", "cost.mode": "forward", "cost.refresh": 0,
            "perturbation.tau_x": 4, "perturbation.tau_theta": 6, "perturbation.blanking": 1,
        },
    ),
    "sinusoidal": (
        XOR,
        40,
        {**DIGITAL, "perturbation.code": "sinusoidal", "perturbation.phase": 0.25, "perturbation.lag": 0.1,
         "perturbation.frequency": [3, 2], "perturbation.tau_theta": 2},
    ),
    "rank_one": (XOR, 40, {**DIGITAL, **DEEP, "perturbation.code": "rank-one", "engine.lanes": 8}),
    "node": (XOR, 40, {**DIGITAL, **DEEP, "perturbation.method": "node", "update.eta": 0.01, "cost.bits": 16}),
    "by_layer": (
        XOR,
        40,
        {**DIGITAL, **DEEP, "perturbation.method": "node-by-layer", "perturbation.tau_p": 2, "perturbation.tau_x": 4,
         "perturbation.tau_theta": 4, "cost.mode": "forward", "engine.lanes": 16, "update.eta": 0.01, "cost.bits": 16,
         **CONSTANTS, "engine.calibration": False},
    ),
    "analog": (
        XOR,
        40,
        {**DIGITAL, "cost.mode": "analog", "perturbation.tau_x": 8, "perturbation.tau_theta": 5,
         "perturbation.blanking": 2, "cost.average": 2},
    ),
    "averages": (
        XOR,
        20,
        {"cost.mode": "forward", "cost.refresh": 3, "cost.average": 2, "cost.average_c0": 4, "engine.settle": 60,
         **CONSTANTS},
    ),
    "late": (
        XOR,
        40,
        {**DIGITAL, "array.latency": 3, "perturbation.tau_p": 2, "perturbation.tau_x": 4, "perturbation.tau_theta": 8,
         "perturbation.blanking": 1, "perturbation.code": "sequential", **CONSTANTS},
    ),
    "misaligned": (XOR, 40, {"array.latency": 7, "engine.delay": 2, **CONSTANTS, "engine.calibration": False}),
    "window": (XOR, 40, {**DIGITAL, **DEEP, "engine.window": 8, "perturbation.tau_theta": 12, "array.latency": 1}),
    "window_walsh": (
        XOR,
        40,
        {"engine.window": 4, "perturbation.code": "walsh", "perturbation.tau_p": 2, "perturbation.tau_x": 2,
         "perturbation.tau_theta": 16},
    ),
    "replay": (
        XOR,
        40,
        {**DIGITAL, "engine.window": 8, "perturbation.tau_theta": 8, "engine.gradient": "replay",
         "update.momentum": 0.9, "update.rounding": "stochastic", "update.layers": [1, 0.5], "update.eta": 0.004},
    ),
    "settings": (
        XOR,
        40,
        {"perturbation.tau_p": 2, "perturbation.tau_x": 4, "perturbation.tau_theta": 8, "perturbation.blanking": 1,
         "cost.mode": "forward", "cost.refresh": 0, "cost.average": 2, "cost.average_c0": 4, "array.latency": 2,
         "engine.delay": 1, "engine.settle": 0, "engine.max_tau_p": 4, "engine.max_tau_theta": 16},
    ),
    "loop": (LOOP, 40, {**QUICK, "transfer.fraction": 2, "transfer.bits": 11}),
    "loop_lanes1": (
        LOOP,
        40,
        {**QUICK, **ROWS, "engine.lanes": 1, "transfer.means": 1, "transfer.fraction": 3, "fast.slots": 2,
         "transfer.chopper": 0.6, "update.reset": "keep", "perturbation.tau_theta": 1},
    ),
    "loop_lanes16": (
        LOOP,
        40,
        {**QUICK, **DEEP, **RANK_ONE, **ROWS, "engine.lanes": 16, "fast.slots": 3, "fast.trains": "deterministic",
         "transfer.chopper": None, "transfer.chopper_period": 1, "perturbation.tau_theta": 3},
    ),
    "loop_lanes64": (
        LOOP,
        30,
        {**QUICK, **DEEP, "engine.lanes": 64, "fast.management": False, "fast.slots": 3, "transfer.chopper": None,
         "transfer.leak": 1, "transfer.fraction": 2, "average.shift": 2, "average.start": 5},
    ),
    "loop_forward": (
        LOOP,
        40,
        {**QUICK, "cost.mode": "forward", "cost.refresh": 0, "perturbation.tau_p": 2, "perturbation.tau_x": 4,
         "perturbation.tau_theta": 4, "perturbation.blanking": 1, "cost.average_c0": 2, "update.reset": "zero",
         "network.layers": [2, 1], "transfer.means": 3, "transfer.chopper_period": 1, "transfer.chopper": None,
         "transfer.fraction": 1, "engine.lanes": 1},
    ),
    "loop_rescale": (
        LOOP,
        40,
        {**QUICK, **ROWS, "update.schedule": [[9, 4.0], [21, 0.5]], "transfer.change": "rescale", "cost.average": 2,
         "transfer.fraction": 4, "device.model": "constant-step", "fast.trains": "deterministic"},
    ),
    "loop_rank_one": (
        LOOP,
        40,
        {**QUICK, **RANK_ONE, "engine.lanes": 1, "fast.slots": 3, "fast.management": False, "fast.read_noise": 0.5,
         "fast.adc_bits": 5, "fast.model": "constant-step", "update.eta": 0.9, "update.schedule": [[15, 0.5]]},
    ),
    "loop_letters": (NIST_LOOP, 12, {**QUICK, **SMALL, "fast.slots": 2, **ROWS}),
    "frozen": (
        XOR, 30, {**DIGITAL, **DEEP, "update.rounding": "stochastic", "update.layers": [0, 1, 0.5], "engine.lanes": 8}
    ),
}  # fmt: skip
BUILT = {
    "chip_settings": {
        "perturbation.tau_p": 1, "perturbation.tau_x": 3, "perturbation.tau_theta": 5, "perturbation.blanking": 2,
        "cost.refresh": 1, "cost.average": 1, "engine.delay": 0, "engine.settle": 3,
    },
    "chip_loop_lanes1": {"update.eta": 0.7, "fast.rate": 0.9},
}  # fmt: skip
"""Settings that the Verilog of a chip is made with, if the host is to write others."""
EMULATED = (
    "constant_step", "zero", "by_layer", "analog", "window", "replay", "averages", "late", "settings", "loop_lanes1",
    "loop_lanes16", "loop_lanes64", "loop_rescale",
)  # fmt: skip
"""Chips that also run with the emulated array."""
NARROWER = {
    "loop_lanes64": {"engine.lanes": 16, "network.layers": [2, 2, 1, 1]},  # still all in one word
    "loop_lanes16": {"engine.lanes": 8},
    "constant_step": {"engine.lanes": 8},
    "by_layer": {"engine.lanes": 4},
}
"""What is different with the emulated array, whose blocks have up to 64 lanes in their own tests."""
CALIBRATED = ("chip_analog", "chip_window", "chip_late", "chip_averages", "chip_settings")
"""Chips that also calibrate the delay, and get the latency that they have."""
LANES = {f"chip_lanes{n}": n for n in (1, 4, 16)}
"""Chips that differ by their lanes alone, and are held against each other, so in one simulation."""
