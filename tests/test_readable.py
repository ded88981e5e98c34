"""Generated Verilog has plain names that say where a module stands, and they mean what the escaped ones did."""

import re
from importlib.resources import files

import pytest

from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.rtl.lib.names import KEYWORDS, readable
from ohmgrad.rtl.top import Top, verilog


@pytest.mark.parametrize(
    ("escaped", "plain"),
    [
        ("wire \\$12 ;", "wire _12 ;"),
        ("wire \\begin ;", "wire begin_ ;"),
        ("wire \\value.tau_x ; wire value_tau_x;", "wire value_tau_x_ ; wire value_tau_x;"),
        ("wire \\a[1] ; wire \\a$1 ;", "wire a_1 ; wire a_1_ ;"),
        ("reg \\$auto$verilog_backend.cc:2355:dump_module$3 ;", "reg dump_module_3 ;"),
    ],
)
def test_an_identifier_becomes_a_plain_one_that_is_free(escaped, plain):
    assert readable(escaped) == plain


def test_modules_are_named_by_as_much_of_their_place_as_tells_them_apart():
    text = "\n".join(
        [
            "module \\chip.a.memory (x);", "endmodule", "module \\chip.b.memory (x);", "endmodule",
            "module \\chip.cost$7 (x);", "endmodule", "module chip(x);", "  \\chip.cost$7  \\cost$7  (", "wire cost;",
        ]
    )  # fmt: skip
    found = re.findall(r"^module (\S+?) ?\(", readable(text), flags=re.M)
    assert found == ["ohmgrad_a_memory", "ohmgrad_b_memory", "ohmgrad_cost", "chip"]
    assert "  ohmgrad_cost  u_cost  (" in readable(text)


@pytest.mark.parametrize("bus", ["native", "axi"])
def test_a_chip_has_no_escaped_name_and_no_name_twice(bus):
    text = verilog(Top(Chip(load(str(files("ohmgrad.examples") / "xor_filtered.toml"))), bus=bus))
    assert "\\" not in text
    modules = re.findall(r"^module (\w+)", text, flags=re.M)
    assert len(set(modules)) == len(modules)
    assert {"chip", "ohmgrad_engine", "ohmgrad_correlator", "ohmgrad_ttv2", "ohmgrad_crossbar"} < set(modules)
    names = set(re.findall(r"^  (?:wire|reg|input|output)(?: reg)?(?: signed)? (?:\[\d+:0\] )?(\w+)", text, flags=re.M))
    assert len(names) > 500 and names & KEYWORDS <= {"reg"}  # of "output reg"
