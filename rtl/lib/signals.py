"""Signals and ports of memories by name: Amaranth looks into Python's bytecode else, where versions differ."""

from typing import Any

from amaranth.hdl import Signal
from amaranth.lib.memory import Memory, ReadPort, WritePort
from amaranth.utils import ceil_log2


def signals(names: str, shape: Any = 1) -> list[Signal]:
    """Signals of one shape, by their names with spaces between."""
    return [Signal(shape, name=name) for name in names.split()]


def read_port(memory: Memory, domain: str = "sync") -> ReadPort:
    """As `Memory.read_port`; its signals begin with `read__`."""
    signature = ReadPort.Signature(shape=memory.shape, addr_width=ceil_log2(memory.depth))
    return ReadPort(signature, memory=memory, domain=domain, path=("read",))


def write_port(memory: Memory) -> WritePort:
    """As `Memory.write_port`; its signals begin with `write__`."""
    signature = WritePort.Signature(shape=memory.shape, addr_width=ceil_log2(memory.depth))
    return WritePort(signature, memory=memory, domain="sync", path=("write",))
