"""`python -m ohmgrad.scripts.long_runs.litex_soc`: a LiteX SoC learns XOR on the engine, from C code on its CPU.

SERV, a ROM, a RAM and the engine of examples/xor.toml on Wishbone, as `ohmgrad generate --bus wishbone` writes it with
its header and its module for LiteX; all of it Verilated. What the CPU reads is compared with golden, bit for bit. Needs
the extra `soc`, and the compiler of Debian's gcc-riscv64-unknown-elf. Writes docs/results/litex_soc.md.
"""

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import numpy as np
from litex.build.generic_platform import GenericPlatform
from litex.soc.integration.export import get_csr_header, get_mem_header

from ...fpga.errors import Failure
from ...fpga.host.chip_in_loop import records
from ...fpga.toolchain import verilator_environment
from ...golden.chip.chip import Chip
from ...golden.chip.config import load
from ...golden.chip.dataset import split_of
from ...golden.engine import Engine
from .litex_parts import PINS, Soc

CHIP = files("ohmgrad.examples") / "xor.toml"
FILES = Path(__file__).parent / "litex_files"
FOLDER, PAGE = Path("build/litex_soc"), Path("docs/results/litex_soc.md")
STEPS, CHUNK = 5000, 500
GCC = "riscv64-unknown-elf-gcc"


def build(folder: Path, golden: Engine) -> None:
    """Write the SoC with its program into a folder, and Verilate it."""
    call(str(Path(sys.executable).with_name("ohmgrad")), "generate", str(CHIP), "--bus", "wishbone", "-o", str(folder))
    spec = importlib.util.spec_from_file_location("litex_chip", folder / "litex_chip.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    platform = GenericPlatform("simulation", PINS, name="soc")
    soc = Soc(platform, module)
    soc.finalize()
    soc.init_rom("rom", program(folder, soc, golden))
    with contextlib.chdir(folder):
        platform.get_verilog(soc, name="soc").write("soc.v")
    sources = [name for name, language, _ in platform.sources if language == "verilog"]
    options = ["--binary", "-O3", "-Wno-fatal", "-Wno-lint", "-CFLAGS", "-std=c++20", "--top-module", "bench"]
    call("verilator", *options, str(FILES / "bench.v"), "soc.v", *dict.fromkeys(sources), folder=folder)


def program(folder: Path, soc: Soc, golden: Engine) -> list[int]:
    """Words of the ROM: `main.c` with the headers of the engine, of LiteX and of the task."""
    samples = records(golden.inputs, golden.targets).ravel()
    theta = golden.initial().theta
    tables = "".join(
        f"static const int32_t {name}[] = {{{', '.join(map(str, values))}}};\n"
        for name, values in (("samples", samples), ("theta", theta))
    )
    numbers = {"STEPS": STEPS, "CHUNK": CHUNK, "SAMPLES_COUNT": len(golden.inputs)}
    lines = "".join(f"#define {name} {value}\n" for name, value in numbers.items())
    headers = {
        "task.h": lines + tables, "mem.h": get_mem_header(soc.bus.regions),
        "csr.h": get_csr_header(soc.csr.regions, soc.constants, with_access_functions=False),
    }  # fmt: skip
    for name, text in headers.items():
        (folder / name).write_text(text)
    places = [
        f"-Wl,--defsym={name.upper()}_{what}={getattr(soc.bus.regions[name], field):#x}"
        for name in ("rom", "sram")
        for what, field in (("BASE", "origin"), ("SIZE", "size"))
    ]
    cpu = ["-march=rv32i", "-mabi=ilp32", "-nostdlib", "-ffreestanding", "-Os", "-Wall", "-Werror"]
    sources = [str(FILES / "start.S"), str(FILES / "main.c")]
    elf, image = str(folder / "main.elf"), folder / "main.bin"
    call(GCC, *cpu, f"-I{folder}", f"-I{FILES}", f"-T{FILES / 'link.ld'}", *places, "-o", elf, *sources)
    call(GCC.replace("gcc", "objcopy"), "-O", "binary", elf, str(image))
    return np.frombuffer(image.read_bytes().ljust(-(-image.stat().st_size // 4) * 4, b"\0"), "<u4").tolist()


def call(*command: str, folder: Path | None = None) -> str:
    """Run a command in a folder, and give what it prints."""
    done = subprocess.run(command, cwd=folder, env=os.environ | verilator_environment(), capture_output=True, text=True)
    if done.returncode:
        raise Failure(f"{command[0]} failed: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout


def expected(golden: Engine) -> list[str]:
    """Lines that the CPU has to say, from golden."""
    state, lines = golden.initial(), []
    for step in range(CHUNK, STEPS + 1, CHUNK):
        golden.run(state, CHUNK)
        total, right = golden.evaluate(state, len(golden.inputs))
        lines.append(f"step {step:08x} cost {total:08x} right {right:08x} flags {state.flags:08x}")
    return [*lines, " ".join(["theta", *(f"{word & 0xFFFFFFFF:08x}" for word in state.theta.tolist())])]


def page(said: list[str], clocks: int, seconds: float) -> str:
    """The page of results."""
    rows = "".join(
        f"| {int(step, 16):,} | {int(cost, 16):,} | {int(right, 16)} |\n"
        for _, step, _, cost, _, right, *_ in (line.split() for line in said if line.startswith("step"))
    )
    return f"""\
# XOR learned in a LiteX SoC

Made by `python -m ohmgrad.scripts.long_runs.litex_soc`: a SoC of LiteX {version("litex")} with SERV as its CPU, and the
engine of `examples/xor.toml` on its Wishbone bus, simulated by Verilator. C code on the CPU
(`scripts/long_runs/litex_files/main.c`) includes the generated `chip.h`, loads samples and weights, lets the engine do
{CHUNK} steps at a time, and evaluates. Every line that it says, and all words of theta that it reads at the end, are
golden's bit for bit.

{clocks:,} clocks in all, those in which the CPU loads, polls and prints included; simulated in {seconds:.1f} s.

| step | cost, summed over the samples | right of 4 |
|---:|---:|---:|
{rows}"""


def main() -> None:
    """Build, run, compare, write."""
    if shutil.which(GCC) is None:
        raise Failure(f"{GCC} is missing: sudo apt-get install gcc-riscv64-unknown-elf.")
    folder = FOLDER.absolute()
    shutil.rmtree(folder, ignore_errors=True)
    chip = Chip(load(str(CHIP)))
    golden = Engine(chip, split_of(chip.config))
    build(folder, golden)
    begun = time.perf_counter()
    output = call("./obj_dir/Vbench", folder=folder).splitlines()
    seconds = time.perf_counter() - begun
    print("\n".join(output))
    end = next(number for number, line in enumerate(output) if line.startswith("clocks"))
    said = output[1:end]
    for ours, theirs in zip(expected(golden), said, strict=True):
        if ours != theirs:
            raise Failure(f"The CPU says {theirs!r}, and golden {ours!r}.")
    if not said[-2].split()[5] == f"{len(golden.inputs):08x}":
        raise Failure(f"XOR is not learned in {STEPS} steps: the last line is {said[-2]!r}.")
    PAGE.write_text(page(said, int(output[end].split()[1], 16), seconds))


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"ohmgrad: {failure}")
