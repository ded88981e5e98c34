"""An array outside is asked for what it has not, in the file or on the command line: one sentence each."""

from importlib.resources import files

import pytest
from typer.testing import CliRunner

from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import ConfigError, load
from ohmgrad.golden.data import datasets
from ohmgrad.golden.engine import Engine
from ohmgrad.scripts.cli import app

EXAMPLES = files("ohmgrad.examples")
EXTERNAL = load(str(EXAMPLES / "external.toml"))
PLAIN = load(str(EXAMPLES / "xor.toml"))
NOT_HERE = (
    'external.toml: array.kind: "external" is an array that is not here to be trained; such a chip can be generated '
    "with --top engine, verified and replayed."
)


@pytest.mark.parametrize(
    "command",
    [
        "train {}", "train {} --on sim", "train {} --on sim --calibrate", "train {} --on board --port virtual",
        "virtual {} --link {}.link", "build {} --board icebreaker", "program {} --board icebreaker",
        "verify {} --netlist 3",
    ],
)  # fmt: skip
def test_what_needs_the_array_is_refused(command):
    file = str(EXAMPLES / "external.toml")
    done = CliRunner().invoke(app, command.format(file, file).split())
    assert done.exit_code == 2 and done.output.strip().endswith(NOT_HERE), done.output


def test_golden_has_no_array_outside():
    chip = Chip(PLAIN.with_(**{"array.kind": "external"}))
    data = chip.config.dataset
    split = datasets.load(data.set, data.train, data.test, 1)
    sentence = 'xor: array.kind: "external" is an array that only its own costs and codes can be replayed of; allowed'
    with pytest.raises(ConfigError, match=sentence):
        Engine(chip, split)


@pytest.mark.parametrize("name, section", [("dense", "network"), ("dataset", "data"), ("activations", "network")])
def test_what_is_not_known_of_an_array_outside(name, section):
    with pytest.raises(ConfigError, match=f"external: {section}: missing section, without which nothing is known of"):
        getattr(EXTERNAL, name)


@pytest.mark.parametrize(
    "overrides, sentence",
    [
        ({"array.kind": "emulated"}, 'array.kind: "emulated" has no cost for cost.source = "external"; allowed is "ex'),
        ({"network": {"layers": [2, 1], "activation": "tanh"}}, "network: the section has no use with cost.source = "),
        ({"data": {"set": "xor"}, "stream": {"inputs": 2}}, "stream: the section brings samples, and so does data; al"),
        ({"parameters": None}, "parameters: missing section; required in it are count."),
        ({"parameters.count": 0}, "parameters.count: 0 is out of range; allowed are integers from 1 to 1048576."),
        ({"parameters.groups": [100, [10, 10]]}, "parameters.count: 300 is not the sum of parameters.groups; allowed "),
        ({"parameters.groups": [[3, 0]]}, "parameters.groups: [[3, 0]] is not a list of groups; allowed are lists of"),
        ({"perturbation.code": "rank-one"}, 'perturbation.code: "rank-one" needs rows and columns; it is allowed with'),
        ({"perturbation.method": "node"}, 'perturbation.method: "node" needs rows and columns; it is allowed with par'),
        ({"update.path": "tiki-taka"}, "device: missing section; update.path = "),
        ({"update.path": "filtered"}, "device: missing section; update.path = "),
        ({"defects": {"stuck": 0.1}}, 'defects: the section is of emulated cells; it is allowed with array.kind = "em'),
        ({"average": {}}, 'average: the section is of emulated cells; it is allowed with array.kind = "emulated".'),
        ({"cost.function": "l1"}, 'cost.function: "l1" has no use with source = "external"; it is allowed with source'),
        ({"array.input_bits": 8}, 'array.input_bits: 8 has no use with cost.source = "external" and samples of the'),
        ({"array.adc_bits": 8}, 'array.adc_bits: 8 has no use with cost.source = "external"; it is allowed with cost.'),
        ({"cost.word_bits": 25}, "cost.word_bits: 25 is out of range; allowed are integers from 2 to 24."),
        ({"engine.samples": "bits"}, 'engine.samples: "bits" has no use without data; allowed is "codes".'),
        ({"engine.inference": True}, 'engine.inference: true needs outputs; it is allowed with cost.source = "'),
        (
            {"engine.bring_up": True, "perturbation.method": "node", "parameters.groups": [[20, 15]]},
            "engine.bring_up: true needs an array that gives costs alone; it is allowed with array.kind = ",
        ),
        ({"update.layers": [1, 0.5]}, "update.layers: [1.0, 0.5] has 2 entries; allowed are lists of 1, one for each "),
    ],
)
def test_bad_files_of_arrays_outside(overrides, sentence):
    with pytest.raises(ConfigError) as refused:
        Chip(EXTERNAL.with_(**overrides))
    assert str(refused.value).startswith(f"external: {sentence}")


@pytest.mark.parametrize("key, value", [("cost.unit", 2.0), ("cost.word_bits", 8), ("engine.timeout", 5)])
def test_keys_that_only_an_array_outside_has(key, value):
    with pytest.raises(ConfigError, match=f"xor: {key}: {value} has no use with "):
        PLAIN.with_(**{key: value})


def test_verify_takes_an_array_outside(tmp_path):
    text = (EXAMPLES / "external.toml").read_text().replace("count = 300", "count = 9")
    (tmp_path / "own.toml").write_text(text.replace("lanes = 16", "lanes = 4"))
    done = CliRunner().invoke(app, ["verify", str(tmp_path / "own.toml")])
    assert done.exit_code == 0, done.output
    assert "external: RTL equals golden bit for bit: 12 steps of the engine with any costs and random" in done.output
