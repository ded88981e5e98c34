"""The emulated array: products, devices, pulses of cells, readings of lines."""
