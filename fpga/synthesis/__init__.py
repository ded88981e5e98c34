"""Verilog to netlists and bitstreams, by Yosys and nextpnr."""
