"""Every reference in code and documentation leads to something that exists in the repository.

Checked are paths of files, modules and tests in prose (Markdown, docstrings, comments), links, and decision notes. CHANGELOG.md
is exempt, because it describes earlier versions.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOTES = ROOT / "docs" / "decisions"
EXEMPT = {"CHANGELOG.md", "tests/docs/test_references.py", "tests/docs/test_security.py"}
"""Files that name missing things on purpose."""
ELSEWHERE = {"README.md", "readme.md", "LICENSE.md", "unkeyed.mjs", "apollo-cache.mjs", "urql-cache.mjs", "sockets.mjs"}
"""Names of files in exports and in other packages, and of examples in docs/clients.md."""
TEXTS = (".py", ".md", ".toml", ".mjs", ".js", ".jsx", ".yml", ".yaml", ".sh", "Makefile", "NOTICE", "Dockerfile", ".ci/run")
_PROSE = re.compile(r'"""(?:.|\n)*?"""|(?<![\w"\'])#[^\n]*')
_FILE = re.compile(r"(?<![\w/.:~$}>-])((?:[\w*-]+/)*[\w*-]+\.(?:py|md|mjs|jsx|toml))\b(?![/(\w])")
_FOLDER = re.compile(r"(?<![\w/.:~$}>-])((?:docs|tests|benchmarks|deploy)/(?:[\w-]+/)*)(?![\w*{<-]|\.\w)")
_LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
_MODULE = re.compile(r"`([a-z_]\w*(?:\.\w+)+)(?:\(\))?`|python -m ([a-z_]\w*(?:\.\w+)*)")
_TEST = re.compile(r"`(test_\w+)`")
_NOTE = re.compile(r"docs/decisions/(\d+)|\b[Dd]ecision (\d+)\b")
_OUTSIDE = re.compile(
    r"DECISIONS \d+|\b(?:HOUSE|ENGINES|SCHEMA|LOCATIONS)(?:\.md| \d+)|\.\./shared(?!/data/photos)|/work/(?:main|shared)\b"
)


@cache
def files() -> tuple[str, ...]:
    """The paths of all files of the repository, new ones included."""
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return tuple(path for path in listed if (ROOT / path).is_file())


@cache
def text_of(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def texts() -> Iterator[tuple[str, str]]:
    for path in files():
        if path.endswith(TEXTS) and path not in EXEMPT and not path.startswith("execution/page/"):
            yield path, text_of(path)


def prose(path: str, text: str) -> str:
    """The docstrings and comments of a Python file; all text of another file."""
    return "\n".join(_PROSE.findall(text)) if path.endswith(".py") else text


@cache
def note_numbers() -> tuple[int, ...]:
    return tuple(int(path.name[:3]) for path in NOTES.glob("[0-9]*.md"))


@cache
def file_exists(name: str, folder: str) -> bool:
    """A path from the root, from the folder of the file that names it, or the end of a path; `*` matches any text."""
    if "*" in name:
        return any(fnmatch(path, name) or fnmatch(path, f"*/{name}") for path in files())
    if Path(name).name in ELSEWHERE or (ROOT / name).exists() or (ROOT / folder / name).exists():
        return True
    return any(path.endswith(f"/{name}") for path in files())


@cache
def module_exists(name: str) -> bool:
    """A module or package of the repository, or a name in one. The names of other packages and data files are not checked."""
    parts = name.split(".")
    if not any((ROOT / parts[0]).glob("*.py")) or parts[-1] in {"json", "bin", "txt", "toml"}:
        return True
    for length in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:length])
        source = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
        if source.is_file():
            if not (rest := parts[length:]) or re.search(rf"\b{rest[0]}\b", source.read_text("utf-8")):
                return True
            break
    short = [path for path in files() if path.endswith(f"/{parts[0]}.py")]
    return any(re.search(rf"\b{parts[1]}\b", text_of(path)) for path in short)


@cache
def names_of_tests() -> frozenset[str]:
    sources = [path for path in files() if path.startswith("tests/") and path.endswith(".py")]
    return frozenset(name for path in sources for name in (Path(path).stem, *re.findall(r"def (test_\w+)\(", text_of(path))))


def missing(path: str, text: str) -> Iterator[str]:
    """What a text refers to and is missing, each with what to do."""
    words, folder = prose(path, text), str(Path(path).parent)
    for name in {*_FILE.findall(words), *re.findall(r"(?<![\w/.-])docs/[\w/-]+\.md", text)}:
        if not file_exists(name, folder):
            yield f"{path}: the file {name} does not exist: correct the path or remove the reference"
    for name in set(_FOLDER.findall(words)):
        if not (ROOT / name).is_dir():
            yield f"{path}: the folder {name} does not exist: correct the path"
    for quoted, started in set(_MODULE.findall(words)):
        if (name := quoted or started) and not module_exists(name) and not file_exists(name, folder):
            yield f"{path}: the module or name {name} does not exist: correct it"
    for name in set(_TEST.findall(words)) - names_of_tests():
        yield f"{path}: no test is named {name}: correct the name"
    for number in {int(a or b) for a, b in _NOTE.findall(text)} - set(note_numbers()):
        yield f"{path}: docs/decisions has no note {number:03}: add it or correct the number"
    for name in set(_OUTSIDE.findall(text)):
        yield f"{path}: {name} is outside the repository: state the reason itself or cite a file in docs/decisions"
    if path.endswith(".md"):
        for name in set(_LINK.findall(text)):
            if not (ROOT / folder / name).exists():
                yield f"{path}: the link to {name} leads nowhere: correct it"


def test_every_reference_leads_to_something() -> None:
    found = sorted(line for path, text in texts() for line in missing(path, text))
    assert not found, "\n" + "\n".join(found)


def test_decision_notes_are_numbered_once_and_headed_alike() -> None:
    found = []
    for path in sorted(NOTES.iterdir()):
        if not re.fullmatch(r"\d{3}-[a-z0-9-]+\.md", path.name):
            found.append(f"{path.name}: name it NNN-title-in-lower-case.md")
        elif not path.read_text("utf-8").startswith(f"# {int(path.name[:3])}. "):
            found.append(f"{path.name}: begin it with `# {int(path.name[:3])}. Title`")
    found += [f"decision {n} exists more than once: renumber one" for n in set(note_numbers()) if note_numbers().count(n) > 1]
    assert not found, "\n" + "\n".join(found)


def test_planted_references_are_found() -> None:
    planted = {
        "docs/nothing.md": "the file docs/nothing.md",
        "tests/access/test_nothing.py": "the file tests/access/test_nothing.py",
        "tests/nothing/": "the folder tests/nothing/",
        "`datasources.search.nothing`": "the module or name datasources.search.nothing",
        "`access.policy.Nothing`": "the module or name access.policy.Nothing",
        "`python -m benchmarks.nothing`": "the module or name benchmarks.nothing",
        "`test_nothing_at_all`": "no test is named test_nothing_at_all",
        "docs/decisions/999": "no note 999",
        "decision 998": "no note 998",
        "DECISIONS 12": "DECISIONS 12 is outside",
        "../shared/design": "../shared is outside",
        "[text](nothing.txt)": "the link to nothing.txt",
    }
    for text, complaint in planted.items():
        assert [line for line in missing("README.md", f"See {text}.") if complaint in line], text
        if not text.startswith("["):
            assert [line for line in missing("access/ids.py", f'"""See {text}."""') if complaint in line], text
    good = "`access.policy`, `access.policy.Visibility`, tests/docs/test_references.py, `tests/contract/test_photo_index_*.py`, docs/decisions/001"
    assert list(missing("README.md", good)) == []
