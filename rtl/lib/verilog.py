"""Verilog of components, as one text with all modules; and what is mended in what Amaranth and Yosys write."""

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager

from amaranth.back.verilog import convert
from amaranth.hdl import ClockDomain, Elaboratable

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
    """

    def domain(name: str) -> ClockDomain:
        return ClockDomain(name, async_reset=style.reset == ASYNC)

    with uncollected():
        text = convert(
            component, name=name, platform=VerilogPlatform(style), emit_src=False, strip_internal_attrs=True,
            missing_domain=domain,
        )  # fmt: skip
    text = "endmodule".join(map(with_constants, text.split("endmodule")))
    text = readable(text if style.memories == FPGA else without_initial_values(text))
    return text + TEXT if style.memories == FPGA else text


@contextmanager
def uncollected() -> Iterator[None]:
    """Elaborate without Python's collector of cycles: a netlist is millions of objects, of which none is rubbish.

    To look through them again and again takes as long as to make them.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
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
