"""A circuit in ngspice: its operating point is that of Kirchhoff's law, and the engine's RTL trains it."""

import ctypes
from pathlib import Path

import numpy as np
import pytest

from ohmgrad.fpga.errors import SimulationError
from ohmgrad.fpga.simulation import ngspice
from ohmgrad.fpga.simulation.ngspice import Circuit, NoNgspice
from ohmgrad.scripts.long_runs import circuit
from ohmgrad.scripts.long_runs.circuit_array import INPUTS, NOISE, UNIT, XorArray

FEEDBACK, GAIN = 44.444e3, 2000
"""As `examples/circuit/xor.cir` has them."""
RELATIVE, ABSOLUTE = 1e-6, 1e-9
"""Newton's iteration in ngspice ends when no voltage moves by more than so much of it, and so many volts."""


def there() -> bool:
    """Whether ngspice can be loaded."""
    try:
        ctypes.CDLL(ngspice.LIBRARY)
    except OSError:
        return False
    return True


needs_ngspice = pytest.mark.skipif(not there(), reason="libngspice.so.0 is missing: apt-get install libngspice0")


def amplifier(volts, plus, minus, offset=0.0, noise=0.0):
    """Amplifier's voltage by Kirchhoff's law at the summing node s: currents of all devices, feedback and noise are 0.

    sum (v - s) G+ + sum (-v - s) G- + (a - s) / R + i = 0 with a = A (offset - s).
    """
    currents = volts @ (plus - minus) + noise + GAIN * offset / FEEDBACK
    node = currents / (plus.sum() + minus.sum() + (1 + GAIN) / FEEDBACK)
    return GAIN * (offset - node)


def network(cells, sample, offsets, noises):
    """Output voltage of three neurons whose cells are G+, G-, shape (2, 9)."""
    pairs, lines = cells.reshape(2, 3, 3), UNIT * np.append(INPUTS[sample], 1)
    first, second = (
        -UNIT * np.tanh(amplifier(lines, *pairs[:, k], offsets[k], noises[k]) / UNIT) for k in range(2)
    )  # fmt: skip
    return -UNIT * np.tanh(amplifier(np.array([first, second, UNIT]), *pairs[:, 2], offsets[2], noises[2]) / UNIT)


@needs_ngspice
def test_operating_points_are_those_of_kirchhoffs_law():
    """With spreads, offsets, finite gain and noise of the stated seed.

    No amplifier is above 12 units of voltage. An error of a hidden neuron reaches the output times at most 4 each.
    """
    chip, rng = circuit.chip(), np.random.default_rng(5)
    array, noise = XorArray(chip, 3), np.random.default_rng([3, 1])
    bound = (1 + 2 * 4) * (RELATIVE * 12 * UNIT + ABSOLUTE)
    for sample in [0, 1, 2, 3] * 3:
        codes = rng.integers(-128, 128, 9)
        expected = network(array.conductances(codes), sample, array.offsets, noise.normal(0, NOISE, 3))
        assert array.output(codes, sample) == pytest.approx(expected, rel=0, abs=bound)


@needs_ngspice
def test_without_spread_and_offsets_it_is_the_network():
    """Then w is code / 32, and the finite gain takes (1 + R sum G) / A of each amplifier's voltage at most."""
    array, rng = XorArray(circuit.chip(), 1, noise=0), np.random.default_rng(6)
    array.spread[:] = 1
    array.circuit.alter({f"v.xn{k}.vos": 0.0 for k in (1, 2, 3)})
    loss = (1 + FEEDBACK * 6 * 50e-6) / GAIN
    for sample in range(4):
        codes = rng.integers(-64, 65, 9)
        w, x = (codes / 32).reshape(3, 3), np.append(INPUTS[sample], 1)
        hidden = np.append(np.tanh(w[:2] @ x), 1)
        bound = loss * (abs(w[2] @ hidden) + abs(w[2, :2]) @ abs(w[:2] @ x))
        assert array.output(codes, sample) / UNIT == pytest.approx(np.tanh(w[2] @ hidden), rel=0, abs=bound + 1e-4)


@needs_ngspice
def test_a_cost_is_the_squared_error_in_words():
    array = XorArray(circuit.chip(), 2, noise=0)
    array.apply(np.arange(-60, 66, 15)[:9])
    moved = np.full(9, 3)
    volts = array.outputs(array.codes + moved)
    assert [array.cost(moved, sample) for sample in (4, 5, 6, 7)] == [
        min(4095, round((volt / 0.1 - target) ** 2 / 1e-3)) for volt, target in zip(volts, (-1, 1, 1, -1), strict=True)
    ]


@needs_ngspice
def test_rtl_trains_a_circuit(tmp_path):
    """In 400 steps of this seed; every code and C~ is replayed, and each step had two operating points."""
    chip = circuit.chip()
    row = circuit.measure(circuit.bench(chip, tmp_path, "-O0"), chip, 1, 400)
    assert (row["steps"], row["words"], row["operating_points"]) == (400, 400 * 10, 800)
    assert row["costs"][0] > 0.5 and row["costs"][-1] < 0.04
    assert [np.sign(volts).tolist() for volts in row["outputs_mv"][1:]] == [[-1, 1, 1, -1]]


def test_learned_is_what_stays_below():
    assert circuit.solved_from([1, 0.01, 0.5, 0.03, 0.02], 100) == 300
    assert circuit.solved_from([1, 0.01, 0.04], 100) is None
    assert circuit.solved_from([0.01], 100) == 0


def test_without_ngspice_there_is_one_sentence(monkeypatch):
    monkeypatch.setattr(ngspice, "LIBRARY", "libnone.so.0")
    with pytest.raises(NoNgspice, match=r"^libnone\.so\.0: cannot be loaded; please install ngspice's shared library"):
        ngspice.library.__wrapped__()


DIVIDER = "divider\nV1 a 0 3\nR1 a b 1k\nR2 b 0 2k\n.end\n"


def written(folder: Path, text: str) -> Path:
    """A netlist as a file."""
    (folder / "own.cir").write_text(text)
    return folder / "own.cir"


@needs_ngspice
def test_what_ngspice_refuses(tmp_path):
    own = Circuit(written(tmp_path, DIVIDER))
    with pytest.raises(SimulationError, match=r"^own\.cir: ngspice refuses alter r3 = 5\.0: .*no such device"):
        own.alter({"r3": 5.0})
    with pytest.raises(SimulationError, match=r"^own\.cir: c: no such node; allowed are those of the netlist, "):
        own.operating_point("c")
    with pytest.raises(SimulationError, match=r"^own\.cir: ngspice refuses the netlist: .*valid modelname"):
        Circuit(written(tmp_path, DIVIDER.replace(".end", "Q1 a b 0 none\n.end")))
    none = Circuit(written(tmp_path, DIVIDER.replace(".end", "B1 c 0 V=sqrt(-1-V(c)*V(c))\n.end")))
    with pytest.raises(SimulationError, match=r"^own\.cir: ngspice refuses op: "):
        none.operating_point("c")
    assert Circuit(written(tmp_path, DIVIDER)).operating_point("b", "a") == pytest.approx([2, 3])


@needs_ngspice
def test_one_circuit_a_process(tmp_path):
    """What an older object would be asked is refused, and not answered by the newer one."""
    old, new = Circuit(written(tmp_path, DIVIDER)), Circuit(written(tmp_path, DIVIDER.replace("2k", "1k")))
    assert new.operating_point("b") == pytest.approx([1.5])
    with pytest.raises(AssertionError, match="another circuit was loaded since"):
        old.operating_point("b")
