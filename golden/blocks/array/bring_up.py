"""Bring-up of an array outside: costs made of the words that would have gone to it, and a pattern for its wires.

    acc_0 = 0,  acc_(k+1) = rotl(acc_k, 1) xor fold(word_k)         fold: 32-bit parts of a word, xor-ed
    S_0 = acc mod 2**bits,  S_1 = rotl(acc, 16) mod 2**bits         bits: `cost.word_bits`; signed ones wrap

In loopback the words are those of s; or with one rail the codes of the DACs, of which each presentation has an S_0 of
its own. A bit that is lost on the way, or a word too many, gives another cost at once.
"""

from collections.abc import Sequence

BITS = 32
NORMAL, LOOPBACK, PATTERN = range(3)
"""Values of `golden.chip.memory_map.Register.BRING_UP`."""


def rotated(word: int, places: int) -> int:
    """A 32-bit word, rotated to the left."""
    return (word << places | word >> (BITS - places)) & (2**BITS - 1)


def folded(lanes: Sequence[int], bits: int) -> int:
    """A word of lanes of so many bits, lane 0 lowest, as 32 bits."""
    word = sum((int(lane) & (2**bits - 1)) << (bits * k) for k, lane in enumerate(lanes))
    found = 0
    while word:
        found, word = found ^ (word & (2**BITS - 1)), word >> BITS
    return found


def accumulated(words: Sequence[Sequence[int]], bits: int) -> int:
    """acc of the words of lanes of a sweep, or of a presentation."""
    acc = 0
    for lanes in words:
        acc = rotated(acc, 1) ^ folded(lanes, bits)
    return acc


def answers(acc: int, bits: int, signed: bool) -> tuple[int, int]:
    """S of both rails."""
    words = (acc & (2**bits - 1), rotated(acc, 16) & (2**bits - 1))
    return tuple(word - (word >> bits - 1 << bits) * signed for word in words)  # pyright: ignore


def walking(number: int, bits: int) -> int:
    """Code of all cells in the pattern so numbered: one bit of a signed word after the other."""
    bit = number % bits
    return -(1 << bit) if bit == bits - 1 else 1 << bit
