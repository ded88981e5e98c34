"""Functions that a reader can take in: few arguments, levels and lines; exceptions stand in a table with reasons."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("golden", "rtl", "fpga", "scripts")
MOST = {"arguments": 10, "nested": 4, "lines": 80}

EXCEPTIONS = {
    ("scripts/commands/training.py", "train", "arguments"): "options of the command line, which typer reads",
}
"""What is beyond the limits: file, function and limit."""

BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match, ast.AsyncFor, ast.AsyncWith)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def nested(statements: list) -> int:
    """Levels of blocks; `elif` is on the level of its `if`, and functions within are counted on their own."""
    deepest = 0
    for statement in statements:
        if isinstance(statement, Function | ast.ClassDef):
            continue
        inside = 0
        for name, value in ast.iter_fields(statement):
            if not isinstance(value, list):
                continue
            inner = [node for node in value if isinstance(node, ast.stmt)]
            for part in value:
                if isinstance(part, ast.ExceptHandler | ast.match_case):
                    inner += part.body
            chained = name == "orelse" and len(inner) == 1 and isinstance(inner[0], ast.If)
            inside = max(inside, nested(inner) - (chained and isinstance(statement, ast.If)))
        deepest = max(deepest, inside + isinstance(statement, BLOCKS))
    return deepest


def sizes(function: Function) -> dict[str, int]:
    """What `MOST` limits."""
    a, end = function.args, function.end_lineno or function.lineno
    arguments = len([*a.posonlyargs, *a.args, *a.kwonlyargs]) + bool(a.vararg) + bool(a.kwarg)
    return {"arguments": arguments, "nested": nested(function.body), "lines": end - function.lineno + 1}


def functions(text: str) -> Iterator[Function]:
    """All functions of a module, methods and inner ones among them."""
    return (node for node in ast.walk(ast.parse(text)) if isinstance(node, Function))


def beyond() -> dict[tuple[str, str, str], int]:
    """All that is beyond the limits."""
    found = {}
    for file in (file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))):
        for function in functions(file.read_text()):
            for limit, size in sizes(function).items():
                if size > MOST[limit]:
                    found[file.relative_to(ROOT).as_posix(), function.name, limit] = size
    return found


def test_functions_are_small():
    found = beyond()
    assert not {key: size for key, size in found.items() if key not in EXCEPTIONS}, MOST
    assert not [key for key in EXCEPTIONS if key not in found], "exceptions that nothing needs any more"


@pytest.mark.parametrize(
    ("text", "limit", "size"),
    [
        ("def f(a, /, b, *c, d, **e): pass", "arguments", 5),
        ("def f():\n  if a:\n    pass\n  elif b:\n    pass\n  elif c:\n    for x in y: pass", "nested", 2),
        ("def f():\n  if a:\n    pass\n  else:\n    x = 1\n    if b: pass", "nested", 2),
        ("def f():\n  try: pass\n  except E:\n    with m.If(a):\n      while b: pass", "nested", 3),
        ("def f():\n  match a:\n    case 1:\n      if b: pass", "nested", 2),
        ("def f():\n  def g():\n    if a: pass\n  for x in y: pass", "nested", 1),
        ("def f():\n  a\n\n  b", "lines", 4),
    ],
)
def test_sizes_are_measured(text, limit, size):
    assert sizes(next(functions(text)))[limit] == size
