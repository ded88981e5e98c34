"""Codes, devices, cost functions and the like are one list each: a chip description takes exactly the names on it, and
golden and RTL refuse what is on none.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

from ohmgrad.golden.blocks.array import devices
from ohmgrad.golden.blocks.lib.layout import Layout
from ohmgrad.golden.blocks.measure import cost, neuron, samples
from ohmgrad.golden.blocks.perturb import codes, outer
from ohmgrad.golden.blocks.tiki_taka.lines import Lines
from ohmgrad.golden.blocks.update import ttv2
from ohmgrad.golden.blocks.update.window import CODES, Window
from ohmgrad.golden.chip import config
from ohmgrad.golden.chip.rules import Rule
from ohmgrad.golden.data.datasets import SETS
from ohmgrad.rtl.array.devices import DeviceFoundry
from ohmgrad.rtl.measure.cost import CostUnit
from ohmgrad.rtl.measure.samples import SampleMemory
from ohmgrad.rtl.perturb.codes import CodeGenerator
from ohmgrad.rtl.perturb.outer import OuterProducts
from ohmgrad.rtl.update.ttv2 import FilterMemory

LAYOUT = Layout((2, 2, 1), 4)
KEYS = {
    (config.Data, "set"): SETS,
    (config.Data, "order"): samples.ORDERS,
    (config.Cost, "function"): cost.FUNCTIONS,
    (config.Cost, "mode"): cost.MODES,
    (config.Perturbation, "method"): [name for name in outer.METHODS if name != "rank-one"],
    (config.Perturbation, "code"): [*codes.KINDS, "rank-one"],
    (config.Update, "reset"): ttv2.RESETS,
    (config.Device, "model"): devices.MODELS,
}


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_a_chip_description_takes_the_names_on_the_list(section, key):
    (rule,) = [rule for rule in section.model_fields[key].metadata if isinstance(rule, Rule)]
    names = list(KEYS[section, key])
    assert rule.allowed == ", ".join(names)
    assert [rule.problem(name) for name in names] == [None] * len(names)
    assert rule.problem("unknown") == "is not one of the choices"


def code(kind: int) -> codes.Codes:
    return codes.Codes(kind, 1, LAYOUT.parameters, 3 if kind == codes.SINUSOIDAL else 1)


def measure(function: int, mode: int) -> None:
    unit = cost.Cost(function, mode, 9, 6, 1)
    assert unit.sum_bits > 1 and unit.unit > 0
    cost.error(function, 1, 2)
    cost.difference(mode, 0, 0, 0, 5, 3, True, False, np.zeros(2, np.int64))


def device(model: int) -> devices.Devices:
    return devices.Devices(model, 1, 12, 20, 1000, 100, 30, 100, 100)


def filter_(reset: int) -> ttv2.Ttv2:
    return ttv2.Ttv2(9, 6, reset, 1, ())


class List(NamedTuple):
    """A list of kinds, its name in refusals, and what golden and RTL make of one of them."""

    kinds: dict[str, int]
    name: str
    golden: Callable[[int], object]
    rtl: Callable[[int], object]


LISTS = {
    "codes": List(
        codes.KINDS, "code",
        lambda kind: codes.pattern_signs(code(kind), 5),
        lambda kind: CodeGenerator(code(kind), 4).elaborate(None),
    ),
    "devices": List(
        devices.MODELS, "model of the devices",
        lambda kind: device(kind).sample(3),
        lambda kind: DeviceFoundry(device(kind), LAYOUT).elaborate(None),
    ),
    "cost functions": List(
        cost.FUNCTIONS, "cost function",
        lambda kind: measure(kind, cost.FORWARD),
        lambda kind: CostUnit(cost.Cost(kind, cost.FORWARD, 9, 6, 1)).elaborate(None),
    ),
    "modes": List(
        cost.MODES, "mode of the cost",
        lambda kind: measure(cost.MSE, kind),
        lambda kind: CostUnit(cost.Cost(cost.MSE, kind, 9, 6, 1)).elaborate(None),
    ),
    "orders": List(
        samples.ORDERS, "order of samples",
        lambda kind: samples.sample_index(kind, 5, samples.stream(1), 7),
        lambda kind: SampleMemory(samples.Samples(kind, 1, 5, 2, 1), 6, 6).elaborate(None),
    ),
    "resets": List(
        ttv2.RESETS, "reset of the filter",
        lambda kind: ttv2.transfer(100, kind, 1, 5, *np.array([[-7], [9], [0]], np.int32)),
        lambda kind: FilterMemory(filter_(kind), Lines(((1, 9),), 4)).elaborate(None),
    ),
    "outer products": List(
        {name: kind for name, kind in outer.METHODS.items() if kind != outer.WEIGHT}, "method of outer products",
        lambda kind: outer.Outer(kind, 2, 6).factor_bits,
        lambda kind: OuterProducts(outer.Outer(kind, 2, 6), LAYOUT, code(codes.RANDOM), False).elaborate(None),
    ),
    "codes of a window": List(
        {name: codes.KINDS[name] for name in CODES}, "code of a window",
        lambda kind: Window(4, 8, 8, code(kind)).tables,
        lambda kind: Window(4, 8, 8, code(kind)).entry_bits,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_each_kind_on_a_list_has_a_case_in_golden_and_rtl(name):
    for kind in LISTS[name].kinds.values():
        LISTS[name].golden(kind)
        LISTS[name].rtl(kind)


@pytest.mark.parametrize("side", ["golden", "rtl"])
@pytest.mark.parametrize("name", LISTS)
def test_what_is_on_no_list_is_refused(name, side):
    kinds = LISTS[name].kinds
    with pytest.raises(ValueError, match=f"^unknown {LISTS[name].name}.*; allowed are ") as error:
        getattr(LISTS[name], side)(max(kinds.values()) + 1)
    assert all(f"{kind} ({known})" in str(error.value) for known, kind in kinds.items())


def test_an_unknown_activation_is_refused():
    for name in neuron.ACTIVATIONS:
        neuron.Neuron((name,), 4, 0.1, 4, 4).tables()
    with pytest.raises(ValueError, match="^unknown activation 'step'; allowed are tanh, sigmoid, relu, linear.$"):
        neuron.Neuron(("step",), 4, 0.1, 4, 4).tables()
