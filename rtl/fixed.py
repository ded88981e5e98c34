"""Saturation and rounding as combinational expressions; see `golden.fixed`."""

from amaranth.hdl import Module, Mux, Signal, Value, signed

from ..golden.fixed import limit


def saturate(value: Value, bits: int) -> Value:
    """`value` clipped to +-(2**(bits-1) - 1)."""
    bound = limit(bits)
    return Mux(value > bound, bound, Mux(value < -bound, -bound, value))


def exceeds(value: Value, bits: int) -> Value:
    """Whether `saturate` would change the value."""
    bound = limit(bits)
    return (value > bound) | (value < -bound)


def round_shift(value: Value, shift: int) -> Value:
    """`value / 2**shift` to the nearest integer, halves away from zero; `value` is signed."""
    if shift == 0:
        return value
    return (value + (1 << (shift - 1)) - value[-1]) >> shift


def round_shift_by(m: Module, value: Value, shift: Value) -> Value:
    """`round_shift` with a shift that is a signal."""
    total = Signal(signed(len(value) + 1))
    half = ((1 << shift) >> 1)[: len(value)]
    m.d.comb += total.eq(value + Mux(shift == 0, 0, half - value[-1]))
    return total >> shift
