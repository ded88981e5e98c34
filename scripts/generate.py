"""`ohmgrad generate`: the chip's Verilog, and what belongs to it."""

import json
from pathlib import Path

from ..fpga.errors import require_emulated
from ..fpga.files import write_all
from ..golden.chip.chip import Chip
from ..golden.chip.dataset import learnt_of
from ..rtl.bus.slave import NATIVE
from ..rtl.lib.ram import MACROS, RAM, WAIVERS
from ..rtl.lib.style import MACRO, Style
from ..rtl.top import top_of, verilog
from .packages import package_files
from .register_files import register_files
from .side_car import describe, rams, tools

PARTS = Path(__file__).parent / "bench_files"
BENCH = {"engine": ("my_array.py", "test_engine.py"), "chip": ("my_array.py", "test_chip.py")}
"""What a bench is made of, beside the Verilog of a top."""


def generate(
    chip: Chip,
    folder: Path,
    name: str = "chip",
    source: Path | None = None,
    style: Style = Style(),  # noqa: B008
    bus: str = NATIVE,
    mhz: float | None = None,
) -> list[Path]:
    """Write Verilog, a description of it as JSON, and lint waivers; with a bench where the array is outside.

    Parameters
    ----------
    chip : Chip
    folder : Path
        Is made where it does not exist; files appear all at once, but for those of a bench that are there: they are
        the user's.
    name : str
        Of the top module, as `rtl.top.top_of` has it: the engine with its array or a front end, or alone.
    source : Path, optional
        The chip file, for the bench.
    style : Style
    bus : str
        What the host is on: a key of `rtl.bus.slave.BUSES`, or its own port.
    mhz : float, optional
        Clock of the constraints, see `scripts.packages`.

    Returns
    -------
    list of Path
        Files and folders: Verilog; ports, parameters, memory map and hierarchical names as JSON; lint waivers, which
        `verilator --lint-only -Wall waivers.vlt chip.v` needs; modules of the memories, where they are to be replaced
        by macros; what FuseSoC, Vivado and LiteX take them by, see `scripts.packages`.
        For an array outside whose cost is external and whose chip file is known, a copy of it, and
        `my_array.py` and a test: `pytest` there trains an array of the user's own in simulation. With a bus the
        register map too, see `scripts.register_files`; with the user's own data `data.json`, how they are scaled.

    Raises
    ------
    NotEmulated
        The chip has defects, which the RTL has not.
    """
    require_emulated(chip.config, outside=True)
    if name == "chip" and not (chip.emulated or chip.front_end):
        problem = "is outside of what is generated; allowed are --top engine, and --front-end with a front end"
        raise chip.error("array.kind", '"external"', problem)
    top = top_of(chip, name, bus)
    text = verilog(top, name, style)
    described, modules = describe(chip, top, name) | {"style": style._asdict(), "tools": tools()}, {}
    if style.memories == MACRO:
        described, modules = described | {"rams": rams(text)}, {f"{RAM}.v": MACROS}
    packages = package_files(chip, described, mhz, [f"{name}.v", *modules])
    if bus != NATIVE:
        modules |= register_files(chip, name)
    texts: dict[str, str | bytes] = {
        f"{name}.v": text,
        f"{name}.json": json.dumps(described, indent=2) + "\n",
        WAIVERS.name: WAIVERS.read_text(),
        **modules,
        **packages,
    }
    if chip.config.data and chip.config.data.file:
        texts["data.json"] = learnt_of(chip.config)[1].to_json()
    if chip.cost.word and source:
        texts["chip.toml"] = source.read_text()
        for file in BENCH[name]:
            like = "my_arrays.py" if file == "my_array.py" and "train" in chip.path.streams else file
            if not (folder / file).exists():
                texts[file] = (PARTS / like).read_text()
    write_all(folder, texts)
    return list(dict.fromkeys(folder / Path(name).parts[0] for name in texts))
