// Clock and reset of the SoC, and what it says, until it says that this was all.
`timescale 1ns / 1ps
module bench;
  reg clock = 0;
  reg reset = 1;
  reg [31:0] clocks = 0;
  wire [7:0] said;
  wire says;

  soc dut (.sys_clk(clock), .sys_rst(reset), .said(said), .says(says));

  always #5 clock = !clock;

  always @(posedge clock) begin
    clocks <= clocks + 1;
    reset <= clocks < 10;
    if (says) begin
      if (said == 4) begin
        $display("clocks %x", clocks);
        $finish;
      end else $write("%c", said);
    end
    if (&clocks[27:0]) $fatal(1, "the SoC does not come to an end");
  end
endmodule
