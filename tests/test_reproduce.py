"""Studies: what is kept and resumed, what is written, exact gradients; every study at a tiny size."""

import json
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ohmgrad.golden.learn import MGD, Defects, Trainer, models
from ohmgrad.scripts.reproduce import UnknownStudy, reproduce
from ohmgrad.scripts.studies import backprop, common, compiled, framework
from ohmgrad.scripts.studies.framework import PAPERS, Options, ResultStore, Study, Unit


def unit(number: int, calls: list[int]) -> Unit:
    def run(progress):
        calls.append(number)
        progress(1, 2)
        return {"value": number / 2}

    return Unit({"number": number}, run)


def rows(results):
    return [{"number": r["unit"]["number"], "paper": None, "ours": r["result"]["value"]} for r in results]


STUDY = Study("toy", "A toy", "About it.", lambda options: [], rows)


def test_a_unit_that_is_kept_is_not_run_again(tmp_path):
    calls: list[int] = []
    heard = []
    for count in (2, 3):
        units = [unit(n, calls) for n in range(count)]
        store = ResultStore(tmp_path / "a" / "toy.jsonl")
        results = framework.run(STUDY, units, store, lambda *step: heard.append(step))
        assert [r["result"] for r in results] == [{"value": n / 2} for n in range(count)]
    assert calls == [0, 1, 2]
    assert heard[:4] == [(0, 1, 2), (1, 0, 1), (1, 1, 2), (2, 0, 1)]
    lines = (tmp_path / "a" / "toy.jsonl").read_text().splitlines()
    assert [json.loads(line)["unit"] for line in lines] == [{"number": n} for n in range(3)]


@pytest.mark.parametrize("cut", [1, 20, 40])
def test_half_a_line_is_run_again_and_harms_no_other(tmp_path, cut):
    path, calls = tmp_path / "toy.jsonl", []
    framework.run(STUDY, [unit(n, calls) for n in range(3)], ResultStore(path), lambda *_: None)
    path.write_bytes(path.read_bytes()[:-cut])
    again: list[int] = []
    framework.run(STUDY, [unit(n, again) for n in range(3)], ResultStore(path), lambda *_: None)
    assert again == ([] if cut == 1 else [2])
    last: list[int] = []
    results = framework.run(STUDY, [unit(n, last) for n in range(3)], ResultStore(path), lambda *_: None)
    assert last == [] and [r["result"]["value"] for r in results] == [0, 0.5, 1]


def test_the_order_of_settings_does_not_matter_and_their_values_do(tmp_path):
    store = ResultStore(tmp_path / "toy.jsonl")
    store.add(Unit({"a": 1, "b": [2]}, lambda progress: {}), {"x": 1}, 1.23456)
    for again in (store, ResultStore(tmp_path / "toy.jsonl")):
        assert again.get(Unit({"b": [2], "a": 1}, lambda progress: {}))["result"] == {"x": 1}
        assert again.get(Unit({"b": [3], "a": 1}, lambda progress: {})) is None


def test_a_page_has_its_table_and_its_json(tmp_path):
    results = framework.run(STUDY, [unit(n, []) for n in (0, 3000)], ResultStore(tmp_path / "k"), lambda *_: None)
    page = framework.write(STUDY, results, tmp_path / "docs", "ohmgrad reproduce mgd toy")
    text = page.read_text()
    assert text.startswith("# A toy\n\nMade by `ohmgrad reproduce mgd toy`, which ran for 0 s.\n\nAbout it.\n\n")
    assert "| number | paper | ours |\n|---|---|---|\n| 0 | - | 0 |\n| 3,000 | - | 1,500 |\n" in text
    data = json.loads((tmp_path / "docs" / "toy.json").read_text())
    assert data["rows"][1] == {"number": 3000, "paper": None, "ours": 1500.0}
    assert [u["unit"] for u in data["units"]] == [{"number": 0}, {"number": 3000}]


def test_unknown_studies_are_refused_before_anything_runs(tmp_path):
    with pytest.raises(UnknownStudy, match="^mdg: no such group of studies; there are mgd, ttv2.$"):
        reproduce("mdg", [], Options(), tmp_path)
    with pytest.raises(UnknownStudy, match="^xr: no such study of mgd; there are xor, parity, .*, onchip.$"):
        reproduce("mgd", ["xor", "xr"], Options(), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "layers, hidden, output, cost",
    [
        ((3, 4, 2), "tanh", "sigmoid", "mse"),
        ((5, 4, 3, 2), "sigmoid", "linear", "cross-entropy"),
        ((2, 3, 3), "relu", "tanh", "mse"),
    ],
)
@pytest.mark.parametrize("own", [False, True])
def test_gradients_are_central_differences(layers, hidden, output, cost, own):
    """Of a smooth cost they agree to the square of the difference, 1e-10, and its rounding, 1e-16 / 1e-5."""
    seeds = 3
    rng = np.random.default_rng(7)
    network = models.dense(layers, hidden, output, cost)
    theta = rng.normal(size=(seeds, network.size))
    shape = (seeds, 6) if own else (6,)
    x, t = rng.normal(size=(*shape, layers[0])), np.eye(layers[-1])[rng.integers(0, layers[-1], shape)]
    got = backprop.gradient(network, theta, x, t)
    for i in range(network.size):
        step = np.zeros(network.size)
        step[i] = 1e-5
        costs = [network.costs(network.forward(theta + s, x), t).mean(-1) for s in (step, -step)]
        assert got[:, i] == pytest.approx((costs[0] - costs[1]) / 2e-5, abs=1e-8)


SETTINGS = [
    ({}, {}),
    ({"mode": "forward"}, {}),
    ({"batch": 4}, {}),
    ({"code": "walsh-upper", "tau_theta": 7}, {}),
    ({"code": "sequential", "order": "cyclic"}, {}),
    ({"method": "rank-one"}, {}),
    ({"method": "node"}, {}),
    ({"method": "node", "mode": "forward"}, {}),
    ({"batch": 2, "readings": 2, "c0_readings": 3}, {"cost_noise": 0.01}),
    ({"mode": "forward", "readings": 3, "c0_readings": 2}, {"cost_noise": 0.01, "update_noise": 0.001}),
]


@pytest.mark.parametrize("settings, defects", SETTINGS, ids=lambda value: ",".join(map(str, value.values())) or "-")
@pytest.mark.parametrize("kinds", [("tanh", "sigmoid", "mse"), ("relu", "linear", "cross-entropy")])
def test_the_compiled_loop_does_what_the_trainer_does(settings, defects, kinds):
    """To the rounding of sums in another order: 60 steps, each adding some 1e-16, not growing by more than 1e3."""
    rng = np.random.default_rng(3)
    network, seeds = models.dense((5, 4, 3, 3), *kinds), (1, 2**31 + 5, 77)
    m, d = MGD(amplitude=0.03, eta=0.01, **settings), Defects(**defects)
    x, t = rng.normal(size=(13, 5)), np.eye(3)[rng.integers(0, 3, 13)]
    theta = 0.5 * rng.normal(size=(3, network.size))
    trainer = Trainer(network, m, x, t, seeds=seeds, defects=d)
    state = trainer.run(trainer.initial(theta=theta), 60)
    assert compiled.fits(network, m, d)
    fast = compiled.CompiledTrainer(network, m, x, t, theta.copy(), seeds, d)
    fast.run(20)
    fast.run(40)
    assert abs(state.theta - theta).max() > 1e-3
    assert abs(fast.theta - state.theta).max() < 1e-11
    assert fast.evaluations_a_step * 60 == state.evaluations


@pytest.mark.parametrize("kinds", [("tanh", "sigmoid", "mse"), ("relu", "linear", "cross-entropy")])
def test_the_compiled_loop_descends_the_exact_gradient(kinds):
    rng = np.random.default_rng(4)
    network = models.dense((5, 4, 3, 3), *kinds)
    x, t = rng.normal(size=(6, 5)), np.eye(3)[rng.integers(0, 3, 6)]
    theta = rng.normal(size=(2, network.size))
    settings = MGD(eta=0.1, batch=6, order="cyclic")
    fast = compiled.CompiledTrainer(network, settings, x, t, theta.copy(), (1, 2), Defects(), exact=True)
    fast.run(2)
    for _ in range(2):
        theta = theta - 0.1 * backprop.gradient(network, theta, x, t)
    assert fast.theta == pytest.approx(theta, abs=1e-12)
    assert fast.evaluations_a_step == 6


@pytest.mark.parametrize(
    "other",
    [
        {"momentum": 0.5}, {"tau_p": 2, "tau_theta": 2}, {"code": "sinusoidal"}, {"normalise": True}, {"clamp": 0.1},
        {"mode": "forward", "tau_theta": 2}, {"method": "node", "batch": 2}, {"mode": "analog", "tau_x": 4},
    ],
)  # fmt: skip
def test_the_compiled_loop_refuses_what_it_does_not_know(other):
    network = models.dense((2, 2, 1))
    assert compiled.fits(network, MGD(), Defects()) and not compiled.fits(network, MGD(**other), Defects())
    assert not compiled.fits(network, MGD(), Defects(drift=0.1))
    assert not compiled.fits(models.fashion_cnn(), MGD(), Defects())


def test_first_steps_at_a_goal():
    seeds = [[0.1, 0.9, 0.3, 0.8], [0.9, 0.2, 0.9, 0.9], [0.1, 0.2, 0.1, 0.8], [0.1, 0.2, 0.9, 0.7]]
    curve = {"step": [0, 10, 20, 30], "accuracy": np.transpose(seeds).tolist()}
    assert common.first(curve, "accuracy", lambda a: a >= 0.8) == [30, 20, 30, None]
    assert common.passed(curve, 0.8) == [10, 0, 30, 20]
    assert common.passed(curve, 0.9) == [10, 0, None, 20]



def test_fractions_have_their_standard_error():
    assert common.fraction(146, 256) == "57 +- 3.1 %"  # sqrt(0.5703 * 0.4297 / 256) = 0.0309


def test_angles():
    from ohmgrad.scripts.studies.angle import angle

    a = np.array([[1.0, 0.0], [1.0, 1.0], [2.0, 0.0], [0.0, 0.0]])
    b = np.array([[3.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    assert angle(a, b) == pytest.approx([0, 45, 90, 90])


def write_images(folder: Path) -> None:
    """Small stand-ins for MNIST and Fashion-MNIST, in the IDX format."""
    rng = np.random.default_rng(1)
    for name in ("mnist", "fashion-mnist"):
        (folder / name).mkdir()
        for part, count in (("train", 80), ("t10k", 70)):
            images, labels = rng.integers(0, 256, (count, 28, 28), np.uint8), rng.integers(0, 10, count, np.uint8)
            for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
                head = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
                (folder / name / f"{part}-{kind}-ubyte").write_bytes(head + array.tobytes())


@pytest.mark.parametrize("name", [name for name in PAPERS["mgd"] if name != "onchip"])
def test_every_study_runs_at_a_tiny_size(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path)
    monkeypatch.setenv("OHMGRAD_DATA", str(tmp_path))
    (page,) = reproduce("mgd", [name], Options(quick=True), tmp_path / "out")
    data = json.loads(page.with_suffix(".json").read_text())
    assert data["rows"] and len(data["units"]) == len(framework.study(name).units(Options(quick=True)))
    assert page.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    store = framework.STORE / "mgd" / f"{name}.jsonl"
    before = store.read_bytes()
    reproduce("mgd", [name], Options(quick=True), tmp_path / "out")
    assert store.read_bytes() == before


KILLED = """
import sys, time
from pathlib import Path
from ohmgrad.scripts.studies import framework
from ohmgrad.scripts.studies.framework import ResultStore, Study, Unit

def run(number):
    def go(progress):
        Path(f"ran-{number}-{sys.argv[1]}").touch()
        if number == 2 and sys.argv[1] == "first":
            time.sleep(60)
        return {"value": number}
    return go

study = Study("toy", "", "", lambda o: [], lambda r: [])
units = [Unit({"number": n}, run(n)) for n in range(4)]
print([r["result"]["value"] for r in framework.run(study, units, ResultStore(Path("toy.jsonl")), lambda *_: None)])
"""


def test_a_run_that_is_killed_goes_on_behind_its_last_result(tmp_path):
    first = subprocess.Popen([sys.executable, "-c", KILLED, "first"], cwd=tmp_path)
    deadline = time.monotonic() + 60
    while not (tmp_path / "ran-2-first").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    again = subprocess.run([sys.executable, "-c", KILLED, "again"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert again.returncode == 0 and again.stdout == "[0, 1, 2, 3]\n"
    assert sorted(p.name for p in tmp_path.glob("ran-*-again")) == ["ran-2-again", "ran-3-again"]
