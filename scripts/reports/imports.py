"""Which room of the code imports which: `python -m ohmgrad.scripts.reports.imports [FOLDER]`.

Writes imports.json, imports.md and imports.svg into the folder (docs/results by default), or ends in one sentence if
the rooms import each other in a circle. A room is a folder that holds files, with the folders in it, or a file that
stands directly in one of the top folders; test benches and examples, which only `scripts` imports, are one room each.
Imports that only type checkers follow (under `if TYPE_CHECKING:`) are none.
"""

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from ...fpga.errors import Failure
from ...fpga.files import replacing, write_json
from ..plots import BLUE, INK, PLAIN, RED, image

ROOT = Path(__file__).parents[2]
TOPS = ("golden", "rtl", "fpga", "cocotb_tests", "examples", "scripts")
"""Folders of the package, the lowest first."""
WHOLE = ("cocotb_tests", "examples")
"""Folders that are one room."""
COLOURS = ("#e8f0f8", "#fdf0e1")

PAGE = """# Imports between rooms

`python -m ohmgrad.scripts.reports.imports` made this page, its picture and [imports.json](imports.json) from the
sources. {rooms} rooms, {arrows} arrows, no circle: each room imports only rooms above it in the table, so in the
picture every mark lies left of the diagonal. `lint-imports`, which `scripts/test` runs, holds the order that
`pyproject.toml` gives the rooms.

A room is a folder that holds files, with the folders in it, or a file that stands directly in one of the top folders.
A number says in how many cases a file of the room imports a file of the other; imports for type checkers alone do not
count.

![Imports between rooms](imports.svg)

| room | files | imports |
|---|---|---|
{table}
"""

Arrows = Mapping[str, Counter[str]]
"""For each room, how many imports of each other room its files have."""


def sources(root: Path = ROOT) -> dict[str, str]:
    """Text of every file by the module's name, without `ohmgrad.`; a folder's `__init__` has the folder's."""
    found = {}
    for top in TOPS:
        for file in sorted((root / top).rglob("*.py")):
            parts = file.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file.read_text()
    return found


def room(module: str, modules: Mapping[str, str]) -> str:
    """Room that a module stands in."""
    parts = module.split(".")
    if parts[0] in WHOLE:
        return parts[0]
    for length in range(2, len(parts)):
        folder = ".".join(parts[:length])
        if any(other.rpartition(".")[0] == folder and not _is_folder(other, modules) for other in modules):
            return folder
    return module


def arrows(modules: Mapping[str, str]) -> Arrows:
    """Imports between rooms, for every room that has files besides `__init__`."""
    found: dict[str, Counter[str]] = {}
    for module, text in modules.items():
        here = room(module, modules)
        counts = found.setdefault(here, Counter())
        package = module if _is_folder(module, modules) else module.rpartition(".")[0]
        targets = {_module(name, modules) for name in _imported(ast.parse(text), package)}
        counts.update(there for name in targets if name and (there := room(name, modules)) != here)
    full = {room(module, modules) for module in modules if not _is_folder(module, modules)}
    return {name: counts for name, counts in found.items() if name in full}


def order(graph: Arrows) -> list[str]:
    """Rooms in an order in which each imports only those before it: by top folder, then by name, as far as that goes.

    Raises
    ------
    Failure
        There is a circle; the sentence names its rooms.
    """
    left, done = sorted(graph, key=lambda name: (TOPS.index(name.split(".")[0]), name)), []
    while left:
        ready = [name for name in left if not (set(graph[name]) & set(left))]
        if not ready:
            raise Failure(f"imports: rooms import each other in a circle: {' -> '.join(_circle(graph, left))}.")
        done.append(ready[0])
        left.remove(ready[0])
    return done


def page(graph: Arrows, files: Mapping[str, int]) -> str:
    """Text of imports.md."""
    rooms = order(graph)
    count = sum(len(counts) for counts in graph.values())
    lines = [
        f"| `{name}` | {files[name]} | "
        + (", ".join(f"`{there}` {graph[name][there]}" for there in rooms if graph[name][there]) or "-")
        + " |"
        for name in rooms
    ]
    return PAGE.format(rooms=len(rooms), arrows=count, table="\n".join(lines))


def picture(graph: Arrows) -> Figure:
    """Matrix of the imports, the importing room down, the imported one across, both in the order of `order`."""
    rooms = order(graph)
    with rc_context(PLAIN):
        figure = Figure(figsize=(11, 11), layout="constrained")
        axes = figure.subplots()
        tops = [name.split(".")[0] for name in rooms]
        for i, top in enumerate(dict.fromkeys(tops)):
            inside = [k for k, other in enumerate(tops) if other == top]
            low, high = inside[0] - 0.5, inside[-1] + 0.5
            axes.axhspan(low, high, color=COLOURS[i % 2], zorder=0)
        for y, name in enumerate(rooms):
            axes.plot(y, y, "s", color="#cccccc", markersize=4)
            for there, count in graph[name].items():
                x = rooms.index(there)
                axes.plot(x, y, "o", color=BLUE if x < y else RED, markersize=3 + 1.5 * min(count, 12) ** 0.5)
        for set_ticks in (axes.set_xticks, axes.set_yticks):
            set_ticks(range(len(rooms)), rooms)
        axes.tick_params(axis="x", labelrotation=90)
        axes.tick_params(labelsize=7, length=0, colors=INK)
        axes.xaxis.tick_top()
        axes.set_xlim(-0.5, len(rooms) - 0.5)
        axes.set_ylim(len(rooms) - 0.5, -0.5)
        axes.set_xlabel("is imported by the rooms marked below it")
        axes.set_ylabel("imports the rooms marked beside it")
    return figure


def main(arguments: list[str]) -> int:
    """`[FOLDER]`; returns the exit code."""
    folder = Path(arguments[0]) if arguments else ROOT / "docs/results"
    modules = sources()
    graph = arrows(modules)
    files = Counter(room(module, modules) for module in modules)
    try:
        rooms = order(graph)
    except Failure as error:
        print(error, file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    write_json(
        folder / "imports.json",
        [{"room": name, "files": files[name], "imports": dict(sorted(graph[name].items()))} for name in rooms],
    )
    with replacing(folder / "imports.md") as file:
        file.write(page(graph, files).encode())
    with replacing(folder / "imports.svg") as file:
        with rc_context({"svg.fonttype": "none"}):
            file.write(image(picture(graph), "svg"))
    print(f"{len(rooms)} rooms, {sum(map(len, graph.values()))} arrows, no circle: {folder / 'imports.md'}")
    return 0


def _is_folder(module: str, modules: Mapping[str, str]) -> bool:
    return any(other.startswith(f"{module}.") for other in modules)


def _imported(tree: ast.AST, package: str) -> Iterator[str]:
    """Names that are imported anywhere in a file, in full and without `ohmgrad.`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name.removeprefix("ohmgrad.") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ("ohmgrad." + package).split(".")[: -(node.level - 1) or None] if node.level else []
            stem = ".".join([*base, *filter(None, [node.module])])
            yield from (f"{stem}.{alias.name}".removeprefix("ohmgrad.") for alias in node.names)
        yield from _imported(node, package)


def _module(name: str, modules: Mapping[str, str]) -> str:
    """Module that a name is in, or nothing if it is none of ours."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name


def _circle(graph: Arrows, left: list[str]) -> list[str]:
    """A circle among rooms, each of which imports another of them."""
    path = [left[0]]
    while path[-1] not in path[:-1]:
        path.append(next(name for name in left if graph[path[-1]][name]))
    return path[path.index(path[-1]) :]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
