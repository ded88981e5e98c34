"""What a run runs on: the golden model alone; or the simulated chip or a board, with the golden model beside it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ...fpga.errors import require_emulated
from ...fpga.host.golden import Golden
from ...golden.engine import Engine
from .progress import Monitor

if TYPE_CHECKING:
    from ...fpga.host.board import Board
    from ...fpga.simulation.simulator import Simulator
    from ...fpga.simulation.virtual_board import VirtualBoard

VIRTUAL = "virtual"
"""A port that is a virtual board, which the run starts and ends."""


class Target:
    """The chip of a run, built or connected.

    Parameters
    ----------
    golden : Golden
        At the state that the run starts from; a board is loaded with whatever state it has then.
    on : str
        "golden", "sim" or "board".
    port : str
        The board's serial port, or `VIRTUAL`.
    watchdog : float
        Seconds after which a silent host stops the board; 0: never.
    monitor : Monitor
    waves : Path, optional
        File for the waveforms of a simulated chip.

    Attributes
    ----------
    engine : Engine
    chip : Golden, Simulator or Board
        What does the steps; `golden` itself, or beside it.
    board : Board or None
    resets : int
        Times that the board has lost what it held.
    """

    def __init__(
        self, golden: Golden, on: str, port: str, watchdog: float, monitor: Monitor, waves: Path | None = None
    ):
        self.engine: Engine = golden.engine
        self.golden, self.monitor, self.resets, self._waves = golden, monitor, 0, waves
        self.board: Board | None = None
        self._virtual: VirtualBoard | None = None
        building = {"sim": " and building the simulator"}.get(on, " and building the board" if port == VIRTUAL else "")
        monitor.say(f"compiling the golden model{building}")
        with ThreadPoolExecutor() as pool:
            # Golden compiles with its first call: on one core, while Verilator runs on the other.
            compiled = pool.submit(self.engine.run, golden.at.copy(), 1)
            if on == "board":
                self.board = self._connect(port)
            self.chip = self.board or (self._simulator() if on == "sim" else golden)
            compiled.result()
        self._watchdog, self._loaded = watchdog, self.board is None

    def _simulator(self) -> "Simulator":
        from ...fpga.simulation.simulator import simulator

        return simulator(self.engine, self.golden.at, self._waves)

    def _connect(self, port: str) -> "Board":
        """The board at a port; what it holds is not known yet."""
        require_emulated(self.engine.chip.config)
        from ...fpga.host.board import Board

        if port == VIRTUAL:
            from ...fpga.simulation.verilate import BUILDS
            from ...fpga.simulation.virtual_board import VirtualBoard

            self._virtual = VirtualBoard(self.engine.chip, BUILDS)
            port = self._virtual.port
        try:
            return Board(self.engine.chip, port)
        except BaseException:
            self.close()
            raise

    def load(self) -> None:
        """Load a board with golden's state, if it does not hold it."""
        if self._loaded or not self.board:
            return
        if self._watchdog:
            self.board.watchdog(self._watchdog)
        self.board.load(self.golden.at, self.engine.inputs, self.engine.targets, self.monitor.upload)
        self._loaded = True

    def lost(self) -> None:
        """Note that the board does not hold a state any more: the next `load` loads it anew."""
        self._loaded, self.resets = False, self.resets + 1

    def link(self) -> dict[str, int] | None:
        """What went over the link to the board, and how often it was reset; None without a board."""
        return asdict(self.board.link.counts) | {"resets": self.resets} if self.board else None

    def close(self) -> None:
        """Let go of the board."""
        for opened in (self.board, self._virtual):
            if opened:
                opened.close()
