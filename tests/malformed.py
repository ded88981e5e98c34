"""Chip files that are refused, and with which sentence: all tables, and here wrong names, defects, and no TOML."""

from . import malformed_array, malformed_cost, malformed_update
from .config_files import DIGITAL, edited

EDITS = [
    ("missing-name", 'name = "small"\n', "",
     "name: missing key; allowed are 1 to 40 of a-z, 0-9, - and _ after a first letter a-z."),
    ("name-number", 'name = "small"', "name = 5",
     "name: 5 is not a string; allowed are 1 to 40 of a-z, 0-9, - and _ after a first letter a-z."),
    ("name-newline", 'name = "small"', 'name = "small\\n"',
     'name: "small\\n" is not a name; allowed are 1 to 40 of a-z, 0-9, - and _ after a first letter a-z.'),
    ("name-path", 'name = "small"', 'name = "../small"',
     'name: "../small" is not a name; allowed are 1 to 40 of a-z, 0-9, - and _ after a first letter a-z.'),
    ("seed-negative", "seed = 7", "seed = -1", "seed: -1 is out of range; allowed are integers from 0 to 4294967295."),
    ("seed-string", "seed = 7", 'seed = "7"',
     'seed: "7" is not an integer; allowed are integers from 0 to 4294967295.'),
    ("seed-huge", "seed = 7", "seed = 0x" + "f" * 5000,
     "seed: an integer of 20000 bits is out of range; allowed are integers from 0 to 4294967295."),
    ("seed-date", "seed = 7", "seed = 2024-01-31",
     "seed: 2024-01-31 is not an integer; allowed are integers from 0 to 4294967295."),
    ("unknown-section", "[engine]", "[enigne]",
     "enigne: unknown key, perhaps meant as engine; "
     "allowed are name, seed, network, parameters, data, stream, cost, perturbation, update, weights, array, "
     "front_end, pulse_driver, device, fast, transfer, average, defects, engine, run."),
    ("first-of-file", 'name = "small"\nseed = 7', 'seed = -1\nname = "Small"',
     "seed: -1 is out of range; allowed are integers from 0 to 4294967295."),
]  # fmt: skip

DEFECT_KEYS = (
    "cost_noise, cost_drift, bandwidth, update_noise, activation_spread, dac_nonlinearity, adc_nonlinearity, "
    "stuck, flipped"
)
DEFECTS = [
    ("noise-negative", "cost_noise = -0.1", "cost_noise: -0.1 is out of range; allowed are numbers from 0 to 10."),
    ("drift-fast", "cost_drift = 11", "cost_drift: 11 is out of range; allowed are numbers from -10 to 10."),
    ("pole-slow", "bandwidth = 1001.0", "bandwidth: 1001.0 is out of range; allowed are numbers from 0 to 1000."),
    ("update-infinite", "update_noise = inf", "update_noise: inf is not finite; allowed are numbers from 0 to 1024."),
    ("spread-wide", "activation_spread = 1.5",
     "activation_spread: 1.5 is out of range; allowed are numbers from 0 to 1."),
    ("dac-bent", "dac_nonlinearity = 0.6",
     "dac_nonlinearity: 0.6 is out of range; allowed are numbers from -0.5 to 0.5."),
    ("adc-string", 'adc_nonlinearity = "3 LSB"',
     'adc_nonlinearity: "3 LSB" is not a number; allowed are numbers from -0.5 to 0.5.'),
    ("stuck-above", "stuck = 1.01", "stuck: 1.01 is out of range; allowed are numbers from 0 to 1."),
    ("flipped-boolean", "flipped = true", "flipped: true is not a number; allowed are numbers from 0 to 1."),
    ("unknown", "cost_nose = 1", f"cost_nose: unknown key, perhaps meant as cost_noise; allowed are {DEFECT_KEYS}."),
]  # fmt: skip
RAW = [
    ("empty", b"", "the file is empty; required are name, network, data, perturbation, update, run."),
    ("comment", b"# soon\n", "the file is empty; required are name, network, data, perturbation, update, run."),
    ("not-utf-8", b'name = "caf\xe9"\n', "byte 11 is not UTF-8; allowed is TOML in UTF-8."),
    ("utf-16", 'name = "a"'.encode("utf-16"), "byte 0 is not UTF-8; allowed is TOML in UTF-8."),
    ("elf", b"\x7fELF\x02\x01\x01\x00", "not valid TOML, Invalid statement (at line 1, column 1)."),
    ("no-value", b'name = "a"\nseed =\n', "not valid TOML, Invalid value (at line 2, column 7)."),
    ("cut-off", b"[network]\nlayers = [2, 2,", "not valid TOML, Invalid value (at end of document)."),
    ("key-twice", b"seed = 1\nseed = 2\n", "not valid TOML, Cannot overwrite a value (at line 2, column 9)."),
    ("nested", b"seed = " + b"[" * 5000, "not valid TOML, lists or tables are nested too deeply."),
    ("digits", b"seed = " + b"1" * 5000, "not valid TOML, a number has too many digits."),
    ("python", b"seed = 1\nnetwork.layers = [2, 2, 1]\nnetwork.activation = None\n",
     "not valid TOML, Invalid value (at line 3, column 22)."),
]  # fmt: skip
TABLES = [(DIGITAL, EDITS), *malformed_array.EDITS, *malformed_cost.EDITS, *malformed_update.EDITS]
MALFORMED: list[tuple[str, bytes, str]] = [
    *(
        (name, edited(text, old, new), "chip.toml: " + message)
        for text, table in TABLES
        for name, old, new, message in table
    ),
    *(
        (
            f"defects-{name}",
            edited(DIGITAL, "[engine]", f"[defects]\n{line}\n\n[engine]"),
            "chip.toml: defects." + message,
        )
        for name, line, message in DEFECTS
    ),
    *((name, content, "chip.toml: " + message) for name, content, message in RAW),
]
"""Name, content of a file that is read as `chip.toml`, and the whole sentence that refuses it."""
