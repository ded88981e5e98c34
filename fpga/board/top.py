"""A chip on an FPGA: engine and emulated array, or a front end, with the link to a host, and what its lamps show.

It knows no board; `fpga.board.boards` gives it a clock and pins.
"""

from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from ...golden.chip.chip import Chip
from ...golden.link.frames import identity, sizes
from ...rtl.top import top_of
from ..link.link import Link
from ..link.uart import Receiver, Transmitter


class BoardTop(Component):
    """A chip behind a serial line, 8N1.

    Parameters
    ----------
    chip : Chip
    divisor : int
        Clocks a bit of the line.
    clock_hz : int
        Of the clock, for the host.

    Members
    -------
    rx, tx : the line, from and to the host.
    running : the engine runs, or the devices are being made after reset.
    learning : a run is under way, not an evaluation.
    fault : a sticky flag is set, or the watchdog has stopped the engine.
    pins : those of the chip's front end, if it has one; see `rtl.top.FrontTop`.
    """

    def __init__(self, chip: Chip, divisor: int, clock_hz: int):
        self.chip = chip
        self.divisor = divisor
        self.clock_hz = clock_hz
        self.top = top_of(chip, "chip")
        pins = {name: self.top.signature.members[name] for name in ("pins",) if name in self.top.signature.members}
        lamps = {name: Out(1) for name in ("running", "learning", "fault")}
        super().__init__({"rx": In(1, init=1), "tx": Out(1), **lamps, **pins})

    def elaborate(self, platform):
        m = Module()
        m.submodules.top = top = self.top
        m.submodules.link = link = Link(sizes(self.chip), identity(self.chip), self.clock_hz)
        m.submodules.receiver = receiver = Receiver(self.divisor)
        m.submodules.transmitter = transmitter = Transmitter(self.divisor)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            link.data.eq(receiver.data),
            transmitter.data.valid.eq(link.send.valid),
            transmitter.data.payload.eq(link.send.payload),
            link.send.ready.eq(transmitter.data.ready),
            self.tx.eq(transmitter.tx),
            self.running.eq(top.busy),
            self.learning.eq(top.learning),
            self.fault.eq(top.flags.any() | link.fired),
        ]
        m.d.sync += [link.valid.eq(receiver.valid), link.broken.eq(receiver.broken)]  # the data stand
        for name in ("host_valid", "host_write", "host_address", "host_data"):
            m.d.comb += getattr(top, name).eq(getattr(link, name))
        for name in ("host_ready", "reply_valid", "reply_data", "busy"):
            m.d.comb += getattr(link, name).eq(getattr(top, name))
        if "pins" in self.signature.members:
            connect(m, top.pins, flipped(self.pins))
        return m
