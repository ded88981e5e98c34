"""How Verilog is written; see `rtl.lib.ram` and `rtl.top.verilog`."""

from typing import NamedTuple

FPGA, MACRO = "fpga", "macro"
MEMORY, CASE = "memory", "case"
SYNC, ASYNC = "sync", "async"


class Style(NamedTuple):
    """How Verilog is written: as the flow wants it that it goes to.

    Attributes
    ----------
    memories : str
        `FPGA`: such that synthesis for an FPGA finds block RAM. `MACRO`: modules of `MACROS`, for an ASIC's macros;
        nothing has a value at power-up.
    tables : str
        `MEMORY`: memories with initial contents, that nobody writes. `CASE`: case statements before a register.
    reset : str
        `SYNC` or `ASYNC`. Where it is asynchronous it may begin at any time, and ends with the clock: no register sees
        its end and an edge of the clock at once.
    """

    memories: str = FPGA
    tables: str = MEMORY
    reset: str = SYNC
