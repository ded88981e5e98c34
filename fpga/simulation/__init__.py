"""Verilog to programs and libraries by Verilator: the chip, a virtual board, a netlist; and circuits by ngspice."""
