"""Access to the memories of the blocks, one entry at a time, while the engine is idle."""

from collections.abc import Sequence

from amaranth.hdl import Array, Module, Signal, signed
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


def give_registers(m: Module, host, registers: Sequence[Signal]) -> None:
    """Let a host read and write registers by index; what it reads of others counts for nothing."""
    m.d.comb += host.value.eq(Array(registers)[host.index[: (len(registers) - 1).bit_length()]])
    with m.If(host.select & host.write), m.Switch(host.index):
        for k, register in enumerate(registers):
            with m.Case(k):
                m.d.sync += register.eq(host.data)
