"""The example scripts of docs/chip_in_the_loop.md, short."""

import numpy as np
import pytest

from ohmgrad.examples import chip_in_the_loop, daffodil, my_board
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import ChipConfig
from ohmgrad.golden.data import datasets
from ohmgrad.golden.engine import Engine
from ohmgrad.golden.learn.engine_chip import EngineChip, GoldenEvaluator

CONFIG = ChipConfig.model_validate(
    {
        "name": "xor",
        "seed": 1,
        "network": {"layers": [2, 2, 1], "activation": "tanh"},
        "data": {"set": "xor", "order": "random"},
        "cost": {"function": "mse", "mode": "antithetic", "bits": 21},
        "perturbation": {"amplitude": 0.05},
        "update": {"path": "digital", "eta": 0.01},
        "weights": {"bits": 18, "dac_bits": 12, "range": 8.0, "init": 1.0},
        "array": {"input_bits": 8, "adc_bits": 10, "adc_bound": 8.0, "output_bits": 10},
        "run": {"steps": 1000},
    }
)


def test_host_and_engine_take_the_same_course():
    """1,200 steps from 0.58 to 0.1. A rate register of 8 bits and words of theta differ by some 1e-3 from floats."""
    data = CONFIG.data
    engine = Engine(Chip(CONFIG), datasets.load(data.set, data.train, data.test, CONFIG.seed))
    host = chip_in_the_loop.by_host(EngineChip(engine.chip, GoldenEvaluator(engine)), engine, 1200)
    own = chip_in_the_loop.by_engine(None, engine, 1200)
    assert host[0] == own[0] > 0.5 and own[-1] < 0.12
    np.testing.assert_allclose(host, own, rtol=0.1)


def test_the_skeleton_learns_xor(capsys):
    """Outputs of 0 would cost 0.5."""
    assert my_board.main(1000) < 0.05
    assert capsys.readouterr().out.count("mean cost") == 10


def test_without_a_clone_there_is_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match="no clone of daffodil-lib; allowed is the folder that git clone https"):
        daffodil.main(tmp_path)


def test_the_picture_is_drawn(tmp_path):
    chip_in_the_loop.draw(tmp_path / "new" / "xor.png", "xor", 1000, {"host": list(np.linspace(1, 0.1, 21))})
    assert (tmp_path / "new" / "xor.png").read_bytes().startswith(b"\x89PNG")
