"""Access to the memories of the blocks, one entry at a time, while the engine is idle."""

from amaranth.hdl import signed
from amaranth.lib.wiring import In, Out, Signature

from ...golden.chip.memory_map import DATA_BITS, INDEX_BITS


class HostPort(Signature):
    """Port towards one memory; `value` is the entry at `index` three clocks after `select` rises or `index` changes.

    Members
    -------
    select : the host owns the memory; the block must be idle.
    write : write `data` to entry `index` in this clock.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "select": Out(1),
                "write": Out(1),
                "index": Out(INDEX_BITS),
                "data": Out(signed(DATA_BITS)),
                "value": In(signed(DATA_BITS)),
            }
        )
