"""Files are whole or not there, whoever else writes beside them; and one module writes them all."""

import ast
import os
import stat
import threading
from pathlib import Path

import pandas as pd
import pytest

from simopt.ground import files

PACKAGE = Path(__file__).parents[1] / "simopt"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def fail_half_way(path, **how):
    with files.write_aside(path, **how) as aside:
        aside.write_text("sec")
        raise RuntimeError


def test_a_file_is_whole_or_not_there(tmp_path):
    path = tmp_path / "page.html"
    files.write_text(path, "first\n")
    with pytest.raises(RuntimeError):
        fail_half_way(path)
    assert path.read_bytes() == b"first\n"
    assert names(tmp_path) == ["page.html"]


def test_of_several_texts_none_is_renamed_before_all_are_written(tmp_path):
    files.write_text(tmp_path / "a.html", "old")
    with pytest.raises(TypeError):
        files.write_texts(tmp_path, {"a.html": "new", "b.html": 7})
    assert (tmp_path / "a.html").read_text() == "old"
    assert names(tmp_path) == ["a.html"]
    files.write_texts(tmp_path, {"a.html": "new", "b.html": "é\n"})
    assert (tmp_path / "b.html").read_bytes() == "é\n".encode()


def test_writing_aside_keeps_the_ending_and_the_folder(tmp_path):
    with files.write_aside(tmp_path / "table.parquet") as aside:
        assert (aside.suffix, aside.parent) == (".parquet", tmp_path)
    with files.write_aside(tmp_path / f"{'n' * 248}.html") as aside:  # a name may have 255 bytes
        assert aside.suffix == ".html"


def test_names_aside_are_random_and_hidden(tmp_path):
    drawn = set()
    for _ in range(50):
        with files.write_aside(tmp_path / "a.csv") as aside:
            drawn.add(aside.name)
            assert aside.name.startswith(".a.")
            assert str(os.getpid()) not in aside.name.split(".")
    assert len(drawn) == 50


def test_a_planted_link_is_not_followed(tmp_path, monkeypatch):
    """Even one under the very name that is drawn: the file it points to keeps its bytes."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    monkeypatch.setattr(files.secrets, "token_hex", lambda _: "known")
    (tmp_path / ".page.known.html").symlink_to(victim)
    with pytest.raises(FileExistsError):
        files.write_text(tmp_path / "page.html", "mine")
    assert victim.read_text() == "precious"
    assert (tmp_path / ".page.known.html").is_symlink()
    assert not (tmp_path / "page.html").exists()


def test_a_link_in_place_of_the_file_is_replaced_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "page.html").symlink_to(victim)
    files.write_text(tmp_path / "page.html", "mine")
    assert victim.read_text() == "precious"
    assert (tmp_path / "page.html").read_text() == "mine"


def test_many_writers_of_one_file(tmp_path):
    """Each reads a whole text, whichever came last, and nothing is left beside it."""
    path = tmp_path / "one.txt"
    texts = [f"{k}" * 100_000 for k in range(8)]

    def write(text):
        for _ in range(20):
            files.write_text(path, text)

    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if path.exists():
            assert path.read_text() in texts
    for thread in threads:
        thread.join()
    assert names(tmp_path) == ["one.txt"]


def test_the_first_of_two_stays(tmp_path):
    for data in (b"first", b"second"):
        files.write_bytes(tmp_path / "a", data, overwrite=False)
    assert (tmp_path / "a").read_bytes() == b"first"
    assert names(tmp_path) == ["a"]


def test_permissions_are_the_user_s(tmp_path):
    before = os.umask(0o027)
    try:
        files.write_text(tmp_path / "a", "text")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_tables(tmp_path):
    table = pd.DataFrame({"a": [1, 2]})
    for name in ("t.csv", "new/t.parquet"):
        files.write_table(tmp_path / name, table)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "t.csv"), table)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "new" / "t.parquet"), table)


@pytest.mark.parametrize("check", [files.check_file, files.check_folder])
@pytest.mark.parametrize("value", ["a\0b", "n" * 5000, 3, None, b"bytes"])
def test_no_path(check, value):
    with pytest.raises(ValueError, match=r"^--out="):
        check("--out", value)


def test_what_stands_in_the_way(tmp_path):
    (tmp_path / "file.html").write_text("")
    with pytest.raises(ValueError, match=r"^--out=.*in a folder, but '.*file\.html' is a file"):
        files.check_file("--out", tmp_path / "file.html" / "new" / "x.html")
    with pytest.raises(ValueError, match=r"^--out=.*a file, not a folder"):
        files.check_file("--out", tmp_path)
    with pytest.raises(ValueError, match=r"^--out=.*ends in \.html or \.htm"):
        files.check_file("--out", tmp_path / "x.txt", files.HTML)
    assert files.check_file("--out", tmp_path / "file.html", files.HTML) == tmp_path / "file.html"
    assert files.check_folder("--out", tmp_path / "new" / "one") == tmp_path / "new" / "one"
    assert names(tmp_path) == ["file.html"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_a_folder_closed_to_the_user(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ValueError, match="folder="):
        files.check_folder("folder", tmp_path / "new")


def test_a_folder_that_takes_no_files(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ValueError, match=r"folder=.*where one may write"):
        files.check_folder("folder", tmp_path / "new")


#: Methods that write a file when they get a path; of a buffer or nothing they don't.
WRITING = {"savefig", "savez", "to_csv", "to_html", "to_json", "to_parquet", "to_pickle", "tofile"}
WRITING |= {"mkdtemp", "mkstemp", "replace", "touch", "write_bytes", "write_text"}


def writes(tree):
    """Lines of a module that make or write files by themselves."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            modules = [node.module] if isinstance(node, ast.ImportFrom) else []
            if {"tempfile", "shutil"} & {*modules, *(alias.name for alias in node.names)}:
                yield node.lineno, "tempfile or shutil"
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        owner = function.value if isinstance(function, ast.Attribute) else None
        if isinstance(owner, ast.Name) and owner.id == "files":
            continue
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        if name == "open":
            modes = [each.value for each in given if isinstance(each, ast.Constant)]
            if any(isinstance(mode, str) and set(mode) & set("wax+") for mode in modes
                   if str(mode) not in ("utf-8", "ascii")):  # fmt: skip
                yield node.lineno, "open for writing"
        elif name == "replace" and not (isinstance(owner, ast.Name) and owner.id == "os"):
            continue  # of text, of a dataclass
        elif name in ("savefig", "to_csv", "to_html", "to_json"):
            buffer = not node.args or getattr(node.args[0], "id", "") in ("aside", "buffer", "out")
            if not buffer:
                yield node.lineno, name
        elif name in WRITING:
            yield node.lineno, name


def test_nothing_else_writes_files():
    """One way to write, so that what these tests hold is held everywhere."""
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {what}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path != PACKAGE / "ground" / "files.py"
        for line, what in writes(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        "import tempfile", "from tempfile import mkdtemp", "open(p, 'w')", "p.open(mode='xb')",
        "p.write_text(t)", "table.to_csv(path)", "figure.savefig(path)", "os.replace(a, b)",
        "open(p, 'r+b')", "table.to_parquet(p)", "import shutil",
    ],
)  # fmt: skip
def test_the_search_finds_what_it_is_for(code):
    assert list(writes(ast.parse(code)))
