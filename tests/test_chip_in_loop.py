"""Chip in the loop: the verbs of each chip, and the trainer that uses nothing else."""

import numpy as np
import pytest

from ohmgrad.golden.analog.linear import LinearStep
from ohmgrad.golden.analog.periphery import Periphery
from ohmgrad.golden.analog.pulsed import ConstantStep
from ohmgrad.golden.learn import MGD, Trainer, models
from ohmgrad.golden.learn.array_chip import ArrayChip
from ohmgrad.golden.learn.checkpoint import restore, save
from ohmgrad.golden.learn.chip_in_loop import ChipTrainer
from ohmgrad.golden.learn.chip_protocol import no_pulses
from ohmgrad.golden.learn.engine_chip import EngineChip, GoldenEvaluator

from .chips import FILTERED, engine, small

SEED = 20231107
XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float), np.array([[0], [1], [1], [0]], float)


class FloatChip:
    """The verbs on a float network: what the trainer does with them can be held against `Trainer`."""

    def __init__(self, network):
        self.network, self.readings = network, 0
        self.layers = (network.features, *(layer.outputs for layer in network.layers))

    def load(self, theta):
        self.theta, self.offsets = np.array(theta), np.zeros(self.network.size)

    def present(self, x, t):
        self.x, self.t = x, t

    def perturb(self, offsets):
        self.offsets = np.array(offsets)

    def cost(self):
        self.readings += len(self.x)
        y = self.network.forward(self.theta + self.offsets, self.x)
        return float(self.network.costs(y, self.t).mean())

    def pulse(self, counts):
        no_pulses("FloatChip")

    def read(self):
        return self.theta.copy()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"mode": "forward", "tau_p": 2, "tau_x": 4, "tau_theta": 8, "momentum": 0.5},
        {"batch": 3, "code": "sequential", "adam": True},
        {"batch": 2, "patterns": "sample", "mode": "forward"},
        {"method": "rank-one", "code": "walsh", "batch": 4, "order": "cyclic", "tau_theta": 5},
        {"mode": "analog", "tau_x": 8, "eta": 0.01, "code": "sinusoidal"},
    ],
)
def test_it_trains_as_the_trainer_of_floats_does(settings):
    """The same codes, samples, C~ and updates; only the order of float64 sums differs, by some 1e-16 / amplitude."""
    network = models.dense((2, 3, 1))
    settings = MGD(**{"amplitude": 0.01, "eta": 0.1, **settings})
    trainer = Trainer(network, settings, *XOR, (SEED,))
    expected = trainer.run(trainer.initial(), 200)
    chip = FloatChip(network)
    loop = ChipTrainer(chip, settings, *XOR, SEED)
    state = loop.run(loop.initial(), 200)
    assert chip.readings >= state.evaluations == expected.evaluations
    np.testing.assert_allclose(state.theta, expected.theta, rtol=1e-9, atol=1e-10)
    np.testing.assert_array_equal(chip.read(), state.theta[0])
    np.testing.assert_allclose(loop.costs(state.theta), trainer.costs(state.theta), rtol=1e-9)
    assert loop.mean_cost(state.theta) == pytest.approx(float(trainer.evaluate(state.theta)[0][0]), rel=1e-9)


def test_a_run_goes_on_from_its_file_to_the_bit(tmp_path):
    settings = MGD(amplitude=0.01, eta=0.5, mode="forward", refresh=7, tau_theta=3)
    whole, first, second = (ChipTrainer(FloatChip(models.dense((2, 2, 1))), settings, *XOR, SEED) for _ in range(3))
    expected = whole.run(whole.initial(), 60)
    save(tmp_path / "state.npz", first, first.run(first.initial(), 30))
    state = second.run(restore(tmp_path / "state.npz", second), 30)
    np.testing.assert_array_equal(state.theta, expected.theta)


@pytest.mark.parametrize("overrides", [{}, {"cost.function": "l1", "cost.bits": 14}, FILTERED])
def test_the_hosts_costs_are_the_sums_that_the_engine_takes(overrides):
    """At the engine's own words, samples, signs and amplitude, S of both rails is equal as an integer."""
    golden = engine(small(**overrides))
    chip, full = golden.chip, 511
    host, state = EngineChip(chip, GoldenEvaluator(golden)), golden.initial()
    unit = 1 / (2 * full * full) if chip.config.cost.function == "mse" else 1 / (2 * full)  # C = S / 2, of 10 bits
    amplitude = chip.crossbar.amplitude * chip.weight_unit
    for step in range(40):
        theta, signs = state.theta * chip.state_unit, golden.perturbations(step)
        trace = golden.trace(state, 1)
        number = int(trace.sample[0])
        host.load(theta)
        host.present(golden.inputs[[number]] / 127, golden.targets[[number]] / full)
        for rail, polarity in enumerate((1, -1)):
            host.perturb(polarity * amplitude * signs)
            assert host.cost() / unit == pytest.approx(trace.sums[0, rail], rel=1e-12)
        np.testing.assert_array_equal(host.read(), theta)


def test_its_cost_is_that_of_its_outputs():
    """Mean of 1/2 sum (y - t)^2, from what the integer model says of its outputs."""
    golden = engine(small())
    host, state = EngineChip(golden.chip, GoldenEvaluator(golden)), golden.initial()
    host.load(state.theta * golden.chip.state_unit)
    x, t = golden.split.train_x, golden.split.train_t
    host.present(x, t)
    targets = np.rint(t * 511) / 511
    expected = np.mean(0.5 * np.sum((golden.outputs(state, x) - targets) ** 2, axis=1))
    assert host.cost() == pytest.approx(expected, rel=1e-12)


class Recorder:
    """A device that keeps what it is told."""

    def __init__(self, size):
        self.words, self.writes, self.samples = np.zeros(size, np.int32), [], []

    def write_samples(self, inputs, targets):
        self.samples.append((inputs.tolist(), targets.tolist()))

    def write_theta(self, first, words):
        self.writes.append((first, words.tolist()))
        self.words[first : first + len(words)] = words

    def read_theta(self):
        return self.words

    def evaluate(self, samples):
        return samples


def test_only_what_differs_is_written():
    chip = small()
    size, unit = chip.layout.parameters, chip.state_unit
    device = Recorder(size)
    host, x, t = EngineChip(chip, device), np.array([[1.0, -1.0]]), np.array([[0.5]])
    host.load(np.zeros(size))
    host.present(x, t)
    assert not device.writes and not device.samples
    host.cost()
    host.cost()
    offsets = np.zeros(size)
    offsets[[3, 5]] = 7 * unit, -2.4 * unit
    host.perturb(offsets)
    host.present(x.copy(), t.copy())
    host.cost()
    host.load(1e9 * np.ones(size))
    host.cost()
    full = 2**17 - 1
    assert device.writes == [(0, [0] * size), (3, [7, 0, -2]), (0, [full] * size)]
    assert device.samples == [([[127, -127]], [[256]])]
    np.testing.assert_array_equal(host.read(), np.full(size, full * unit))


def test_what_a_chip_cannot_do_is_one_sentence():
    chip = small()
    host = EngineChip(chip, Recorder(chip.layout.parameters))
    with pytest.raises(ValueError, match=r"^pulse: small takes no pulses from a host; allowed is load\.$"):
        host.pulse(np.zeros(37, int))
    with pytest.raises(ValueError, match=r"^cost: there are no samples; allowed is present before it\.$"):
        host.cost()
    with pytest.raises(ValueError, match=r"^load: theta: shape \(36,\) is refused; allowed is \(37,\)\.$"):
        host.load(np.zeros(36))
    with pytest.raises(ValueError, match=r"^perturb: offsets: nan at \[0\] is refused; allowed is a finite num"):
        host.perturb(np.full(37, np.nan))
    with pytest.raises(ValueError, match=r"^present: samples: 5 is refused; allowed is 1 to 4"):
        host.present(np.zeros((5, 2)), np.zeros((5, 1)))
    with pytest.raises(ValueError, match=r"^present: t: shape \(2, 1\) is refused; allowed is \(3, 1\)\.$"):
        host.present(np.zeros((3, 2)), np.zeros((2, 1)))
    with pytest.raises(ValueError, match=r"^present: largest value of t: 1\.5 is refused; allowed is up to 1\.$"):
        host.present(np.zeros((3, 2)), np.full((3, 1), -1.5))
    bits = EngineChip(small(**{"engine.samples": "bits"}), Recorder(37))
    bits.present(np.ones((1, 2)), -np.ones((1, 1)))
    with pytest.raises(ValueError, match=r'^small: engine\.samples: "bits" keeps no target code 256; allowed are '):
        bits.present(np.ones((1, 2)), np.full((1, 1), 0.5))
    with pytest.raises(ValueError, match=r"^method: 'node' is refused; allowed is weight or rank-one on a chip\.$"):
        ChipTrainer(FloatChip(models.dense((2, 2, 1))), MGD(method="node"), *XOR)
    with pytest.raises(ValueError, match=r"^readings, c0_readings: \(2, 1\) is refused; allowed is 1 on a chip\.$"):
        ChipTrainer(FloatChip(models.dense((2, 2, 1))), MGD(readings=2), *XOR)
    with pytest.raises(ValueError, match=r"^granularity: -1 is refused"):
        ChipTrainer(FloatChip(models.dense((2, 2, 1))), MGD(), *XOR, granularity=-1)


IDEAL = {"dw_min_dtod": 0.0, "dw_min_std": 0.0, "up_down_dtod": 0.0, "w_max_dtod": 0.0, "w_min_dtod": 0.0}


def test_an_array_of_ideal_devices_is_the_float_network():
    """Costs with a perturbation by circuits, and pulses of one step each; float32, so to some 1e-6."""
    device = ConstantStep(dw_min=0.01, w_max=2.0, w_min=-2.0, **IDEAL)
    chip = ArrayChip((2, 3, 1), device, SEED, forward=Periphery(is_perfect=True))
    network, rng = models.dense((2, 3, 1)), np.random.default_rng(SEED)
    theta, offsets = rng.uniform(-1, 1, (2, network.size))
    chip.load(theta)
    chip.present(*XOR)
    for extra in (np.zeros(network.size), offsets):
        chip.perturb(extra)
        expected = network.costs(network.forward(theta + extra, XOR[0]), XOR[1]).mean()
        assert chip.cost() == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(chip.read(), theta, atol=1e-6)
    counts = rng.integers(-5, 6, network.size)
    chip.pulse(counts)
    np.testing.assert_allclose(chip.read(), theta + 0.01 * counts, atol=1e-5)
    chip.load(theta)
    assert chip.cost() == pytest.approx(network.costs(network.forward(theta, XOR[0]), XOR[1]).mean(), rel=1e-5)


class Silent(FloatChip):
    """Takes pulses of 0.01 exactly, and has the cost sum(theta): its gradient is 1."""

    def cost(self):
        return float((self.theta + self.offsets).sum())

    def pulse(self, counts):
        self.given = np.array(counts)
        self.theta = self.theta + 0.01 * self.given


def test_pulses_are_right_in_the_mean():
    """eta G = 0.0034 and steps of 0.01: 0 or 1 pulse each, 0.34 in the mean; 4 sigma of 9000 draws are 0.02."""
    chip = Silent(models.dense((2, 2, 1)))
    # The sequential code with a window of its length has G = gradient exactly, but for the sums' rounding.
    settings = MGD(code="sequential", tau_theta=9, eta=0.0034, amplitude=0.5)
    trainer = ChipTrainer(chip, settings, *XOR, SEED, granularity=0.01)
    state, total = trainer.initial(theta=np.zeros(9)), np.zeros(9)
    for _ in range(1000):
        trainer.run(state, 9)
        assert set(chip.given) <= {0, -1}
        total -= chip.given
        np.testing.assert_array_equal(state.theta[0], chip.theta)
    assert total.sum() / 9000 == pytest.approx(0.34, abs=0.02)


def test_devices_with_spreads_learn_xor_by_pulses():
    """With all outputs at 1/2 the cost is 0.125; 30 % spread from device to device and pulse to pulse."""
    device = LinearStep(dw_min=0.02, w_max=8.0, w_min=-8.0, dw_min_dtod=0.3, dw_min_std=0.3)
    chip = ArrayChip((2, 4, 1), device, SEED, forward=Periphery(is_perfect=True))
    settings = MGD(amplitude=0.1, eta=2.0, batch=4, order="cyclic")
    trainer = ChipTrainer(chip, settings, *XOR, SEED, granularity=0.02)
    state = trainer.initial(bounds=(-1, 1))
    first = trainer.mean_cost(state.theta)
    trainer.run(state, 2000)
    last = trainer.mean_cost(state.theta)
    print(f"seed {SEED}: {first:.3f} -> {last:.4f}")
    assert last < 0.02 < 0.12 < first
