"""Any array of any shape, type and content, and any number, works or ends in one sentence: the public API.

Examples are drawn alike each time (`derandomize`); what takes arrays is found by its annotations, so that a new one
without a case here fails.
"""

import importlib
import inspect
import pkgutil
from dataclasses import fields, is_dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ohmgrad.golden.analog
import ohmgrad.golden.learn
from ohmgrad.golden.analog.array import AnalogArray
from ohmgrad.golden.analog.devices import ConstantStep
from ohmgrad.golden.analog.one_sided import OneSided
from ohmgrad.golden.analog.periphery import Periphery
from ohmgrad.golden.analog.update import Update

from .any_arguments import ARGUMENTS
from .any_cases import CASES, FORMULAS, INSIDE
from .any_values import NUMBERS, answers_or_says, values

DRAWN = settings(max_examples=15, derandomize=True, deadline=None, database=None)


def modules():
    for package in (ohmgrad.golden.analog, ohmgrad.golden.learn):
        for info in pkgutil.iter_modules(package.__path__):
            yield importlib.import_module(f"{package.__name__}.{info.name}")


def functions(module):
    """Public functions and methods written in a module, by their names."""
    head = module.__name__.removeprefix("ohmgrad.golden.")
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(thing):
            yield f"{head}.{name}", thing
        for inner, method in vars(thing).items() if inspect.isclass(thing) else ():
            method = getattr(method, "__func__", method)
            if inspect.isfunction(method) and (not inner.startswith("_") or inner in ("__init__", "__call__")):
                yield f"{head}.{name}.{inner}", method


def takes_arrays(function) -> bool:
    def is_array(p):
        text = str(p.annotation)
        return p.kind != p.VAR_KEYWORD and (text == "typing.Any" or "_array_like" in text or "ndarray" in text)

    return any(map(is_array, inspect.signature(function).parameters.values()))


def test_all_that_takes_arrays_has_a_case():
    found = {name for module in modules() for name, function in functions(module) if takes_arrays(function)}
    inside = {name for name in found for head in INSIDE if name == head or name.startswith(f"{head}.")}
    assert not found - inside - set(CASES), "a case in CASES, or a reason in INSIDE"
    assert not set(CASES) - found - {"learn.tiki_taka.TikiTaka.__init__"}, "cases of what there is no more"
    stale = [head for head in INSIDE if not any(n == head or n.startswith(f"{head}.") for n in inside)]
    assert not stale, "reasons that nothing needs"


@pytest.mark.parametrize("name", CASES)
def test_any_array_works_or_ends_in_a_sentence(name):
    call, shapes = CASES[name]

    @DRAWN
    @given(st.tuples(*map(values, shapes)))
    def drawn(given):
        answers_or_says(call, *given, shapes=[*shapes], formula=name in FORMULAS)

    drawn()


def settings_classes():
    """All frozen dataclasses of settings, each with what it cannot do without."""
    needs = {OneSided: {"device": ConstantStep()}}
    for module in modules():
        for name, thing in vars(module).items():
            if inspect.isclass(thing) and thing.__module__ == module.__name__ and is_dataclass(thing):
                if thing.__dataclass_params__.frozen and not name.startswith("_"):  # type: ignore[attr-defined]
                    yield thing, needs.get(thing, {})


FIELDS = [(kind, needs, part.name) for kind, needs in settings_classes() for part in fields(kind) if part.init]


@pytest.mark.parametrize("value", NUMBERS, ids=lambda value: f"{type(value).__name__}-{str(value)[:12]}")
def test_any_setting_is_taken_or_ends_in_a_sentence(value):
    """Each field of each class of settings, with the value; those that are taken can be used."""
    assert len(FIELDS) > 150
    for kind, needs, name in FIELDS:
        answers_or_says(lambda v, kind=kind, needs=needs, name=name: used(kind(**needs | {name: v})), value)


def used(made):
    """What the settings are for, on a small array."""
    if hasattr(made, "sample"):
        device = AnalogArray(made, 2, 3)
        device.update(np.ones(3), np.ones(2), 0.01)
        device.decay()
        device.drift(1.0)
        assert np.isfinite(device.weights).all()
    elif isinstance(made, Periphery):
        assert np.isfinite(AnalogArray(ConstantStep(), 2, 3, forward=made).forward(np.ones(3))).all()
    elif isinstance(made, Update):
        AnalogArray(ConstantStep(), 2, 3, update=made).update(np.ones(3), np.ones(2), 0.01)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_any_argument_is_taken_or_ends_in_a_sentence(name):
    for value in NUMBERS:
        answers_or_says(ARGUMENTS[name], value)
