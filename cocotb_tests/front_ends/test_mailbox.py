"""The mailbox sends golden's words to a Wishbone slave that is not ours, and to a model of Neuromorphic X1."""

from collections import deque
from itertools import repeat

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge, gather
from cocotbext.wishbone.monitor import WishboneSlave

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.golden.blocks.front_ends.mailbox import NONE, Mailbox
from ohmgrad.rtl.front_ends.mailbox import MailboxMaster

GRID = {"macro": Mailbox(limit=1000)} | {f"limit{k}": Mailbox(address=0x8000_0F00, limit=k) for k in (300, 301, 302)}
"""Asking again and again takes three clocks, of which any may be the last."""
COMMANDS = 60
SIZE = 32


def make(name: str) -> MailboxMaster:
    """The block of one configuration."""
    return MailboxMaster(GRID[name])


def test_mailbox():
    run(__file__, make, GRID)


def commands(bench: Bench) -> list[dict[str, int]]:
    """Random commands; few cells, so that those that are read have often been programmed."""
    rng = bench.rng
    return [{"program": int(rng.integers(2)), "row": int(rng.choice([0, 17, SIZE - 1])),
             "column": int(rng.choice([0, 9, SIZE - 1])), "level": int(rng.choice([0x00, 0x7F, 0x80, 0xFF]))}
            for _ in range(COMMANDS)]  # fmt: skip


@cocotb.test()
@over(GRID)
async def a_slave_that_is_not_ours_gets_the_words(dut, name):
    bench, mailbox = Bench(dut, name, make(name)), GRID[name]
    signals = {"cyc": "cyc", "stb": "stb", "we": "we", "adr": "adr", "datwr": "dat_w", "datrd": "dat_r", "ack": "ack"}
    command, reading = bench.source("command"), bench.sink("reading")
    answers = [int(word) for word in bench.rng.integers(1 << 31, size=COMMANDS)]
    given = iter([word for answer in answers for word in [NONE] * int(bench.rng.integers(3)) + [answer]])
    waits = iter(lambda: int(bench.rng.integers(8)), None)
    slave = WishboneSlave(dut, f"{name}_", dut.clk, signals_dict=signals, datgen=given, waitreplygen=waits,
                          ackgen=repeat(1))  # fmt: skip
    operations = []
    slave.add_callback(operations.extend)
    await bench.start()
    sent = commands(bench)
    reads = sum(not item["program"] for item in sent)
    bench.stall()
    _, got = await gather(command.send(sent), reading.receive(reads))
    await reading.silent(20)
    check(f"mailbox {name} readings", 0, answers[:reads], got)
    words = [int(op.datwr) for op in operations if op.datwr is not None]
    check(f"mailbox {name} words", 0, [mailbox.word(**item) for item in sent], words)
    assert {int(op.adr) for op in operations} == {mailbox.address} and {int(op.sel) for op in operations} == {15}


class NeuromorphicX1:
    """The macro as its description says: commands and answers in FIFOs, one bit a cell, set by a level above 0x7F.

    Parameters
    ----------
    holds : bool
        Holds the acknowledgement back while there is no answer, as the description says; else gives the word that
        its behavioural model gives.
    """

    WRITE, READ = 200, 44
    """Clocks."""

    def __init__(self, bench: Bench, holds: bool):
        self._bench, self.holds = bench, holds
        self._commands, self._answers, self._cells, self._left = deque(), deque(), {}, None
        self.gone = False
        bench.signal("ack").value = bench.signal("dat_r").value = 0

    async def run(self) -> None:
        names = ("cyc", "stb", "we", "adr", "sel", "dat_w", "ack", "dat_r")
        cyc, stb, we, adr, sel, word, ack, answer = (self._bench.signal(name) for name in names)
        address, edge = GRID[self._bench.name].address, RisingEdge(self._bench.dut.clk)
        acked = False
        while True:
            await edge
            self._work()
            chosen = int(cyc.value) and int(stb.value) and int(adr.value) == address and int(sel.value) == 15
            active = chosen and not acked and not self.gone
            acked = False
            if active and int(we.value) and len(self._commands) < 32:
                self._commands.append(int(word.value))
                acked = True
            elif active and not int(we.value) and (self._answers or not self.holds):
                answer.value = self._answers.popleft() if self._answers else 0xDEADC0DE
                acked = True
            ack.value = int(acked)

    def _work(self) -> None:
        """One clock of the command that is carried out."""
        if self._left is None and self._commands:
            self._left = self.WRITE if self._commands[0] >> 30 == 3 else self.READ
        elif self._left:
            self._left -= 1
        elif self._left == 0:
            word, self._left = self._commands.popleft(), None
            cell = word >> 25 & 31, word >> 20 & 31
            if word >> 30 == 3:
                self._cells[cell] = int(word & 0xFF > 0x7F)
            else:
                self._answers.append(self._cells.get(cell, 0))


@cocotb.test()
@over(GRID)
async def cells_are_programmed_and_read(dut, name):
    bench = Bench(dut, name, make(name))
    command, reading = bench.source("command"), bench.sink("reading")
    command.patience = reading.patience = 20_000
    macro = NeuromorphicX1(bench, holds=name == "macro")
    macro.READ, macro.WRITE = 44, 20 if macro.holds else 5
    await bench.start()
    cocotb.start_soon(macro.run())
    sent, cells, expected = commands(bench), {}, []
    for item in sent:
        cell = item["row"], item["column"]
        if item["program"]:
            cells[cell] = int(item["level"] > 0x7F)
        else:
            expected.append(cells.get(cell, 0))
    sending = cocotb.start_soon(command.send(sent))
    await ClockCycles(dut.clk, 500)  # an answer that is not taken waits
    got = await reading.receive(len(expected))
    await sending
    check(f"mailbox {name} cells", 0, expected, got)


@cocotb.test()
@over(GRID)
async def a_macro_that_does_not_answer_is_a_fault(dut, name):
    bench, limit = Bench(dut, name, make(name)), GRID[name].limit
    command, reading, fault = bench.source("command"), bench.sink("reading"), bench.signal("fault")
    macro = NeuromorphicX1(bench, holds=name == "macro")
    await bench.start()
    cocotb.start_soon(macro.run())
    for program, reads, gone in ((0, 10**6, False), (0, 44, True), (1, 44, True)):
        macro.READ, macro.gone = reads, gone
        await command.send([{"program": program, "row": 1, "column": 2, "level": 255}])
        clocks = 0
        while not int(fault.value):
            await RisingEdge(dut.clk)
            clocks += 1
            assert clocks < limit + 5, f"mailbox {name}: no fault"
        assert limit - 2 <= clocks, f"mailbox {name}: a fault after {clocks} clocks"
        await reading.silent(4)
        assert not int(bench.signal("cyc").value) and not int(bench.signal("stb").value)
