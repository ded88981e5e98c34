"""From a bus to the registers and memories of a chip: looks addresses up, and answers what cannot be by an error."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import Component, In, Out

from ...golden.chip.chip import Chip
from ...golden.chip.memory_map import STOP, Register, address
from ...golden.link.bus_map import MEMORIES, OWN, WORD, Access, bus_map
from ..control.host_registers import host_members
from ..lib.signals import signals
from ..lib.streams import transfer
from .bus_registers import BusRegisters
from .port import REQUEST, BusPort

CLOCKS = 8
"""From a request taken to its answer, at most: that of a read."""


class BusBridge(Component):
    """Answers requests of a bus by those of a host.

    An error is the answer to addresses where nothing is, to what may not be read or written, to values that a register
    or a memory does not take, to anything but whole words, and to what has to wait: memories, settings and commands
    while the engine is busy. Nothing has changed then. An answer comes `CLOCKS` after its request, or sooner.

    Parameters
    ----------
    chip : golden.chip.chip.Chip

    Members
    -------
    bus : see `rtl.bus.port.BusPort`; addresses are those of `golden.link.bus_map`.
    host_valid, ..., refused : towards `rtl.control.host_registers.HostRegisters` that refuses.
    lost : high for one clock where a word of telemetry was lost.
    irq : see `BusRegister.ENABLE`.
    """

    def __init__(self, chip: Chip):
        self.chip, self.map = chip, bus_map(chip)
        host = {name: member.flip() for name, member in host_members(refuses=True).items()}
        super().__init__({"bus": In(BusPort()), **host, "lost": In(1), "irq": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.own = own = BusRegisters(self.chip)
        request, answer = Signal(REQUEST, name="request"), self.bus.answer.payload
        low, span = Signal(32, name="low"), Signal(32, name="span")
        found, fits = signals("found fits")
        is_own, commands = signals("is_own commands")
        m.d.comb += [
            fits.eq(((request.data - low)[:32] <= span) & (~commands | self._command(request.data))),
            self.host_write.eq(request.write),
            self.host_data.eq(request.data),
            *(getattr(own, name).eq(getattr(self, name)) for name in ("busy", "learning", "flags", "lost")),
            own.number.eq(request.address[2:]),
            own.data.eq(request.data),
            self.irq.eq(own.irq),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.bus.request.ready.eq(1)
                with m.If(transfer(self.bus.request)):
                    m.d.sync += request.eq(self.bus.request.payload)
                    m.next = "LOOK_UP"
            with m.State("LOOK_UP"):
                m.d.sync += [found.eq(0), is_own.eq(0), commands.eq(0), low.eq(0), span.eq(0)]
                self._look_up(m, request, found, is_own, commands, (low, span))
                m.next = "CHECK"
            with m.State("CHECK"):
                m.d.sync += [answer.error.eq(1), answer.data.eq(0)]
                m.next = "ANSWER"
                with m.If(found & (~request.write | fits)):
                    with m.If(is_own):
                        m.d.comb += own.write.eq(request.write)
                        m.d.sync += [answer.error.eq(0), answer.data.eq(Mux(request.write, 0, own.value))]
                    with m.Elif(self.host_ready):  # not so while memories are cleared
                        m.d.comb += self.host_valid.eq(1)
                        m.next = "ACT"
            with m.State("ACT"):
                m.d.sync += answer.error.eq(self.refused)
                begins = request.write & commands & (request.data != STOP)
                m.d.comb += own.begins.eq(begins & ~self.refused)
                m.next = "ANSWER"
                with m.If(~self.refused & ~request.write):
                    m.next = "WAIT"
            with m.State("WAIT"):
                m.d.sync += answer.data.eq(self.reply_data)
                with m.If(self.reply_valid):
                    m.next = "ANSWER"
            with m.State("ANSWER"):
                m.d.comb += self.bus.answer.valid.eq(1)
                with m.If(transfer(self.bus.answer)):
                    m.next = "IDLE"
        return m

    def _command(self, word) -> Value:
        """Whether a word is one of the commands."""
        commands = self.map.commands
        return Cat(word == 1 << bit for bit in range(commands.bit_length()) if commands >> bit & 1).any()

    def _look_up(self, m: Module, request, found: Signal, is_own: Signal, commands: Signal, range_) -> None:
        """What stands at the address, and which values it takes: from the first on, so many more."""
        low, span = range_
        place, whole = request.address, (request.strobe == 15) & (request.address[:2] == 0)

        def entry(access: Access, first: int, last: int) -> None:
            allowed = {Access.READ: ~request.write, Access.WRITE: request.write}.get(access, Const(1))
            m.d.sync += [found.eq(whole & allowed), low.eq(first & 0xFFFFFFFF), span.eq(last - first)]

        with m.If(place[(MEMORIES - 1).bit_length() :] == 0):
            m.d.sync += [self.host_address.eq(place[2:9]), is_own.eq(place >= OWN)]
            m.d.sync += commands.eq(place[2:] == Register.CONTROL)
            with m.Switch(place[2 : (MEMORIES - 1).bit_length()]):
                for register in self.map.registers:
                    with m.Case(register.address // WORD):
                        entry(register.access, register.low, register.high)
        for item in self.map.ranges:
            bits = (item.size - 1).bit_length()
            index, region = place[2:bits], item.memory.region
            assert region is not None
            here = (place[bits:] == item.base >> bits) & (index < item.memory.words)
            with m.If(here):
                m.d.sync += self.host_address.eq(address(region, 0) | index)
                entry(item.access, *item.values())
            for number in range(len(item.memory.bounds)):
                with m.If(here & (index == number)):
                    entry(item.access, *item.values(number))
