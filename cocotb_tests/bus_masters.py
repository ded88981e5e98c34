"""Masters of the buses, none of them ours: each reads and writes words, and says whether that was an error.

A prefix comes before the names of all ports, as "axi__".
"""

from collections.abc import Iterator

import numpy as np
from cocotb.triggers import ClockCycles
from cocotbext.apb import Apb4Bus, ApbHost
from cocotbext.axi import AxiLiteBus, AxiLiteMaster
from cocotbext.wishbone.driver import WBOp, WishboneMaster

WHOLE = 15
"""Strobes of a whole word."""


def pauses(rng: np.random.Generator, probability: float) -> Iterator[bool]:
    """Whether a clock is passed, for ever."""
    while True:
        yield bool(rng.random() < probability)


class Axi:
    """cocotbext-axi; every channel stalls."""

    def __init__(self, dut, prefix: str, clock, rng: np.random.Generator):
        self._master, self._rng = AxiLiteMaster(AxiLiteBus.from_prefix(dut, f"{prefix}s_axi"), clock), rng
        self._master.write_if.log.setLevel("WARNING")
        self._master.read_if.log.setLevel("WARNING")

    def stall(self, probability: float) -> None:
        """Let a clock pass on each channel with this probability."""
        write, read = self._master.write_if, self._master.read_if
        for channel in (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel, read.r_channel):
            channel.set_pause_generator(pauses(self._rng, probability))

    async def write(self, place: int, word: int, strobe: int = WHOLE, expected: bool = False) -> bool:
        """Write the bytes of a strobe, which are neighbours; whether that is an error."""
        first, count = (strobe & -strobe).bit_length() - 1, strobe.bit_count()
        data = (word & 0xFFFFFFFF).to_bytes(4, "little")[first : first + count]
        return bool((await self._master.write(place + first, data)).resp)

    async def read(self, place: int, expected: bool = False) -> tuple[bool, int]:
        """Whether that is an error, and the word."""
        answer = await self._master.read(place - place % 4, 4)
        return bool(answer.resp), int.from_bytes(answer.data, "little")


class Wishbone:
    """cocotbext-wishbone; idle clocks between cycles."""

    SIGNALS = {
        "cyc": "cyc_i", "stb": "stb_i", "we": "we_i", "adr": "adr_i", "datwr": "dat_i", "datrd": "dat_o",
        "ack": "ack_o", "err": "err_o", "sel": "sel_i",
    }  # fmt: skip

    def __init__(self, dut, prefix: str, clock, rng: np.random.Generator):
        self._master = WishboneMaster(dut, f"{prefix}wbs", clock, timeout=16, signals_dict=self.SIGNALS)
        self._master.log.setLevel("WARNING")
        self._clock, self._rng, self._stall = clock, rng, 0.0

    def stall(self, probability: float) -> None:
        """Let up to three clocks pass before a cycle with this probability."""
        self._stall = probability

    async def _cycle(self, **what: int):
        if self._rng.random() < self._stall:
            await ClockCycles(self._clock, int(self._rng.integers(1, 4)))
        (answer,) = await self._master.send_cycle([WBOp(**what)])
        return answer

    async def write(self, place: int, word: int, strobe: int = WHOLE, expected: bool = False) -> bool:
        """Write the bytes of a strobe; whether that is an error."""
        return (await self._cycle(adr=place, dat=word & 0xFFFFFFFF, sel=strobe)).ack == 2

    async def read(self, place: int, expected: bool = False) -> tuple[bool, int]:
        """Whether that is an error, and the word."""
        answer = await self._cycle(adr=place)
        return answer.ack == 2, int(answer.datrd)


class Apb:
    """cocotbext-apb, which fails by itself where an error is not what was expected."""

    def __init__(self, dut, prefix: str, clock, rng: np.random.Generator):
        self._master = ApbHost(Apb4Bus(dut, prefix.removesuffix("_")), clock, timeout_max=16)
        self._master.log.setLevel("WARNING")
        self._clock, self._rng, self._stall = clock, rng, 0.0

    def stall(self, probability: float) -> None:
        """Let up to three clocks pass before a transfer with this probability."""
        self._stall = probability

    async def _pause(self) -> None:
        if self._rng.random() < self._stall:
            await ClockCycles(self._clock, int(self._rng.integers(1, 4)))

    async def write(self, place: int, word: int, strobe: int = WHOLE, expected: bool = False) -> bool:
        """Write the bytes of a strobe; whether that is an error."""
        await self._pause()
        await self._master.write(place, word & 0xFFFFFFFF, strobe, error_expected=expected)
        return expected

    async def read(self, place: int, expected: bool = False) -> tuple[bool, int]:
        """Whether that is an error, and the word."""
        await self._pause()
        word = await self._master.read(place, error_expected=expected)
        return expected, int.from_bytes(word, "little") if isinstance(word, bytes) else word


MASTERS = {"axi": Axi, "wishbone": Wishbone, "apb": Apb}
"""By the name of the bus, `rtl.bus.slave.BUSES`."""
