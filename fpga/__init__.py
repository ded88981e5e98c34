"""The chip on an FPGA: boards, top level, host link."""
