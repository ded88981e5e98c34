"""States of the link in which a request is done and answered; see `fpga.link.link`."""

from typing import TYPE_CHECKING

from amaranth.hdl import Cat, Module, Mux, Signal

from ...golden.link.frames import CRC, END, ESC, ESC_END, ESC_ESC, WIDTHS
from ...golden.link.frames import HEADER as HEADER_BYTES
from ...rtl.lib.signals import signals
from .uart import BYTE

if TYPE_CHECKING:
    from .link import Link

SEQ, OP, DATA, CHECK = range(4)
"""Parts of a reply."""


def do(m: Module, link: "Link") -> None:
    """Count a request through, judge it, and do it if it writes."""
    requests, registers = link.requests, link.registers
    value = Signal(BYTE, name="value")
    m.d.sync += value.eq(link.stored.data)
    with m.State("COUNT"):
        m.d.sync += link.pointer.eq(link.pointer + link.is_write)
        _next_part(m, link)
        with m.If(link.last_part & link.last_entry):
            m.next = "SETTLE"
    with m.State("SETTLE"):  # the address follows the entry by a clock, and what is said of it by another
        m.next = "LAST"
    with m.State("LAST"):
        m.next = "JUDGE"
    with m.State("JUDGE"):
        m.d.comb += requests.judge.eq(1)
        m.d.sync += [link.pointer.eq(HEADER_BYTES), link.entry.eq(0)]
        m.next = "BEGIN"
    with m.State("BEGIN"):
        m.next = "OPEN"
        with m.If(requests.run & link.is_write):
            m.next = "FETCH"
    with m.State("FETCH"):
        m.d.comb += link.stored.en.eq(1)
        m.next = "HOLD"
    with m.State("HOLD"):  # a block RAM is slow
        m.next = "GATHER"
    with m.State("GATHER"):
        for k in range(max(WIDTHS)):  # bytes above hold the sign
            filled = Mux(link.part == k, value, value[-1].replicate(BYTE))
            with m.If(Cat(link.part == j for j in range(k + 1)).any()):
                m.d.sync += link.host_data.word_select(k, BYTE).eq(filled)
        m.d.sync += [link.pointer.eq(link.pointer + 1), link.part.eq(link.part + 1)]
        m.next = "FETCH"
        with m.If(link.last_part):
            m.d.sync += link.part.eq(0)
            m.next = "WRITE"
    with m.State("WRITE"):
        m.d.comb += [link.host_valid.eq(~requests.is_link), registers.write.eq(requests.is_link)]
        m.d.comb += link.host_write.eq(1)
        with m.If(link.host_ready | requests.is_link):
            m.d.sync += link.entry.eq(link.entry + 1)
            m.next = "FETCH"
            with m.If(link.last_entry):
                m.next = "OPEN"


def reply(m: Module, link: "Link") -> None:
    """A reply: its seq, its op, its data and its CRC, between two END."""
    byte, send, requests = link.byte, link.send, link.requests
    turn = Signal(2, name="turn")
    special, next_bit, value = signals("special next_bit value")
    m.d.comb += special.eq((byte == END) | (byte == ESC))
    with m.State("OPEN"):
        m.d.comb += [send.valid.eq(1), send.payload.eq(END), link.crc.start.eq(1)]
        m.d.sync += [turn.eq(SEQ), link.entry.eq(0)]
        with m.If(send.ready):
            m.next = "PICK"
    with m.State("PICK"):  # a bit a clock would be more than the line takes
        read = (link.reply_data >> link.registers.bit_index)[0]
        m.d.sync += value.eq(Mux(requests.is_link, link.registers.bit, read))
        m.next = "TURN"
    with m.State("TURN"):
        op = Cat(link.header.op[:4], requests.status, 0)
        with m.Switch(turn):
            with m.Case(SEQ):
                m.d.sync += next_bit.eq(link.header.seq.bit_select(link.number, 1))
            with m.Case(OP):
                m.d.sync += next_bit.eq(op.bit_select(link.number, 1))
            with m.Case(DATA):
                m.d.sync += next_bit.eq(value)
            with m.Case(CHECK):
                m.d.sync += next_bit.eq(link.crc.out)
        m.next = "MAKE"
    with m.State("MAKE"):
        m.d.comb += [link.serial.eq(next_bit), link.crc.close.eq(turn == CHECK)]
        link.shift(m)
        m.next = "PICK"
        with m.If(link.number == BYTE - 1):
            m.next = "SEND"
    with m.State("SEND"):
        m.d.comb += [send.valid.eq(1), send.payload.eq(Mux(special, ESC, byte))]
        with m.If(send.ready):
            m.next = "NEXT"
            with m.If(special):
                m.next = "PAIR"
    with m.State("PAIR"):
        m.d.comb += [send.valid.eq(1), send.payload.eq(Mux(byte == END, ESC_END, ESC_ESC))]
        with m.If(send.ready):
            m.next = "NEXT"
    with m.State("NEXT"):
        m.next = "PICK"
        with m.Switch(turn):
            with m.Case(SEQ):
                m.d.sync += turn.eq(OP)
            with m.Case(OP):
                m.d.sync += turn.eq(CHECK)
                with m.If(requests.run & ~link.is_write):
                    m.d.sync += turn.eq(DATA)
                    m.next = "PLACE"
            with m.Case(DATA):
                _next_part(m, link)
                with m.If(link.last_part & link.last_entry):
                    m.d.sync += turn.eq(CHECK)
                with m.Elif(link.last_part):
                    m.next = "PLACE"
            with m.Case(CHECK):
                m.d.sync += link.part.eq(link.part + 1)
                with m.If(link.part == CRC - 1):
                    m.next = "CLOSE"
    with m.State("PLACE"):  # the address follows the entry by a clock
        m.next = "ASK"
    with m.State("ASK"):
        m.d.comb += link.host_valid.eq(~requests.is_link)
        with m.If(requests.is_link):
            m.next = "PICK"
        with m.Elif(link.host_ready):
            m.next = "WAIT"
    with m.State("WAIT"):
        with m.If(link.reply_valid):
            m.next = "PICK"
    with m.State("CLOSE"):
        m.d.comb += [send.valid.eq(1), send.payload.eq(END)]
        with m.If(send.ready):
            m.next = "DONE"


def _next_part(m: Module, link: "Link") -> None:
    """Count bytes of an entry, and the entries, but not beyond the last."""
    m.d.sync += link.part.eq(link.part + 1)
    with m.If(link.last_part):
        m.d.sync += link.part.eq(0)
        with m.If(~link.last_entry):
            m.d.sync += link.entry.eq(link.entry + 1)
