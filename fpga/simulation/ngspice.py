"""ngspice in this process: a netlist is loaded once, and its operating point found again and again.

The shared library is driven by its own interface (ngspice user's manual, chapter "ngspice as shared library"): commands
as they are typed, and vectors by name. It keeps one circuit a process.
"""

import ctypes
from collections.abc import Mapping
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

from ..errors import Failure, SimulationError

LIBRARY = "libngspice.so.0"


class NoNgspice(Failure):
    """ngspice's shared library cannot be loaded; the text says how to get it."""

    code = 2


class _Vector(ctypes.Structure):
    """`vector_info` of ngspice's `sharedspice.h`."""

    _fields_ = (
        ("name", ctypes.c_char_p), ("type", ctypes.c_int), ("flags", ctypes.c_short),
        ("real", ctypes.POINTER(ctypes.c_double)), ("complex", ctypes.c_void_p), ("length", ctypes.c_int),
    )  # fmt: skip


_SAID = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p)
_EXITED = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_bool, ctypes.c_bool, ctypes.c_int, ctypes.c_void_p)


class _Library:
    """The library, begun, and what it has said since the last command."""

    def __init__(self):
        try:
            self.calls: Any = ctypes.CDLL(LIBRARY)
        except OSError:
            raise NoNgspice(
                f"{LIBRARY}: cannot be loaded; please install ngspice's shared library (on Debian or Ubuntu: "
                "sudo apt-get install libngspice0)."
            ) from None
        self.calls.ngGet_Vec_Info.restype = ctypes.POINTER(_Vector)
        self.calls.ngSpice_CurPlot.restype = ctypes.c_char_p
        self.calls.ngSpice_AllVecs.restype = ctypes.POINTER(ctypes.c_char_p)
        self.said: list[str] = []
        self.circuit: object = None
        # ngspice keeps these two pointers.
        self._callbacks = (_SAID(self._hear), _EXITED(self._exit))
        self.calls.ngSpice_Init(self._callbacks[0], None, self._callbacks[1], None, None, None, None)
        self.version = next((word for line in self.said for word in line.split() if word.startswith("ngspice-")), "")

    def _hear(self, words: bytes, *_: Any) -> int:
        self.said.append(words.decode(errors="replace"))
        return 0

    def _exit(self, status: int, *_: Any) -> int:
        self.said.append(f"stderr Error: ngspice ends with {status}")
        return 0


library = cache(_Library)
"""The one library of this process; NoNgspice where it is absent."""


class Circuit:
    """A netlist in ngspice; the last one made is the one that the process has.

    Parameters
    ----------
    netlist : path
        Read as it is: first line a title, last `.end`. Files that it includes are found from the current folder.

    Raises
    ------
    NoNgspice
        There is no library.
    SimulationError
        ngspice does not take the netlist; the text has what it said.
    """

    def __init__(self, netlist: Path):
        self._library = library()
        if self._library.circuit is not None:
            self._command("remcirc")  # else ngspice keeps it beside the new one
        self._library.circuit, self._name, self._nodes = None, netlist.name, set()
        lines = [line.encode() for line in netlist.read_text().splitlines()]
        self._library.said.clear()
        self._check(self._library.calls.ngSpice_Circ((ctypes.c_char_p * (len(lines) + 1))(*lines, None)), "the netlist")
        self._library.circuit = self

    def alter(self, values: Mapping[str, float]) -> None:
        """Set the main values of devices: of a resistor its resistance in ohms, of a source its DC value.

        Names are those of ngspice: `v.xn1.vos` is a source in the subcircuit `xn1`. SimulationError where there is no
        such device.
        """
        for device, value in values.items():
            self._command(f"alter {device} = {value!r}")

    def operating_point(self, *nodes: str) -> list[float]:
        """Find the operating point; returns the voltages of nodes in volts.

        A voltage is where Newton's iteration stood when its last step was below `reltol` |V| + `vntol`.

        Raises
        ------
        SimulationError
            ngspice has found none, or had something to complain of on the way; or there is no such node.
        """
        self._command("destroy all")  # ngspice keeps every result
        self._command("op")
        calls, found = self._library.calls, self._library.calls.ngSpice_CurPlot()
        if not self._nodes:
            self._nodes = {name.decode() for name in takewhile(bool, calls.ngSpice_AllVecs(found))}
        for node in nodes:
            if node not in self._nodes:  # ngspice would look among its constants: c is the speed of light
                raise SimulationError(
                    f"{self._name}: {node}: no such node; allowed are those of the netlist, lower case."
                )
        return [calls.ngGet_Vec_Info(found + b"." + node.encode()).contents.real[0] for node in nodes]

    def _command(self, command: str) -> None:
        assert self._library.circuit is self or command == "remcirc", "another circuit was loaded since"
        self._library.said.clear()
        self._check(self._library.calls.ngSpice_Command(command.encode()), command)

    def _check(self, status: int, what: str) -> None:
        """Raise what ngspice has complained of."""
        said = [line.removeprefix("stderr ") for line in self._library.said if line.startswith("stderr ")]
        if status or any(line.lower().startswith(("error", "fatal")) for line in said):
            raise SimulationError(f"{self._name}: ngspice refuses {what}: {' / '.join(said[-2:]) or status}.")
