"""Frames of the link byte by byte, what a board answers to them, and the sizes of a chip's regions."""

import random
import re
from pathlib import Path

import pytest

from ohmgrad.golden.chip.memory_map import LinkRegister, Region, Register, address
from ohmgrad.golden.link.frames import (
    DROPPED_MOST,
    END,
    FIRED,
    MOST_REPLY,
    MOST_REQUEST,
    Kind,
    Reply,
    Request,
    Status,
    Unstuffer,
    decode,
    encode,
    identity,
    opened,
    sealed,
    sizes,
    stuff,
)
from ohmgrad.golden.link.link import Device

from .chips import FILTERED, LOOP, engine_members, small

IDENTITY, CLOCK_HZ = 0x0123_4567_89AB_CDEF, 24_000_000
HELLO = (Kind.HELLO, 4, address(Region.LINK, 0), 6)
THETA = address(Region.THETA, 0)


class Board:
    """A device, and requests to it with the next seq."""

    def __init__(self, hello: bool = True):
        self.theta, self.samples = [0] * 10, [0] * 300
        self.registers = list(range(len(Register)))
        contents = {Region.REGISTERS: self.registers, Region.THETA: self.theta, Region.SAMPLES: self.samples}
        self.device = Device(contents, IDENTITY, CLOCK_HZ)
        self.seq, self._frames = 99, Unstuffer(MOST_REPLY)
        if hello:
            assert self.ask(*HELLO).status == Status.OK

    def wire(self, data: bytes) -> list[Reply | None]:
        """Replies to bytes."""
        return [decode(frame) for frame in self._frames.feed(self.device.feed(data))]

    def ask(self, kind: int, width: int, place: int, entries: int, data: bytes = b"", seq: int | None = None) -> Reply:
        """The reply to a request; without a seq it has the next one."""
        self.seq = (self.seq + 1) % 256 if seq is None else seq
        (reply,) = self.wire(encode(Request(self.seq, kind, width, place, entries, data)))
        assert reply is not None and reply.seq == self.seq
        return reply

    @property
    def dropped(self) -> int:
        return self.device.link[LinkRegister.DROPPED]


def division(data: bytes) -> int:
    """CRC-32 by polynomial division of the bits, as IEEE 802.3 has it: first 32 bits and the remainder inverted."""
    bits = [byte >> k & 1 for byte in data for k in range(8)] + [0] * 32
    bits[:32] = [1 - bit for bit in bits[:32]]
    polynomial = [int(bit) for bit in f"{0x104C11DB7:033b}"]
    for k in range(len(data) * 8):
        if bits[k]:
            bits[k : k + 33] = [a ^ b for a, b in zip(bits[k : k + 33], polynomial, strict=True)]
    return sum((1 - bit) << k for k, bit in enumerate(bits[-32:]))


def test_frames_byte_by_byte():
    request = Request(0xC0, Kind.WRITE, 2, address(Region.THETA, 0x0A0B0C), 2, b"\xdb\xdc\x01\xc0")
    content = b"\xc0\x06\x0c\x0b\x0a\x01\x01\xdb\xdc\x01\xc0"
    frame = content + division(content).to_bytes(4, "little")
    wire = b"\xc0" + frame.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"
    assert encode(request) == wire
    assert list(Unstuffer(MOST_REQUEST).feed(wire)) == [frame] and opened(frame) == content
    reply = b"\x07\x29" + b"\x11\x22"
    assert decode(reply + division(reply).to_bytes(4, "little")) == (7, 9, Status.ADDRESS, b"\x11\x22")
    assert decode(reply + b"\0\0\0\0") is None and decode(b"") is None and decode(None) is None


def test_unstuffing_finds_the_next_frame_after_anything():
    seed = 7
    draw = random.Random(seed)
    print(f"seed {seed}")
    for _ in range(200):
        noise = bytes(draw.choices([0xC0, 0xDB, 0xDC, 0xDD, 1, 2], k=draw.randrange(40)))
        frame = bytes(draw.choices([0xC0, 0xDB, 0xDC, 0xDD, 1, 2], k=draw.randrange(1, 60)))
        frames = Unstuffer(60)
        list(frames.feed(noise + b"\xc0"))
        assert list(frames.feed(stuff(frame))) == [frame]


@pytest.mark.parametrize(
    ("wire", "frames"),
    [
        (b"\xc0\xc0\xc0", []),
        (b"\x01\xc0", [b"\x01"]),
        (b"\xdb\xdc\xdb\xdd\xc0", [b"\xc0\xdb"]),
        (b"\x01\xdb\x01\x02\xc0\x03\xc0", [None, b"\x03"]),
        (b"\xdb\xdb\xdc\xc0", [None]),
        (b"\x01\xdb\xc0\xdc\xc0", [None, b"\xdc"]),
        (b"\x01\x02\x03\x04\x05\xc0", [b"\x01\x02\x03\x04\x05"]),
        (b"\x01\x02\x03\x04\x05\x06\xc0\x01\xc0", [None, b"\x01"]),
    ],
)
def test_escapes_and_lengths(wire, frames):
    unstuffer = Unstuffer(5)
    assert list(unstuffer.feed(wire)) == frames
    spoiled = Unstuffer(5)
    spoiled.spoil()
    assert list(spoiled.feed(b"\xc0\x01\xc0")) == [None, b"\x01"]


def test_hello_tells_the_board():
    words = Board(hello=False).ask(*HELLO).data
    known = (2, 0x89ABCDEF, 0x01234567, CLOCK_HZ, 0, 0)
    assert words == b"".join(word.to_bytes(4, "little") for word in known)


def test_entries_are_sign_extended_and_cut():
    board = Board()
    for width, data, expected in (
        (1, b"\x7f\x80\xff", [127, -128, -1]),
        (2, b"\xff\x7f\x00\x80\xff\xff", [32767, -32768, -1]),
        (4, b"\xff\xff\xff\x7f\x00\x00\x00\x80\xff\xff\xff\xff", [2**31 - 1, -(2**31), -1]),
    ):
        assert board.ask(Kind.WRITE, width, THETA + 7, 3, data) == (board.seq, 2 | width // 2 << 2, Status.OK, b"")
        assert board.theta[7:] == expected
        assert board.ask(Kind.READ, width, THETA + 7, 3).data == data
    assert board.ask(Kind.READ, 1, THETA + 8, 1).data == b"\x00"  # of -2**31


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (Status.OK, (Kind.WRITE, 1, THETA, 10, bytes(range(1, 11)))),
        (Status.OK, (Kind.WRITE, 1, address(Region.SAMPLES, 44), 256, bytes([1] * 256))),
        (Status.ADDRESS, (Kind.WRITE, 1, THETA + 1, 10, bytes([1] * 10))),
        (Status.ADDRESS, (Kind.WRITE, 1, THETA + 10, 1, b"\x01")),
        (Status.ADDRESS, (Kind.WRITE, 1, THETA + (1 << 24) - 1, 2, b"\x01\x01")),
        (Status.ADDRESS, (Kind.WRITE, 1, THETA | 1 << 28, 1, b"\x01")),
        (Status.ADDRESS, (Kind.WRITE, 1, address(Region.FILTER, 0), 1, b"\x01")),
        (Status.ADDRESS, (Kind.READ, 1, address(Region.SAMPLES, 0), 1)),
        (Status.ADDRESS, (Kind.READ, 4, address(Region.REGISTERS, 0), len(Register) + 1)),
        (Status.ADDRESS, (Kind.WRITE, 4, address(Region.LINK, LinkRegister.DROPPED), 1, bytes(4))),
        (Status.ADDRESS, (Kind.WRITE, 2, address(Region.LINK, LinkRegister.WATCHDOG), 2, b"\x01" * 4)),
        (Status.LENGTH, (Kind.WRITE, 1, THETA, 2, b"\x01")),
        (Status.LENGTH, (Kind.WRITE, 1, THETA, 1, b"\x01\x01")),
        (Status.LENGTH, (Kind.WRITE, 1, THETA, 1, b"")),
        (Status.LENGTH, (Kind.READ, 1, THETA, 1, b"\x01")),
        (Status.LENGTH, (Kind.READ, 2, THETA, 129)),
        (Status.LENGTH, (Kind.HELLO, 4, THETA, 65)),
        (Status.OPERATION, (3, 1, THETA, 1, b"\x01")),
        (Status.OPERATION, (3, 1, THETA, 1)),
        (Status.BUSY, (Kind.WRITE, 1, THETA, 1, b"\x01")),
        (Status.BUSY, (Kind.READ, 1, THETA, 1)),
    ],
)
def test_a_refused_request_changes_nothing_and_is_the_last(status, request_):
    board = Board()
    board.device.busy = status == Status.BUSY
    before = [list(board.theta), list(board.samples), list(board.registers), list(board.device.link)]
    reply = board.ask(*request_)
    after = [board.theta, board.samples, board.registers, board.device.link]
    assert reply.status == status and (before == after) == (status != Status.OK) and not reply.data
    assert board.ask(Kind.READ, 4, address(Region.REGISTERS, 0), 1).status == Status.OK  # also where it is busy


def test_other_ops_are_refused():
    board = Board()
    for op in range(256):
        seq = board.seq = (board.seq + 1) % 256
        content = bytes([seq, op, *(0).to_bytes(4, "little"), 0]) + (bytes(1 << (op >> 2 & 3)) if op & 3 == 2 else b"")
        (reply,) = board.wire(stuff(sealed(content)))
        right = op & 3 != 3 and op >> 2 & 3 != 3 and op < 16
        assert reply and reply[:3] == (seq, op & 15, Status.OK if right else Status.OPERATION), f"op {op:#04x}"


def test_sequence():
    board = Board(hello=False)
    for kind in (Kind.READ, Kind.WRITE):
        assert board.ask(kind, 1, THETA, 1, b"\x01" * (kind == Kind.WRITE)).status == Status.SESSION
    assert board.ask(Kind.HELLO, 4, address(Region.LINK, 0), 7, seq=17).status == Status.ADDRESS
    assert board.ask(Kind.READ, 1, THETA, 1, seq=18).status == Status.SESSION  # a refused HELLO opens nothing
    assert board.ask(*HELLO, seq=254).status == Status.OK
    assert board.ask(Kind.READ, 1, THETA, 1, seq=254).status == Status.SEQUENCE  # as HELLO, but no HELLO
    for seq, value in ((255, 1), (0, 2)):
        write = (Kind.WRITE, 1, THETA, 1, bytes([value]))
        assert board.ask(*write, seq=seq).status == Status.OK
        board.theta[0] = 99
        assert board.ask(*write, seq=seq) == (seq, 2, Status.OK, b"") and board.theta[0] == 99  # not done again
    for seq in (2, 255, 128):
        assert board.ask(Kind.WRITE, 1, THETA, 1, b"\x05", seq=seq).status == Status.SEQUENCE
        assert board.theta[0] == 99
    assert board.ask(Kind.READ, 1, THETA, 1, seq=0).status == Status.SEQUENCE  # the last was a write
    assert board.ask(Kind.READ, 1, THETA, 1, seq=1).data == bytes([99])
    board.theta[0] = 7
    assert board.ask(Kind.READ, 1, THETA, 1, seq=1).data == b"\x07"  # a read is done again
    assert board.ask(Kind.WRITE, 1, THETA, 1, b"\x05", seq=1).status == Status.SEQUENCE
    assert board.ask(Kind.WRITE, 1, THETA, 11, b"\x05" * 11, seq=2).status == Status.ADDRESS
    assert board.ask(Kind.WRITE, 1, THETA, 1, b"\x05", seq=2).status == Status.ADDRESS  # answered as before
    assert board.theta[0] == 7


def test_bad_frames_are_dropped_and_counted():
    board = Board()
    good = encode(Request(board.seq + 1, Kind.WRITE, 1, THETA, 2, b"\x01\x02"))
    count = 0
    for place in range(len(good)):
        for bit in range(8):
            wire = bytearray(good)
            wire[place] ^= 1 << bit
            assert board.wire(bytes(wire) + bytes([END])) == [], f"bit {bit} of byte {place}"
            assert board.dropped > count, f"bit {bit} of byte {place}"
            count = board.dropped
    for cut in range(1, len(good) - 1):
        assert board.wire(good[:cut] + bytes([END])) == []
        count += cut > 1
    for short in (b"", b"\0" * 6):
        assert board.wire(stuff(sealed(short))) == []
        count += 1
    long = bytes([board.seq + 1, Kind.WRITE, *THETA.to_bytes(4, "little"), 255]) + bytes(257)
    assert board.wire(stuff(sealed(long))) == []
    assert board.dropped == count + 1 and board.theta == [0] * 10
    board.device.link[LinkRegister.DROPPED] = DROPPED_MOST
    assert board.wire(b"\xc0\x01\xc0") == [] and board.dropped == DROPPED_MOST
    assert [reply and reply.status for reply in board.wire(good)] == [Status.OK] and board.theta[:2] == [1, 2]


def test_watchdog_register():
    board = Board()
    board.device.link[LinkRegister.WATCHDOG] = 3 | FIRED
    place = address(Region.LINK, LinkRegister.WATCHDOG)
    assert board.ask(Kind.READ, 4, place, 1).data == b"\x03\x00\x01\x00"
    assert board.ask(Kind.WRITE, 2, place, 1, b"\xff\xff").status == Status.OK
    assert board.ask(Kind.READ, 4, place, 1).data == b"\xff\xff\x00\x00"


SMALL_SIZES = {Region.REGISTERS: len(Register), Region.THETA: 37, Region.SAMPLES: 4 * 16, Region.LINK: 6}


@pytest.mark.parametrize(
    ("overrides", "others"),
    [
        ({}, {Region.GRADIENT: 37, Region.RATES: 1}),
        ({"engine.settings": "constants"}, {Region.GRADIENT: 37}),
        (
            {"update.momentum": 0.9, "update.eta": 0.004, "update.layers": (1, 1, 0.5)},
            {Region.GRADIENT: 37, Region.MOMENTUM: 37, Region.RATES: 2},
        ),
        ({"array.latency": 3}, {Region.GRADIENT: 37, Region.DELAY_LINE: 16, Region.RATES: 1}),
        ({"average": {}}, {Region.GRADIENT: 37, Region.AVERAGE: 37, Region.RATES: 1}),
        (FILTERED, {Region.GRADIENT: 37, Region.FILTER: 37, Region.RATES: 1}),
        # Per layer a cursor has two words, and a rate; a schedule of one entry.
        (LOOP, {Region.FILTER: 37, Region.FAST: 37, Region.REFERENCE: 37, Region.CURSOR: 6, Region.RATES: 4}),
    ],
)
def test_sizes(overrides, others):
    chip = small(**overrides)
    assert sizes(chip) == SMALL_SIZES | others
    ports = {name.removeprefix("host_") for name in engine_members(chip) if name.startswith("host_")}
    regions = sizes(chip).keys() - {Region.REGISTERS, Region.LINK}
    assert {region.name.lower() for region in regions} == ports, "the RTL has other memories"


def test_identity_tells_chips_apart():
    chip = small()
    assert identity(chip) == identity(small()) < 2**64
    assert identity(chip) == identity(small(**{"run.steps": 7, "name": "other"}))
    assert identity(chip) == identity(small(seed=78)), "a register"
    fixed = {"engine.settings": "constants"}
    assert identity(small(**fixed)) != identity(small(**fixed, seed=78))
    others = [small(**{key: value}) for key, value in (
        ("engine.window", 2), ("perturbation.amplitude", 0.2), ("engine.lanes", 8), ("array.adc_bits", 9),
        ("data.order", "cyclic"),
    )]  # fmt: skip
    assert len({identity(other) for other in (chip, *others)}) == 6


def test_documented_examples():
    """Bytes of docs/link.md, to and fro."""
    text = Path(__file__).parents[1].joinpath("docs", "link.md").read_text()
    lines = re.findall(r"^    ([<>]) ((?:[0-9a-f]{2} ?)+)", text, re.M)
    assert len(lines) >= 12
    board, said, heard = Board(hello=False), b"", b""
    for way, digits in lines:
        if way == ">":
            assert said == heard
            said, heard = board.device.feed(bytes.fromhex(digits)), b""
        else:
            heard += bytes.fromhex(digits)
    assert said == heard
