// Runs a chip as its host would, without initial values: everything that golden did not put there is X, or what
// +fill says. Commands are 64-bit words: kind, address, data; see four_state.py. They run +rounds times, each after
// a reset, in which with +still the clock stands.
`timescale 1ns/1ns
module bench;
  reg clk = 0, rst = 0, still = 0, valid = 0, watch = 0;
  reg [63:0] commands [0:65535];
  reg [63:0] c;
  reg [1023:0] file;
  integer n, count, round, rounds, waited, wrong = 0, unknown = 0, clocks = 0;
  wire ready, reply, busy, learning;
  wire [31:0] value;
  wire [3:0] flags;

  chip dut(.clk(clk), .rst(rst), .host_valid(valid), .host_write(c[60]), .host_address(c[63:32] & 32'h0fffffff),
    .host_data(c[31:0]), .host_ready(ready), .reply_valid(reply), .reply_data(value), .busy(busy),
    .learning(learning), .flags(flags));

  always #5 if (!still) clk = ~clk;
  always @(negedge clk) begin
    clocks = clocks + 1;
    if (watch && ^{ready, reply, value, busy, learning, flags} === 1'bx) begin
      if (unknown == 0) $display("X at clock %0d, command %0d: ready %b reply %b %h busy %b learning %b flags %b",
        clocks, n, ready, reply, value, busy, learning, flags);
      unknown = unknown + 1;
    end
  end

  task until_idle;
    begin
      waited = 0;
      @(negedge clk); @(negedge clk);
      while (busy !== 0 && waited < 1000000) begin @(negedge clk); waited = waited + 1; end
      if (busy !== 0) begin $display("busy for ever at command %0d", n); $finish; end
    end
  endtask

  task request;
    begin
      valid = 1; waited = 0;
      @(negedge clk);
      while (ready !== 1 && waited < 1000) begin @(negedge clk); waited = waited + 1; end
      if (ready !== 1) begin $display("no ready at command %0d", n); $finish; end
      @(posedge clk); #1 valid = 0;
      if (!c[60]) begin
        waited = 0;
        @(negedge clk);
        while (reply !== 1 && waited < 1000) begin @(negedge clk); waited = waited + 1; end
        if (value !== c[31:0]) begin
          if (wrong < 4) $display("address %h: got %h, golden %h", c[59:32], value, c[31:0]);
          wrong = wrong + 1;
        end
      end
      @(posedge clk); #1;
    end
  endtask

  initial begin
    if (!$value$plusargs("commands=%s", file)) $finish;
    if (!$value$plusargs("count=%d", count)) $finish;
    $readmemh(file, commands, 0, count - 1);
    if (!$value$plusargs("rounds=%d", rounds)) rounds = 1;
    for (round = 0; round < rounds; round = round + 1) begin
      c = 0;
      watch = 0;
      still = $test$plusargs("still");
      #3 rst = 1;
      if (still) #41; else repeat (4) @(posedge clk);
      #1 rst = 0;
      still = 0;
      watch = 1;
      until_idle;
      @(posedge clk); #1;
      for (n = 0; n < count; n = n + 1) begin
        c = commands[n];
        if (c[61]) until_idle; else request;
      end
    end
    $display("%0d commands, %0d wrong, %0d clocks with X of %0d", count, wrong, unknown, clocks);
    $finish;
  end
endmodule
