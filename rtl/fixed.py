"""Saturation and rounding as combinational expressions; see `golden.fixed`."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed

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


def add(a: Value, b: Value, carry: Value) -> Value:
    """`a + b + carry` of signed numbers in one chain of carries."""
    return (Cat(1, a).as_signed() + Cat(carry, b).as_signed())[1:].as_signed()


def approach(value: Value, goal: Value, shift: int) -> Value:
    """`value + round_shift(goal - value, shift)` of signed numbers, shift > 0, in two chains of carries."""
    difference = goal - value
    # Half an LSB, less what makes halves go away from zero, stands below the value.
    half = Cat(difference[-1].replicate(shift - 1), ~difference[-1])
    return (Cat(half, value).as_signed() + difference) >> shift
