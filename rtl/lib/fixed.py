"""Saturation and rounding as combinational expressions; see `golden.blocks.lib.fixed`."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed


def saturate(value: Value, bits: int) -> Value:
    """`value` clipped to +-(2**(bits-1) - 1); `value` is signed.

    No comparison is made: the bits above the clipped ones tell, and that -2**(bits-1) becomes odd.
    """
    if len(value) < bits:
        return value
    sign = value[-1]
    within = Cat(value[0] | _lowest(value, bits), value[1 : bits - 1], sign)
    return Mux(_same(value, bits), within, Cat(1, (~sign).replicate(bits - 2), sign)).as_signed()


def exceeds(value: Value, bits: int) -> Value:
    """Whether `saturate` would change the value."""
    if len(value) < bits:
        return Const(0)
    return ~_same(value, bits) | _lowest(value, bits)


def _same(value: Value, bits: int) -> Value:
    """Whether the value lies in -2**(bits-1) ... 2**(bits-1) - 1."""
    upper = value[bits - 1 :]
    return upper.all() | ~upper.any()


def _lowest(value: Value, bits: int) -> Value:
    """Whether a value in that range is its lower end, to which there is no opposite."""
    return value[-1] & ~value[: bits - 1].any()


def round_shift(value: Value, shift: int) -> Value:
    """`value / 2**shift` to the nearest integer, halves away from zero; `value` is signed."""
    if shift == 0:
        return value
    value = Cat(value, value[-1].replicate(max(0, shift + 1 - len(value)))).as_signed()
    up = value[shift - 1] & (~value[-1] | value[: shift - 1].any())
    return (value >> shift) + up


def round_shift_by(m: Module, value: Value, shift: Value) -> Value:
    """`round_shift` with a shift that is a signal."""
    total = Signal(signed(len(value) + 1), name="total")
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
