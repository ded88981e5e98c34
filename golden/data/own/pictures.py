"""Folders of pictures, a folder for each class, as grey values of 0 to 255."""

from pathlib import Path

import numpy as np

from ..fetch import DataError
from .request import Request
from .samples import Samples

KINDS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
"""Ends of names that are pictures; other files are passed over."""


def picture_files(source: str, with_targets: bool) -> list[Path]:
    """Pictures of a folder by their paths: in a folder for each class, or if there are to be no targets, in it too."""
    root = Path(source)
    if not root.is_dir():
        raise DataError(f"{source}: is no folder; right is one with a folder of pictures for each class.")
    found = [path for path in sorted(root.glob("*/*")) if path.suffix.lower() in KINDS]
    if not with_targets:
        found = found or [path for path in sorted(root.iterdir()) if path.suffix.lower() in KINDS]
    if not found:
        raise DataError(f"{source}: has no pictures; right is a folder for each class, with files {', '.join(KINDS)}.")
    return found


def read_pictures(source: str, paths: list[Path], request: Request) -> Samples:
    """Read pictures; without `request.pixels` all must be of one size."""
    from PIL import Image, UnidentifiedImageError

    pictures: list[np.ndarray] = []
    size = (request.pixels[1], request.pixels[0]) if request.pixels else None
    for path in paths:
        try:
            with Image.open(path) as opened:
                picture = opened.convert("L")
        except (OSError, UnidentifiedImageError, SyntaxError, ValueError, Image.DecompressionBombError):
            raise DataError(f"{path}: is no sound picture.") from None
        size = size or picture.size
        if picture.size != size and request.pixels:
            picture = picture.resize(size, Image.Resampling.BOX)
        if picture.size != size:
            raise DataError(
                f"{path}: has {picture.height} x {picture.width} pixels, {paths[0].name} {size[1]} x {size[0]}; "
                "right is one size for all, or data.pixels."
            )
        pictures.append(np.asarray(picture, np.uint8).ravel())
    labels = [[path.parent.name] for path in paths if path.parent != Path(source)]
    names = tuple(f"pixel[{k}]" for k in range(len(pictures[0])))
    targets = np.array(labels, str) if labels else np.empty((len(paths), 0), str)
    return Samples(source, names, np.array(pictures), targets, ("folder",) * bool(labels))
