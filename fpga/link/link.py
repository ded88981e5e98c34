"""The board's side of the link: frames of a host become requests to the chip; see `golden.link.link`.

Bits of a frame go one by one through the CRC and into a register of its header; all bytes wait in a block RAM until
the frame has ended well. A request is then counted through without doing anything, which tells whether its length
and its last address are right, and counted through again to do it. Bytes of a reply are made of bits as well.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from ...golden.chip.memory_map import ADDRESS_BITS, DATA_BITS, STOP, Region
from ...golden.link.frames import CRC, END, ESC, ESC_END, ESC_ESC, MOST_REQUEST, WIDTHS, Kind
from ...golden.link.frames import HEADER as HEADER_BYTES
from ...rtl.lib.signals import read_port, signals, write_port
from .crc import Crc
from .link_answers import do, reply
from .link_registers import LinkRegisters
from .link_requests import HEADER, Requests
from .uart import BYTE

DEPTH = 1 << (MOST_REQUEST - 1).bit_length()


class Link(Component):
    """Answers frames by requests to a chip's host port, one at a time.

    Parameters
    ----------
    sizes : dict of Region to int
        Entries of the regions, see `golden.link.frames.sizes`.
    identity : int
        Of the chip description, 64 bits.
    clock_hz : int

    Members
    -------
    valid, data : a byte was received; the next one must be twelve clocks later, or more.
    broken : one was received whose stop bit is wrong.
    send : stream out, bytes. What is received while a request is done and answered counts as a spoiled frame.
    host_valid, host_ready, host_write, host_address, host_data, reply_valid, reply_data, busy : those of
        `rtl.top.Top`, from the other side; `reply_data` stays until the next reply.
    fired : the watchdog has stopped the engine since its register was written.
    """

    def __init__(self, sizes: dict[Region, int], identity: int, clock_hz: int):
        self.requests = Requests(sizes)
        self.registers = LinkRegisters(identity, clock_hz)
        super().__init__(
            {
                "valid": In(1),
                "data": In(BYTE),
                "broken": In(1),
                "send": Out(stream.Signature(BYTE)),
                "host_valid": Out(1),
                "host_ready": In(1),
                "host_write": Out(1),
                "host_address": Out(ADDRESS_BITS),
                "host_data": Out(DATA_BITS),
                "reply_valid": In(1),
                "reply_data": In(DATA_BITS),
                "busy": In(1),
                "fired": Out(1),
            }
        )
        # A byte, received or to be sent, and the number and value of its bit that is on its way.
        self.byte = Signal(BYTE, name="byte")
        self.number = Signal(range(BYTE), name="number")
        self.serial = Signal(name="serial")
        # The frame that is being received: its header, its bytes so far, and what is wrong with it.
        self.header, self.length = Signal(HEADER, name="header"), Signal(range(DEPTH), name="length")
        self.spoiled, self.escaped = signals("spoiled escaped")
        # Where the request's data are read, number of an entry, and of a byte of it (or of the reply's CRC).
        self.pointer = Signal(range(DEPTH), name="pointer")
        self.entry = Signal(BYTE, name="entry")
        self.part = Signal(range(max(WIDTHS)), name="part")

    def elaborate(self, platform):
        m = Module()
        m.submodules.crc = self.crc = Crc()
        m.submodules.requests, m.submodules.registers = self.requests, self.registers
        m.submodules.buffer = memory = Memory(shape=BYTE, depth=DEPTH, init=[])
        self.stored, self.store = read_port(memory), write_port(memory)
        width = self.header.op[2:4]
        self.last_part, self.last_entry = signals("last_part last_entry")
        self.is_write = Signal(name="is_write")
        m.d.comb += [
            self.last_part.eq(self.part == Cat(width.any(), width[1])),
            self.last_entry.eq(self.entry == self.header.most),
            self.is_write.eq(self.header.op[:2] == Kind.WRITE),
            self.crc.bit.eq(self.serial),
            self.stored.addr.eq(self.pointer),
            self.store.addr.eq(self.length),
            self.store.data.eq(self.byte),
            self.requests.header.eq(self.header),
            self.requests.entry.eq(self.entry),
            self.requests.exact.eq(self.pointer == self.length),
            self.requests.busy.eq(self.busy),
            self.host_address.eq(self.requests.address),
            self.registers.entry.eq(self.requests.address),
            self.registers.bit_index.eq(Cat(self.number, self.part)),
            self.registers.limit.eq(self.host_data),
            self.fired.eq(self.registers.fired),
        ]
        idle = Signal(name="idle")
        with m.If(self.broken | (self.valid & ~idle)):
            m.d.sync += self.spoiled.eq(1)
        with m.FSM():
            self._receive(m, idle)
            do(m, self)
            reply(m, self)
        return m

    def shift(self, m: Module) -> None:
        """Shift a bit into `byte` and the CRC."""
        m.d.comb += self.crc.shift.eq(1)
        m.d.sync += [self.byte.eq(Cat(self.byte[1:], self.serial)), self.number.eq(self.number + 1)]

    def _receive(self, m: Module, idle: Signal) -> None:
        """A frame, up to its end."""
        byte, registers, length, spoiled, escaped = self.byte, self.registers, self.length, self.spoiled, self.escaped
        enough = Signal(name="enough")
        with m.State("IDLE"):
            m.d.comb += idle.eq(1)
            m.d.sync += [byte.eq(self.data), enough.eq(length >= HEADER_BYTES + CRC)]
            with m.If(self.valid):
                m.next = "BYTE"
            with m.Elif(registers.fire):
                # The stop takes the registers of a frame that may be on its way.
                m.d.sync += [self.header.eq(0), self.entry.eq(0), self.host_data.eq(STOP)]
                m.d.sync += spoiled.eq(spoiled | length.any())
                m.next = "HALT"
        with m.State("BYTE"):
            m.d.sync += escaped.eq(0)
            m.next = "IDLE"
            with m.If(byte == END):
                with m.If(self.crc.good & enough & ~spoiled & ~escaped):
                    m.d.comb += registers.good.eq(1)
                    # The CRC is behind the data, hence so much is counted beside them.
                    m.d.sync += [self.pointer.eq(HEADER_BYTES + CRC), self.entry.eq(0)]
                    m.next = "COUNT"
                with m.Else():
                    m.d.comb += [registers.drop.eq(length.any() | spoiled | escaped), self.crc.start.eq(1)]
                    m.d.sync += [length.eq(0), spoiled.eq(0)]
            with m.Elif(escaped):
                with m.If((byte == ESC_END) | (byte == ESC_ESC)):
                    m.d.sync += byte.eq(Mux(byte == ESC_END, END, ESC))
                    m.next = "TAKE"
                with m.Else():
                    m.d.sync += spoiled.eq(1)
            with m.Elif(byte == ESC):
                m.d.sync += escaped.eq(1)
            with m.Else():
                m.next = "TAKE"
        with m.State("TAKE"):
            m.d.comb += self.serial.eq(byte[0])
            self.shift(m)
            with m.If(length < HEADER_BYTES):
                header = self.header.as_value()
                m.d.sync += header.eq(Cat(header[1:], self.serial))
            with m.If(self.number == BYTE - 1):
                m.next = "STORE"
        with m.State("STORE"):
            m.d.comb += self.store.en.eq(1)
            with m.If(length == MOST_REQUEST):
                m.d.sync += spoiled.eq(1)
            with m.Else():
                m.d.sync += length.eq(length + 1)
            m.next = "IDLE"
        with m.State("DONE"):
            m.d.comb += self.crc.start.eq(1)
            m.d.sync += length.eq(0)
            m.next = "IDLE"
        with m.State("HALT"):  # the address follows the entry by a clock
            m.next = "STOP"
        with m.State("STOP"):
            m.d.comb += [self.host_valid.eq(1), self.host_write.eq(1), registers.stopped.eq(self.host_ready)]
            with m.If(self.host_ready):
                m.next = "IDLE"
