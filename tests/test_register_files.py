"""The register description says of every register and memory what the map says, and PeakRDL's own output works."""

import importlib
import subprocess
import sys
from importlib.resources import files

import pytest
from systemrdl import RDLCompiler
from systemrdl.node import MemNode, RegNode

from ohmgrad.cocotb_tests.bus.test_bus import GRID, chip_of
from ohmgrad.golden.link.bus_map import Access, bus_map
from ohmgrad.scripts import register_files
from ohmgrad.scripts.cli import app
from ohmgrad.scripts.register_files import rdl


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """All register files of a chip."""
    root = tmp_path_factory.mktemp("registers")
    for name, content in register_files.register_files(chip_of("wishbone"), "chip").items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


@pytest.mark.parametrize("name", GRID)
def test_another_reader_finds_what_the_map_says(name, tmp_path):
    map_ = bus_map(chip_of(name))
    (tmp_path / "chip.rdl").write_text(rdl(map_, "chip", "a chip"))
    compiler = RDLCompiler()
    compiler.compile_file(str(tmp_path / "chip.rdl"))
    top = compiler.elaborate().top
    found = {node.inst_name: node for node in top.descendants() if isinstance(node, RegNode | MemNode)}
    assert set(found) == {entry.name for entry in map_.registers} | {r.memory.name.upper() for r in map_.ranges}
    for entry in map_.registers:
        node = found[entry.name]
        fields = list(node.fields())
        assert node.absolute_address == entry.address
        assert {field.is_sw_writable for field in fields} == {entry.access != Access.READ}
        assert {field.get_property("onwrite") is not None for field in fields} == {entry.access == Access.CLEAR}
        if entry.reset is not None:
            assert sum(field.get_property("reset") << field.low for field in fields) == entry.reset & 0xFFFFFFFF
    for item in map_.ranges:
        node = found[item.memory.name.upper()]
        assert (node.absolute_address, node.get_property("mementries")) == (item.base, item.memory.words)
        assert str(node.get_property("sw").name) == item.access


def test_a_c_compiler_finds_words_where_the_map_has_them(folder):
    map_ = bus_map(chip_of("wishbone"))
    checks = [f"offsetof(chip_t, registers.{entry.name}) == {entry.address}" for entry in map_.registers]
    checks += [f"offsetof(chip_t, {item.memory.name.upper()}) == {item.base}" for item in map_.ranges]
    lines = "\n".join(f'_Static_assert({check}, "");' for check in checks)
    (folder / "check.c").write_text(f'#include <stddef.h>\n#include "chip.h"\n{lines}\n')
    subprocess.run(
        ["g++", "-x", "c++", "-D_Static_assert=static_assert", "-fsyntax-only", folder / "check.c"], check=True
    )


def test_the_python_package_reads_and_writes_fields(folder, monkeypatch):
    monkeypatch.syspath_prepend(str(folder / "python"))
    for name in [name for name in sys.modules if name.partition(".")[0] == "chip"]:
        monkeypatch.delitem(sys.modules, name)
    chip = importlib.import_module("chip.reg_model.chip").chip_cls
    callbacks = importlib.import_module("chip.lib").NormalCallbackSet
    words = {0x214: 0b101, 0x5C: 7}

    def write(addr: int, width: int, accesswidth: int, data: int) -> None:
        words[addr] = data

    def read(addr: int, width: int, accesswidth: int) -> int:
        return words[addr]

    device = chip(callbacks=callbacks(read_callback=read, write_callback=write))
    assert (device.registers.STATUS.busy.read(), device.registers.STATUS.learning.read()) == (1, 0)
    assert device.registers.TAU_P.value.read() == 7
    device.registers.TARGET.value.write(1000)
    assert words[0x4] == 1000


def test_ip_xact_has_a_block_for_the_registers_and_one_for_each_memory(folder):
    text = (folder / "chip.xml").read_text()
    assert text.count("<ipxact:addressBlock>") == 1 + len(bus_map(chip_of("wishbone")).ranges)


def test_the_page_and_all_else_are_the_same_each_time(folder):
    again = register_files.register_files(chip_of("wishbone"), "chip")
    assert "registers/index.html" in again
    differ = [name for name, content in again.items() if (folder / name).read_bytes() != content]
    assert not differ


def test_without_peakrdl_a_sentence_says_how_it_comes(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "peakrdl_html", None)
    chip = str(files("ohmgrad.examples") / "xor.toml")
    with pytest.raises(SystemExit) as end:
        app(["generate", chip, "--bus", "axi", "-o", str(tmp_path / "out")])
    said = "ohmgrad: peakrdl_html is not installed: run pip install 'ohmgrad[registers]'.\n"
    assert (end.value.code, capsys.readouterr().err) == (1, said)
    assert not (tmp_path / "out").exists()
