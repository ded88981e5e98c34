"""What docs and docstrings name exists: links, files, modules, papers; and one block has one name in three files."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOPS = ("golden", "rtl", "fpga", "scripts", "cocotb_tests", "tests", "examples")
PAGES = sorted(p for p in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")) if "/build/" not in str(p))
SOURCES = sorted(file for top in TOPS for file in (ROOT / top).rglob("*.py"))
SINCE = ROOT / "CHANGELOG.md"
"""May name what is no more."""

STUDIES = ("mgd", "ttv2")
"""Pages that commands write; that of the results links to the glossary for them."""

LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
FILE = re.compile(rf"(?<![\w/.-])(?:{'|'.join(TOPS)}|docs)/[\w/.*-]*\w(?:/(?=`))?")
MODULE = re.compile(rf"(?<![\w/.-])(?:ohmgrad\.)?((?:{'|'.join(TOPS)})(?:\.[A-Za-z_]\w*)+)(?![\w/-])")
KEY = re.compile(r"\[([A-Z][A-Z]?\d\d)\b[^\]]*\]")
SUFFIXES = (".py", ".md", ".toml", ".json", ".cpp", ".sh", ".v", ".png", ".vlt")


def prose(path: Path) -> str:
    """A page; or of a source its docstrings and comments."""
    text = path.read_text()
    if path.suffix == ".md":
        return text
    strings = [
        node.value.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]
    return "\n".join(strings + re.findall(r"(?:^|\s)# .*$", text, re.MULTILINE))


def heading(line: str) -> str:
    """Name that a heading has as the target of a link."""
    return re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower()).replace(" ", "-")


@cache
def names(file: Path) -> frozenset[str]:
    """Names that a module defines or imports at its top."""
    found: set[str] = set()
    tree = ast.parse(file.read_text())
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
    return frozenset(found)


def missing_module(dotted: str) -> bool:
    """Whether a dotted name is neither a module, nor a name in one."""
    parts = dotted.split(".")
    path = ROOT / parts[0]
    for i, part in enumerate(parts[1:], 1):
        if (path / part).is_dir():
            path = path / part
        elif (path / f"{part}.py").exists():
            return i + 1 < len(parts) and parts[i + 1] not in names(path / f"{part}.py")
        else:
            return not (path / "__init__.py").exists() or part not in names(path / "__init__.py")
    return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    for target, anchor in LINK.findall(page.read_text()):
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), f"{target} does not exist"
        if anchor and there.suffix == ".md":
            headings = {heading(line) for line in there.read_text().splitlines() if line.startswith("#")}
            assert anchor in headings, f"{target}#{anchor}: no such heading"


@pytest.mark.parametrize("top", ["", *TOPS, "docs"])
def test_files_and_modules_that_are_named_exist(top):
    """Files with a suffix anywhere; folders and modules where they are marked as code, or in docstrings."""
    wrong = []
    for path in (p for p in [*PAGES, *SOURCES] if p != SINCE):
        where = path.relative_to(ROOT)
        if (where.parts[0] if len(where.parts) > 1 else "") != top:
            continue
        text = prose(path)
        code = " ".join(re.findall(r"`([^`\n]+)`", text))
        for file in FILE.findall(text):
            if file.endswith(SUFFIXES) and "NAME" not in file and not list(ROOT.glob(file)):
                wrong.append(f"{where}: {file}")
        for folder in FILE.findall(code):
            if not re.search(r"\.\w+$", folder) and not list(ROOT.glob(folder.rstrip("/"))):
                wrong.append(f"{where}: {folder}")
        for dotted in MODULE.findall(text if path.suffix == ".py" else code):
            if not dotted.endswith(SUFFIXES) and missing_module(dotted):
                wrong.append(f"{where}: {dotted}")
    assert not wrong, "\n".join(wrong)


def test_keys_of_papers_are_in_the_glossary():
    glossary = set(re.findall(r"^\| \[([A-Z]+\d\d)\] \|", (ROOT / "docs/glossary.md").read_text(), re.MULTILINE))
    used = {key: path for path in [*PAGES, *SOURCES] for key in KEY.findall(prose(path))}
    assert set(used) == glossary


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_pages_that_use_a_key_link_to_the_glossary(page):
    text = page.read_text()
    if KEY.search(text) and page.name != "glossary.md" and page.parent.name not in STUDIES:
        assert re.search(r"\]\([./]*(docs/)?glossary\.md", text)


PARTS = {"golden": "golden/blocks/{}/{}.py", "rtl": "rtl/{}/{}.py", "test": "cocotb_tests/{}/test_{}.py"}


def blocks(kind: str) -> set[tuple[str, str]]:
    """Room and name of the files of one of the three kinds."""
    pattern, prefix = PARTS[kind].format("*", "*"), "test_" if kind == "test" else ""
    files = (file for file in ROOT.glob(pattern) if file.stem != "__init__")
    return {(file.parent.name, file.stem.removeprefix(prefix)) for file in files}


def test_one_block_one_name_three_files():
    """Each of the three has the other two, or is a part of such a block, or stands in the table of exceptions."""
    page = (ROOT / "docs/architecture.md").read_text().partition("## Files without a twin")[2].partition("\n## ")[0]
    excused = {file for row in re.findall(r"^\| (`.*?) \|", page, re.MULTILINE) for file in re.findall(r"`(.*?)`", row)}
    whole = blocks("golden") & blocks("rtl") & blocks("test")
    alone = {
        PARTS[kind].format(room, name)
        for kind in PARTS
        for room, name in blocks(kind) - whole
        if not any(room == other and name.startswith(f"{block}_") for other, block in blocks("test"))
    }
    assert alone == excused
