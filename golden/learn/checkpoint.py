"""A trainer's state as a file, restored to the bit."""

import json
import os
from dataclasses import asdict, fields
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from ..inputs import instance
from .state import State
from .trainer import Trainer


def save(path: str | os.PathLike[str], trainer: Trainer, state: State) -> None:
    """Write the state and what it belongs to; the file is replaced as a whole or not at all."""
    instance("save: trainer", trainer, Trainer)
    trainer.require_state("save: state", state)
    target = Path(path)
    arrays = {f.name: _numpy(getattr(state, f.name)) for f in fields(state)} | {"belongs": np.array(_belongs(trainer))}
    part = target.with_name(target.name + ".part")
    with open(part, "wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    os.replace(part, target)


def restore(path: str | os.PathLike[str], trainer: Trainer) -> State:
    """State that was saved by a trainer with the same network, settings, seeds and defects.

    Raises
    ------
    ValueError
        The file is damaged or belongs to another trainer.
    """
    instance("restore: trainer", trainer, Trainer)
    try:
        with np.load(path, allow_pickle=False) as file:
            whole = {name: file[name] for name in file.files}
        belongs = json.loads(str(whole.pop("belongs")))
        state = State(**{f.name: whole[f.name] for f in fields(State)})
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror or error}); allowed is a saved state.") from None
    except (KeyError, ValueError, EOFError, BadZipFile):
        raise ValueError(f"{path}: is damaged; allowed is a saved state.") from None
    ours = json.loads(_belongs(trainer))
    for key in ours:
        if belongs.get(key) != ours[key]:
            raise ValueError(f"{path}: {key} is {belongs.get(key)}; allowed is that of this trainer, {ours[key]}.")
    for f in fields(State):
        value = getattr(state, f.name)
        setattr(state, f.name, int(value) if value.dtype.kind == "i" else trainer.maker.array(value))
    trainer.require_state(str(path), state)
    return state


def _numpy(value: object) -> np.ndarray:
    return np.asarray(value.cpu() if hasattr(value, "cpu") else value.get() if hasattr(value, "get") else value)  # type: ignore


def _belongs(trainer: Trainer) -> str:
    settings = asdict(trainer.settings)
    settings["schedule"] = trainer.settings.schedule is not None
    return json.dumps({
        "network": [trainer.network.shape, trainer.network.layers, trainer.network.cost],
        "settings": settings,
        "defects": asdict(trainer.defects),
        "seeds": trainer.seeds.tolist(),
        "type": str(trainer.x.dtype).removeprefix("torch."),
        "samples": len(trainer.x),
    })  # fmt: skip
