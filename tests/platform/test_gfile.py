from __future__ import annotations

from pathlib import Path

import pytest

from gradiente.graph import errors
from gradiente.platform import gfile


def test_text_is_utf8_and_positions_are_bytes(tmp_path: Path):
    path = tmp_path / "text.txt"
    with gfile.GFile(path, "w") as file:
        file.write("año\n")
        file.write("b\n")
        assert file.tell() == 7
        assert file.size() == 7
    with gfile.Open(str(path)) as file:
        assert file.read(2) == "añ"
        assert file.tell() == 3
        assert file.readline() == "o\n"
        assert file.readlines() == ["b\n"]
        assert file.read() == ""
        file.seek(0)
        assert list(file) == ["año\n", "b\n"]
        file.seek(position=5)
        assert file.read() == "b\n"
        assert (file.name, file.mode) == (str(path), "r")


def test_bytes(tmp_path: Path):
    path = tmp_path / "bytes"
    with gfile.FastGFile(path, "wb") as file:
        file.write(b"\xff\x00")
    with gfile.FastGFile(path, "ab") as file:
        file.write(b"\n1")
    assert gfile.FastGFile(path, "rb").readlines() == [b"\xff\x00\n", b"1"]


def test_a_file_is_made_by_the_first_write(tmp_path: Path):
    path = tmp_path / "late"
    with gfile.GFile(path, "w"):
        pass
    assert not gfile.Exists(path)


@pytest.mark.parametrize(
    ("mode", "action", "error"),
    [
        ("r", lambda file: file.read(), errors.NotFoundError),
        ("r", lambda file: file.write("x"), errors.PermissionDeniedError),
        ("w", lambda file: file.read(), errors.PermissionDeniedError),
    ],
)
def test_errors_of_files(tmp_path: Path, mode, action, error):
    file = gfile.GFile(tmp_path / "none", mode)
    with pytest.raises(error, match="none"):
        action(file)


def test_unknown_mode(tmp_path: Path):
    with pytest.raises(errors.InvalidArgumentError, match="'q'"):
        gfile.GFile(tmp_path / "f", "q")


def test_folders(tmp_path: Path):
    top = tmp_path / "top"
    gfile.MkDir(top)
    gfile.MkDir(top)
    with pytest.raises(errors.NotFoundError):
        gfile.MkDir(tmp_path / "none" / "sub")
    gfile.MakeDirs(top / "a" / "b")
    gfile.MakeDirs(top / "a" / "b")
    (top / "f.txt").write_text("123")
    (top / "a" / "g.txt").write_text("1")
    with pytest.raises(errors.FailedPreconditionError, match="not a directory"):
        gfile.MakeDirs(top / "f.txt")
    assert gfile.ListDirectory(top) == ["a", "f.txt"]
    assert gfile.IsDirectory(top / "a")
    assert not gfile.IsDirectory(top / "f.txt")
    assert gfile.Glob(str(top / "*.txt")) == [str(top / "f.txt")]
    assert gfile.Glob([str(top / "a*"), str(top / "f*")]) == [str(top / "a"), str(top / "f.txt")]
    assert list(gfile.Walk(top)) == [
        (str(top), ["a"], ["f.txt"]),
        (str(top / "a"), ["b"], ["g.txt"]),
        (str(top / "a" / "b"), [], []),
    ]
    assert [folder for folder, _, _ in gfile.Walk(top, in_order=False)][-1] == str(top)
    statistics = gfile.Stat(top / "f.txt")
    assert (statistics.length, statistics.is_directory) == (3, False)
    gfile.DeleteRecursively(top)
    assert not gfile.Exists(top)


@pytest.mark.parametrize(
    "action",
    [
        gfile.ListDirectory,
        gfile.Stat,
        gfile.Remove,
        gfile.DeleteRecursively,
        lambda p: gfile.Copy(p, str(p) + "2"),
    ],
)
def test_what_does_not_exist(tmp_path: Path, action):
    with pytest.raises(errors.NotFoundError, match="absent"):
        action(tmp_path / "absent")


def test_remove_refuses_a_folder(tmp_path: Path):
    with pytest.raises(errors.FailedPreconditionError):
        gfile.Remove(tmp_path)


@pytest.mark.parametrize("action", [gfile.Copy, gfile.Rename])
def test_copy_and_rename_overwrite_only_when_asked(tmp_path: Path, action):
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("old")
    new.write_text("new")
    with pytest.raises(errors.AlreadyExistsError, match="overwrite=True"):
        action(old, new)
    assert new.read_text() == "new"
    action(old, new, overwrite=True)
    assert new.read_text() == "old"
    assert old.exists() is (action is gfile.Copy)
