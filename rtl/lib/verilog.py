"""Verilog of components, as one text with all modules."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from amaranth.back.verilog import convert
from amaranth.hdl import Elaboratable

from .ram import TEXT, VerilogPlatform


def verilog(component: Elaboratable, name: str) -> str:
    """Verilog of a component, its top module called `name`."""
    with uncollected():
        text = convert(component, name=name, platform=VerilogPlatform(), emit_src=False, strip_internal_attrs=True)
    return text + TEXT


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
