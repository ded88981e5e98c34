"""The netlist flow on a design of a hundred cells: pins, cell models, and what a read beside a write gives.

Whole boards take minutes: `python -m ohmgrad.fpga.simulation.netlist`, whose results are kept in docs/results/board.
"""

import json
from pathlib import Path

from amaranth.hdl import Module
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from ohmgrad.fpga.link.uart import Receiver, Transmitter
from ohmgrad.fpga.simulation.netlist import cell_models, netlist
from ohmgrad.fpga.simulation.pins import DIVISOR, Pins
from ohmgrad.fpga.simulation.verilate import netlist_pins
from ohmgrad.rtl.top import verilog

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "board"


class Echo(Component):
    """Answers each byte with what its memory gives for the word that the byte is being written to.

    `running` is high from the 1st byte to the 4th.
    """

    rx: In(1, init=1)
    tx: Out(1)
    running: Out(1)

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = Receiver(DIVISOR)
        m.submodules.transmitter = transmitter = Transmitter(DIVISOR)
        m.submodules.memory = memory = Memory(shape=8, depth=256, init=[])
        write, read = memory.write_port(), memory.read_port()
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
            write.en.eq(receiver.valid),
            write.data.eq(receiver.data),
            read.en.eq(receiver.valid),
            transmitter.data.payload.eq(read.data),
        ]
        m.d.sync += transmitter.data.valid.eq(receiver.valid)
        with m.If(receiver.valid):
            m.d.sync += self.running.eq(1)
        return m


def test_cells_are_simulated_at_their_pins(tmp_path, monkeypatch):
    """A bit that is read while it is written comes out inverted: bytes are answered with the one before, inverted."""
    monkeypatch.chdir(tmp_path)  # Yosys sees only what is below the working folder
    text, cells = netlist(verilog(Echo()), Path("netlist"))
    assert cells["SB_RAM40_4K"] == 1 and cells["SB_LUT4"] > 20 and all(kind.startswith("SB_") for kind in cells)
    again, _ = netlist(verilog(Echo()), Path("netlist"))
    assert again == text
    pins = Pins(netlist_pins(text + cell_models(), Path("build")))
    sent, received = [0x12, 0x00, 0xFF, 0xA5], []
    for byte in sent:
        assert pins.write(bytes([byte])) == 1
        received += pins.read(1)
    assert received == [0xFF, *(0xFF ^ byte for byte in sent[:-1])]
    before = pins.clocks
    pins.run(100)
    assert pins.clocks == before + 100 and pins.in_waiting == 0


def test_the_kept_result_is_whole():
    for path in RESULTS.glob("netlist-*.json"):
        result = json.loads(path.read_text())
        assert result["comparisons"] >= 10 and "theta" in result["memories"] and result["cells"]["SB_LUT4"] > 1000
        if result["name"].startswith("xor"):
            assert result["steps"] >= 10_000 and result["error"][1] < 0.04 < result["error"][0]
