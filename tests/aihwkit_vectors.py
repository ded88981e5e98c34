"""The reference vectors made with aihwkit, where they lie beside the project; their README says what each array is."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ohmgrad.golden.analog import devices

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "reference" / "aihwkit"
NO_FOLDER = pytest.mark.skipif(not FOLDER.is_dir(), reason="no reference vectors: shared/reference/aihwkit is not here")


def names(pattern: str) -> list[str]:
    """Names of the vectors that match a pattern of `Path.glob`, sorted; one that skips where there are none."""
    found = sorted(path.stem for path in FOLDER.glob(pattern + ".npz"))
    return found or [pytest.param("none", marks=NO_FOLDER)]


def load(name: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and parameters of one vector."""
    with np.load(FOLDER / f"{name}.npz") as file:
        arrays = dict(file)
    return arrays, json.loads(str(arrays.pop("params")))


def device_from_params(params: dict[str, Any]) -> devices.PulsedDevice:
    """The device of an aihwkit configuration, which must hold nothing that ours lacks."""
    fields = {key: value for key, value in params.items() if key not in ("class", "construction_seed", "count_pulses")}
    assert not params["count_pulses"]
    fields["drift"] = devices.Drift(**{key: value for key, value in fields["drift"].items() if key != "class"})
    return getattr(devices, params["class"].removesuffix("Device"))(**fields)
