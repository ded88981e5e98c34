"""A mailbox over Wishbone; see `golden.blocks.front_ends.mailbox`."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.front_ends.mailbox import NONE, PROGRAM, READ, Mailbox
from ..lib.streams import transfer

COMMAND = data.StructLayout({"level": 8, "column": 5, "row": 5, "program": 1})


class MailboxMaster(Component):
    """Sends commands for cells to a macro, and gets the answers of those that read: a classic Wishbone B4 master.

    Parameters
    ----------
    mailbox : golden.blocks.front_ends.mailbox.Mailbox

    Members
    -------
    command : stream in, `COMMAND`: program a cell to a level, or read it, and then `level` is of no meaning.
    reading : stream out, 32 bits: the answer of a cell, in the order of the commands.
    fault : high for one clock when a command took longer than `mailbox.limit` clocks; it is given up, and answers that
        come after it may be to the wrong command, unless the macro is reset.
    cyc, stb, we, adr, sel, dat_w, dat_r, ack : the bus; `adr` counts bytes. All that go out come from registers.
    """

    def __init__(self, mailbox: Mailbox):
        self.mailbox = mailbox
        super().__init__(
            {
                "command": In(stream.Signature(COMMAND)),
                "reading": Out(stream.Signature(32)),
                "fault": Out(1),
                "cyc": Out(1),
                "stb": Out(1),
                "we": Out(1),
                "adr": Out(32, init=mailbox.address),
                "sel": Out(4, init=0b1111),
                "dat_w": Out(32),
                "dat_r": In(32),
                "ack": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        left = Signal(range(self.mailbox.limit + 1), name="left")
        asks, command = Signal(name="asks"), self.command.payload
        bus = Cat(self.cyc, self.stb)
        m.d.sync += [left.eq(left - 1), self.fault.eq(0)]
        with m.If(self.reading.ready):
            m.d.sync += self.reading.valid.eq(0)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.command.ready.eq(~self.reading.valid)
                m.d.sync += left.eq(self.mailbox.limit)
                with m.If(transfer(self.command)):
                    mode = Mux(command.program, Const(PROGRAM, 2), Const(READ, 2))
                    word = Cat(command.level, Const(0, 12), command.column, command.row, mode)
                    m.d.sync += [bus.eq(~0), self.we.eq(1), self.dat_w.eq(word), asks.eq(~command.program)]
                    m.next = "SEND"
            with m.State("SEND"):
                with m.If(self.ack):
                    m.d.sync += [bus.eq(0), self.we.eq(0)]
                    m.next = "IDLE"
                    with m.If(asks):
                        m.next = "PAUSE"
                with m.Elif(left == 0):
                    self._give_up(m)
            with m.State("PAUSE"):
                m.d.sync += bus.eq(~0)
                m.next = "ASK"
            with m.State("ASK"):
                with m.If(self.ack & (self.dat_r != NONE)):
                    m.d.sync += [bus.eq(0), self.reading.valid.eq(1), self.reading.payload.eq(self.dat_r)]
                    m.next = "IDLE"
                with m.Elif(left <= 1):  # none may be left in the pause
                    self._give_up(m)
                with m.Elif(self.ack):
                    m.d.sync += bus.eq(0)
                    m.next = "PAUSE"
        return m

    def _give_up(self, m: Module) -> None:
        """End the bus cycle and the command."""
        m.d.sync += [self.cyc.eq(0), self.stb.eq(0), self.we.eq(0), self.fault.eq(1)]
        m.next = "IDLE"
