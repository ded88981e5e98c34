"""The array that is emulated: products, devices, pulses of cells, readings of lines."""
