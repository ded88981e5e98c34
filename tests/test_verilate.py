"""The limit of the benchmarks: the same model in a bare loop, which must have started a run."""

import subprocess

from ohmgrad.fpga.simulation.verilate import bare_loop
from ohmgrad.rtl.top import generate

from .chips import small


def test_bare_loop(tmp_path):
    """It fails where the engine is not busy at the end."""
    sizes = {"network.layers": (2, 1), "network.activation": "tanh", "array.adc_bits": 7, "array.output_bits": 9}
    loop = bare_loop(generate(small(**sizes)), tmp_path)
    done = subprocess.run([loop, "1000"], capture_output=True, text=True, check=True)
    assert 0 < float(done.stdout) < 60
