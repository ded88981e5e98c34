"""Weights of other tools: read, mapped to a chip's layers, quantised or programmed; and written for other tools.

files       which reader and which writer a file's name asks for
layers      named arrays as one matrix and one vector a layer, or a refusal
network     the same network in floating point
scales      powers of two that bring weights and activations into the chip's range, where they change nothing
words       weights as words of theta, and back
install     the state that a run starts from, and the report of what was lost and how many pulses it took
"""
