"""Memories in generated Verilog: one readable module instead of a list of initial values each."""

from pathlib import Path

from amaranth.hdl import ClockSignal, Elaboratable, Instance, Module, Value
from amaranth.lib.memory import Memory

MODULE = "ohmgrad_ram"
WAIVERS = Path(__file__).parent / "waivers.vlt"
"""Lint waivers that the Verilog needs, each with its reason."""

TEXT = """
// One write port, one read port of one clock latency that holds its value; starts at zero.
// A word read while it is written is not defined: FPGAs differ, and synthesis is told that nobody uses it. It comes
// inverted under Verilator, so that a simulation shows who does.
module ohmgrad_ram #(
  parameter WIDTH = 1,
  parameter DEPTH = 2,
  parameter ABITS = 1,
  parameter CLEAR = 1
) (
  input clk,
  input read,
  input [ABITS-1:0] read_address,
  output reg [WIDTH-1:0] read_data,
  input write,
  input [ABITS-1:0] write_address,
  input [WIDTH-1:0] write_data
);
  reg [WIDTH-1:0] memory [0:DEPTH-1];
  generate
    if (CLEAR != 0) begin : clear
      integer i;
      initial for (i = 0; i < DEPTH; i = i + 1) memory[i] = 0;
    end
  endgenerate
  initial read_data = 0;
  always @(posedge clk) begin
    if (write) memory[write_address] <= write_data;
`ifdef VERILATOR
    if (read) read_data <= memory[read_address] ^ {WIDTH{write && write_address == read_address}};
`else
    if (read) read_data <= memory[read_address];
`endif
  end
endmodule
"""

CLEARED = 4096
"""Deeper memories are left as they are: the host fills them."""


class VerilogPlatform:
    """Platform for `amaranth.back.verilog` that turns plain memories into `ohmgrad_ram`.

    Tables, which have no write port or values to begin with, and memories with asynchronous ports or those of two
    clocks stay as Amaranth writes them.

    Attributes
    ----------
    split : int or None
        Deeper memories become one for each bit: as deep a block RAM of the FPGA has a bit a word, and Yosys would
        choose between words of shallower ones by logic.
    """

    split: int | None = None

    def get_memory(self, memory: Memory) -> Elaboratable:
        """Implementation of one memory."""
        reads, writes = memory.read_ports, memory.write_ports
        if len(reads) != 1 or len(writes) != 1 or reads[0].domain != writes[0].domain or any(memory.init):
            return memory.elaborate(None)
        (read,), (write,) = reads, writes
        shown, data = Value.cast(read.data), Value.cast(write.data)

        def part(bits: slice) -> Instance:
            return Instance(
                MODULE,
                p_WIDTH=len(data[bits]), p_DEPTH=memory.depth, p_ABITS=len(read.addr),
                p_CLEAR=int(memory.depth <= CLEARED),
                i_clk=ClockSignal(read.domain), i_read=read.en, i_read_address=read.addr, o_read_data=shown[bits],
                i_write=write.en, i_write_address=write.addr, i_write_data=data[bits],
            )  # fmt: skip

        if not self.split or memory.depth <= self.split:
            return part(slice(None))
        m = Module()
        for bit in range(len(data)):
            m.submodules[f"bit{bit}"] = part(slice(bit, bit + 1))
        return m
