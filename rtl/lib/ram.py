"""Memories and tables in generated Verilog: modules that may be replaced, instead of a list of initial values each."""

from pathlib import Path
from string import Template

from amaranth.hdl import ClockSignal, Elaboratable, Instance, Module, Signal, Value
from amaranth.lib.memory import Memory

from .style import CASE, FPGA, Style

WAIVERS = Path(__file__).parent / "waivers.vlt"
"""Lint waivers that the Verilog needs, each with its reason."""

RAM, REGISTER_FILE = "ohmgrad_ram", "ohmgrad_register_file"

_TEXT = Template("""
// One write port, one read port of one clock latency that holds its value. ${start}
// A word read while it is written is not defined: FPGAs differ, and synthesis is told that nobody uses it. It comes
// inverted under Verilator, so that a simulation shows who does.
module ohmgrad_ram #(
  parameter WIDTH = 1,
  parameter DEPTH = 2,
  parameter ABITS = 1${clear}
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
${initial}  always @(posedge clk) begin
    if (write) memory[write_address] <= write_data;
`ifdef VERILATOR
    if (read) read_data <= memory[read_address] ^ {WIDTH{write && write_address == read_address}};
`else
    if (read) read_data <= memory[read_address];
`endif
  end
endmodule
""")
TEXT = _TEXT.substitute(
    start="Starts at zero, which nothing needs.",
    clear=",\n  parameter CLEAR = 1",
    initial="""\
  generate
    if (CLEAR != 0) begin : clear
      integer i;
      initial for (i = 0; i < DEPTH; i = i + 1) memory[i] = 0;
    end
  endgenerate
  initial read_data = 0;
""",
)
"""The module of `FPGA`."""
CLEARED = 4096
"""Deeper memories are left as they are: the host fills them."""

MACROS = (
    """\
// The chip's memories. Put your macros in place of the bodies of these modules: choose by WIDTH and DEPTH in a
// generate block; chip.json lists under "rams" the sizes that there are. What a memory has to do:
//
// - one clock, rising edge; one port that reads and one that writes, both in the same clock, at any two addresses;
// - read: the word at read_address is on read_data from the next rising edge on, and stays there while read is low;
// - write: write_data is at write_address from the next rising edge on; words are written whole;
// - a word that is read while it is written may come out as anything: nobody uses it;
// - contents after power-up may be anything: the engine clears what it needs while busy is high after reset, and no
//   run reads a word of the others before it has been written;
// - addresses from DEPTH on are neither read for use nor written.
//
// A macro with one port for both will not do, nor one that holds no value: give it a register behind its output,
// loaded in the clock after read.
"""
    + _TEXT.substitute(start="Contents are undefined until written.", clear="", initial="")
    + """
// One write port, one read port within the clock: a small register file, or latches.
module ohmgrad_register_file #(
  parameter WIDTH = 1,
  parameter DEPTH = 2,
  parameter ABITS = 1
) (
  input clk,
  input [ABITS-1:0] read_address,
  output [WIDTH-1:0] read_data,
  input write,
  input [ABITS-1:0] write_address,
  input [WIDTH-1:0] write_data
);
  reg [WIDTH-1:0] memory [0:DEPTH-1];
  assign read_data = memory[read_address];
  always @(posedge clk) if (write) memory[write_address] <= write_data;
endmodule
"""
)
"""The modules of `MACRO`, a file of their own."""


class VerilogPlatform:
    """Platform for `amaranth.back.verilog` that turns plain memories into `ohmgrad_ram`.

    Memories with asynchronous ports stay as Amaranth writes them for FPGAs, else they become `ohmgrad_register_file`;
    those with ports of two clocks stay so everywhere.

    Parameters
    ----------
    style : Style

    Attributes
    ----------
    split : int or None
        Deeper memories become one for each bit: as deep a block RAM of the FPGA has a bit a word, and Yosys would
        choose between words of shallower ones by logic.
    """

    split: int | None = None

    def __init__(self, style: Style = Style()):  # noqa: B008
        super().__init__()
        self.style = style

    def get_memory(self, memory: Memory) -> Elaboratable:
        """Implementation of one memory."""
        reads, writes, style = memory.read_ports, memory.write_ports, self.style
        if not writes:
            return case_table(memory) if style.tables == CASE else memory.elaborate(None)
        at_once = any(port.domain == "comb" for port in reads)
        two_clocks = not at_once and reads[0].domain != writes[0].domain
        if two_clocks or (at_once and style.memories == FPGA):
            return memory.elaborate(None)
        assert len(reads) == len(writes) == 1 and not any(memory.init), "one port each, and no contents to begin with"
        (read,), (write,) = reads, writes
        shown, data = Value.cast(read.data), Value.cast(write.data)
        module = REGISTER_FILE if at_once else RAM
        options = {} if at_once else {"i_read": read.en}
        if style.memories == FPGA:
            options["p_CLEAR"] = int(memory.depth <= CLEARED)

        def part(bits: slice) -> Instance:
            return Instance(
                module,
                p_WIDTH=len(data[bits]), p_DEPTH=memory.depth, p_ABITS=len(read.addr),
                i_clk=ClockSignal(write.domain), i_read_address=read.addr, o_read_data=shown[bits],
                i_write=write.en, i_write_address=write.addr, i_write_data=data[bits], **options,
            )  # fmt: skip

        if not self.split or memory.depth <= self.split:
            return part(slice(None))
        m = Module()
        for bit in range(len(data)):
            m.submodules[f"bit{bit}"] = part(slice(bit, bit + 1))
        return m


def case_table(memory: Memory) -> Elaboratable:
    """A table as a case statement and a register behind it, for each of its ports."""
    m, places = Module(), dict[int, list[int]]()
    for place, word in enumerate(memory.init):
        places.setdefault(word, []).append(place)
    *others, commonest = sorted(places, key=lambda word: len(places[word]))
    for number, port in enumerate(memory.read_ports):
        word = Signal(memory.shape, name=f"word_{number}", reset_less=True)
        m.d.comb += port.data.eq(word)
        with m.If(port.en), m.Switch(port.addr):
            for value in others:
                with m.Case(*places[value]):
                    m.d[port.domain] += word.eq(value)
            with m.Default():
                m.d[port.domain] += word.eq(commonest)
    return m
