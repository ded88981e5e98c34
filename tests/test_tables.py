"""A table as a case statement gives what the memory gives, at every address and while it is held."""

from random import Random

from amaranth.hdl import Elaboratable, Module, signed
from amaranth.lib.memory import Memory
from amaranth.sim import Simulator

from ohmgrad.rtl.lib.ram import VerilogPlatform
from ohmgrad.rtl.lib.style import CASE, Style

from .chips import small


class Both(Elaboratable):
    """The same contents as a memory and as a case statement, each read by as many ports."""

    def __init__(self, shape, words, ports: int):
        self.tables = [Memory(shape=shape, depth=len(words), init=words) for _ in range(2)]
        self.tables[1]._MustUse__silence = True
        self.reads = [[table.read_port() for _ in range(ports)] for table in self.tables]

    def elaborate(self, platform):
        m = Module()
        memory, case = self.tables
        m.submodules += memory, VerilogPlatform(Style(tables=CASE)).get_memory(case)
        return m


def compare(both: Both) -> None:
    async def bench(context):
        rng, depth = Random(3), both.tables[0].depth
        for address in (*range(depth), *(rng.randrange(depth) for _ in range(50))):
            enabled = address < 5 or rng.random() < 0.8
            for ports in both.reads:
                for number, port in enumerate(ports):
                    context.set(port.addr, (address + 3 * number) % depth)
                    context.set(port.en, enabled)
            await context.tick()
            shown = [[context.get(port.data) for port in ports] for ports in both.reads]
            assert shown[0] == shown[1]

    simulator = Simulator(both)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def test_neurons():
    chip = small(**{"array.adc_bits": 7, "array.output_bits": 9})
    words = [int(word) for word in chip.neuron.tables().ravel()]
    assert min(words) < 0 and len(words) == 3 * 128
    compare(Both(signed(9), words, 1))


def test_sines():
    codes = small(**{"perturbation.code": "sinusoidal"}).codes
    compare(Both(codes.bits - 1, codes.quarter()[:-1].tolist(), 2))
