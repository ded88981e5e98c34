"""What stands between an engine and an array outside, so that neither a dead array nor a lost host does harm."""

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import Component, In, Out, Signature

from ..lib.streams import transfer
from .port import PULSES

OWN = ("safe", "enable", "fault")
"""Members between the guard and the array alone."""


class ArrayGuard(Component):
    """Passes everything on, but

    - where the array says that it is not to be relied upon (`fault` of the port), or where a run waits for it for
      `engine.timeout` clocks, in which nothing settles and no word goes either way, `fault` is raised. From then on the
      engine takes zeros for what the array does not give, and loses what the array does not take, so that its run ends
      between two steps; the cost of such a step counts for nothing;
    - no pulse leaves before the host has enabled pulses: the first that would raises `fault` too, and is lost;
    - `safe` tells the array to take its safe codes: from reset on, whenever nothing runs, and after a fault.

    Parameters
    ----------
    port : Signature
        What is guarded: `rtl.array.port.ArrayPort` or `rtl.array.rails_port.RailPort` of an array outside.
    pulsed : bool
        Pulses go through it.
    timeout : int
        `engine.timeout`; 0: never.

    Members
    -------
    engine, array : both sides of the port.
    running : the engine is busy.
    enable : the host allows pulses.
    clear : the host has seen the fault, and nothing runs.
    fault : the array is cut off; stays until `clear`.
    """

    def __init__(self, port: Signature, pulsed: bool, timeout: int):
        self.port, self.pulsed, self.timeout = port, pulsed, timeout
        flags = {"running": In(1), "enable": In(1), "clear": In(1), "fault": Out(1)}
        super().__init__({"engine": In(port), "array": Out(port), **flags})

    def elaborate(self, platform):
        m = Module()
        moved, forbidden = Const(0), Const(0)
        for name, member in self.port.members.items():
            inner, outer = getattr(self.engine, name), getattr(self.array, name)
            if member.is_port:
                if name not in OWN:
                    m.d.comb += outer.eq(inner) if member.flow == Out else inner.eq(outer)
                continue
            moved |= transfer(inner)
            if member.flow == In:
                self._from_array(m, inner, outer)
                continue
            pulse = inner.valid & inner.payload.as_value().any() & ~self.enable if name in PULSES else Const(0)
            forbidden |= pulse
            self._to_array(m, inner, outer, pulse)
        m.d.comb += self.array.safe.eq(~self.running | self.fault)
        if self.pulsed:
            m.d.comb += self.array.enable.eq(self.enable & ~self.fault)
        self._watch(m, moved | self.engine.settle, forbidden | self.array.fault)
        return m

    def _to_array(self, m: Module, source, sink, held: Value) -> None:
        """A stream to the array; cut off, its words are lost."""
        m.d.comb += [
            sink.valid.eq(source.valid & ~held & ~self.fault),
            sink.payload.eq(source.payload),
            source.ready.eq((sink.ready & ~held) | self.fault),
        ]

    def _from_array(self, m: Module, sink, source) -> None:
        """A stream from the array; cut off, it gives zeros."""
        m.d.comb += [
            sink.valid.eq(source.valid | self.fault),
            Value.cast(sink.payload).eq(Mux(self.fault, 0, Value.cast(source.payload))),
            source.ready.eq(sink.ready & ~self.fault),
        ]

    def _watch(self, m: Module, alive: Value, forbidden: Value) -> None:
        """Raise the fault at once, or when too many clocks have passed in which nothing moves."""
        timeout = self.timeout
        waited, late = Signal(range(timeout + 1), name="waited"), Signal(name="late")
        if timeout:
            m.d.sync += waited.eq(Mux(alive | ~self.running | late, 0, waited + 1))
            m.d.comb += late.eq(waited == timeout)
        with m.If(late | forbidden):
            m.d.sync += self.fault.eq(1)
        with m.Elif(self.clear):
            m.d.sync += self.fault.eq(0)
