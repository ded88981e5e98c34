"""The buses that a chip can hang on: slaves of AXI4-Lite, Wishbone and APB over one port, and AXI4-Stream."""
