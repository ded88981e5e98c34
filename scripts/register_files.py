"""The register map of a bus as SystemRDL 2.0, and what PeakRDL makes of it: a page, a C header, IP-XACT, Python.

All of them come from `golden.link.bus_map`, as the RTL does.
"""

import re
import tempfile
from pathlib import Path
from zlib import crc32

from ..golden.chip.chip import Chip
from ..golden.link.bus_map import WORD, Access, BusMap, Entry, Range, bus_map


def register_files(chip: Chip, name: str) -> dict[str, bytes]:
    """Contents of all register files by their names.

    Parameters
    ----------
    chip : Chip
    name : str
        Of the top module, which they are named after.

    Raises
    ------
    ModuleNotFoundError
        PeakRDL is not installed, which the extra `registers` brings.
    """
    text = rdl(bus_map(chip), name, chip.config.name)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / f"{name}.rdl").write_text(text)
        _export(folder, name)
        _undated(folder / "registers" / "index.html", text)
        return {
            str(file.relative_to(folder)): file.read_bytes()
            for file in sorted(folder.rglob("*"))
            if file.is_file() and "__pycache__" not in file.parts
        }


def _export(folder: Path, name: str) -> None:
    """Let PeakRDL write what it makes of `<name>.rdl` there."""
    from peakrdl_cheader.exporter import CHeaderExporter
    from peakrdl_html import HTMLExporter
    from peakrdl_ipxact import IPXACTExporter
    from peakrdl_python.exporter import PythonExporter
    from peakrdl_python.systemrdl_node_hashes import NodeHashingMethod
    from systemrdl.compiler import RDLCompiler

    compiler = RDLCompiler()
    compiler.compile_file(str(folder / f"{name}.rdl"))
    root = compiler.elaborate()
    HTMLExporter().export(root, str(folder / "registers"))
    CHeaderExporter().export(root, str(folder / f"{name}.h"))
    IPXACTExporter(vendor="ohmgrad", library="ohmgrad", version="1.0").export(root, str(folder / f"{name}.xml"))
    PythonExporter().export(
        root.top, str(folder / "python"), skip_test_case_generation=True, hashing_method=NodeHashingMethod.SHA256
    )


def _undated(page: Path, text: str) -> None:
    """Put a number that comes from the text in place of the time, by which a browser knows that a page is another."""
    page.write_text(re.sub(r"(BUILD_TS = |\?ts=)\d+", rf"\g<1>{crc32(text.encode())}", page.read_text()))


def rdl(map_: BusMap, name: str, title: str) -> str:
    """SystemRDL of a map, whose address map has this name and this title.

    A register whose bits have no names of their own has one field `value`. Memories are `mem` of 32-bit words, beside a
    map of all registers: so each becomes an address block of IP-XACT.
    """
    registers = "\n".join(map(_register, map_.registers))
    memories = "\n".join(map(_memory, map_.ranges))
    return (
        f"// Registers and memories of {title}; bytes of addresses: {map_.bits} bits.\n"
        f'addrmap {name} {{\n  name = "{_quoted(title)}";\n'
        f"  default regwidth = {8 * WORD};\n  default accesswidth = {8 * WORD};\n  addressing = compact;\n\n"
        f"  addrmap {{\n{registers}\n  }} registers @ 0x0;\n\n{memories}\n}};\n"
    )


def _register(entry: Entry) -> str:
    """One register."""
    sw = "r" if entry.access == Access.READ else "rw"
    hw = "r" if entry.access == Access.BOTH and not entry.fields else "rw"
    clear = " onwrite = woclr;" if entry.access == Access.CLEAR else ""
    fields = [(name, bit, bit) for bit, name in enumerate(entry.fields)] or [("value", 0, 8 * WORD - 1)]
    lines = []
    for name, low, high in fields:
        reset = "" if entry.reset is None else f" reset = {(entry.reset >> low) & (2 ** (high - low + 1) - 1):#x};"
        lines.append(f"    field {{ sw = {sw}; hw = {hw};{clear}{reset} }} {name}[{high}:{low}];")
    text = _said(entry)
    return "\n".join(
        [
            f'  reg {{\n    name = "{entry.name}";\n    desc = "{_quoted(text)}";',
            *lines,
            f"  }} {entry.name} @ {entry.address:#x};",
        ]
    )


def _said(entry: Entry) -> str:
    """What a register holds, what it takes, and when."""
    text = entry.text
    if entry.access == Access.BOTH and not entry.fields and entry.high - entry.low < 2**32 - 1:
        text += f" Takes {entry.low} to {entry.high}; another value is answered by an error."
    return text + " Written while the engine is idle only; else that is answered by an error." * entry.idle


def _memory(item: Range) -> str:
    """One memory; its range may be larger than what is in it."""
    memory, sw = item.memory, str(item.access)
    text = f"{memory.symbol}: {memory.words} words of {memory.bits} bits, {'' if memory.signed else 'un'}signed."
    text += " Answers while the engine is idle; else by an error."
    return (
        f'  external mem {{\n    name = "{memory.name.upper()}";\n    desc = "{_quoted(text)}";\n    sw = {sw};\n'
        f"    mementries = {memory.words};\n    memwidth = {8 * WORD};\n  }} {memory.name.upper()} @ {item.base:#x};"
    )


def _quoted(text: str) -> str:
    """A text inside quotes of SystemRDL."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
