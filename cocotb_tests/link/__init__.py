"""Tests of `ohmgrad.fpga.link`, and of a whole board."""
