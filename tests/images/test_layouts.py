from __future__ import annotations

import errno
import os
import re
import sys
import unicodedata
from functools import partial
from pathlib import Path

import pytest

from gradiente.images.arrays import find_arrays
from gradiente.images.categories import read_categories
from gradiente.images.labelled import natural_key
from gradiente.images.layouts import find_images, find_labelled
from gradiente.images.opening import survey_collection
from gradiente.images.problems import CategoriesError, DataNotFoundError, NoImagesError


def put(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return root


def labels(found) -> dict[str, str]:
    return {f.name: found.classes[f.label] for f in found.files}


def test_one_folder_per_class_in_natural_order(tmp_path):
    put(
        tmp_path,
        "10/a.png",
        "2/deep/er/b.JPG",
        "2/notes.txt",
        "año nuevo/ñ.jpeg",
        ".hidden/c.png",
        "2/.d.png",
    )
    found = find_labelled(tmp_path)
    assert found.classes == ("2", "10", "año nuevo")
    assert labels(found) == {"2/deep/er/b.JPG": "2", "10/a.png": "10", "año nuevo/ñ.jpeg": "año nuevo"}
    assert found.layout == "one sub-folder per class"


def test_what_a_folder_layout_leaves_out_is_said(tmp_path):
    put(tmp_path, "cat/a.png", "dog/b.png", "beside.png", "empty/readme.txt")
    assert find_labelled(tmp_path).notes == (
        "Left out a sub-folder without images: empty.",
        "Left out an image that is in no sub-folder: beside.png.",
    )


def test_divided_folders(tmp_path):
    put(tmp_path, "train/cat/1.png", "Train/dog/2.png", "val/cat/3.png", "test/dog/4.png")
    found = find_labelled(tmp_path)
    assert found.classes == ("cat", "dog")
    assert {f.name: f.part for f in found.files} == {
        "train/cat/1.png": "train",
        "Train/dog/2.png": "train",
        "val/cat/3.png": "validation",
        "test/dog/4.png": "test",
    }


def test_a_class_may_be_called_train(tmp_path):
    put(tmp_path, "train/1.png", "bus/2.png")
    assert find_labelled(tmp_path).classes == ("bus", "train")


ARROWS = "# a comment\nim-0.png -> sanic\n\nim-10.png->doge\nim-2.png  ->  sanic hegehog\n"


def test_a_file_of_arrows(tmp_path):
    put(tmp_path, "im-0.png", "im-2.png", "im-10.png", "im-11.png")
    (tmp_path / "categories.txt").write_text(ARROWS + "gone.png -> doge\n")
    found = find_labelled(tmp_path)
    assert labels(found) == {"im-0.png": "sanic", "im-2.png": "sanic hegehog", "im-10.png": "doge"}
    assert [f.name for f in found.files] == ["im-0.png", "im-2.png", "im-10.png"]
    assert found.layout == "images with categories in categories.txt"
    assert found.notes == (
        "categories.txt names an image that is not there: gone.png.",
        "Left out an image that categories.txt does not name: im-11.png.",
    )


@pytest.mark.parametrize(
    "text",
    [
        "file,category\nim-0.png,a\nim-1.png,b\n",
        "category;size;file\na;3;im-0.png\nb;4;im-1.png\n",
        "im-0.png\ta\nim-1.png\tb\n",
        "id,class,x\nim-0,a,im\nim-1,b,im\n",
        '\ufefffile,label\n"im-0.png","a"\n"./im-1.png","b"\n',
        "im-0.png -> a\r\nim-1.png -> b\r\n",
        "\n;\nfile;category\nim-0.png;a\nim-1.png;b\n",
    ],
)
def test_tables_in_any_order(tmp_path, text):
    put(tmp_path, "im-0.png", "im-1.png")
    (tmp_path / "some.csv").write_text(text, encoding="utf-8", newline="")
    assert labels(find_labelled(tmp_path)) == {"im-0.png": "a", "im-1.png": "b"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("im-0.png -> a\nim-0.png -> b\n", "puts im-0.png into the categories 'a' and 'b'"),
        ("im-0.png -> a\nim-1.png\n", "line 2: 'im-1.png' is not of the form"),
        ("a,b\n", "no column has the names of the images"),
        ("file,x,y2\nim-0.png,1,2\n", "which column has the categories"),
        ("file,x\nim-0.png\n", "row 2 has 1 columns"),
        ("", "is empty"),
        ('file,x\n"im-0.png,' + "a" * 200_000, "is no table: field larger.*quotation mark"),
    ],
)
def test_a_file_of_categories_that_can_not_be_understood(tmp_path, text, message):
    path = tmp_path / "categories.txt"
    path.write_text(text)
    with pytest.raises(CategoriesError, match=message.replace("(", "\\(")):
        read_categories(path, ["im-0.png", "im-1.png"])


def test_a_table_of_something_else_is_left_alone_even_if_it_is_broken(tmp_path):
    put(tmp_path, "im-0.png")
    (tmp_path / "a.csv").write_text('"' + "a" * 200_000)
    (tmp_path / "b.csv").write_text("im-0.png,a\n")
    assert labels(find_labelled(tmp_path)) == {"im-0.png": "a"}


def test_an_image_by_two_names_has_one_category(tmp_path):
    put(tmp_path, "a/im-0.png", "a/im-1.png")
    table = tmp_path / "categories.txt"
    table.write_text("a/im-0.png -> cat\nim-0 -> cat\nim-1 -> dog\n")
    assert labels(find_labelled(tmp_path)) == {"a/im-0.png": "cat", "a/im-1.png": "dog"}
    table.write_text("a/im-0.png -> cat\nim-1 -> dog\nim-0 -> dog\n")
    with pytest.raises(
        CategoriesError, match=r"names a/im-0.png twice: a/im-0.png is 'cat' and im-0 is 'dog'"
    ):
        find_labelled(tmp_path)


def test_accents_count_the_same_however_they_are_encoded(tmp_path):
    apart = partial(unicodedata.normalize, "NFD")
    put(tmp_path, "entrenamiento/ñu/1.png", apart("entrenamiento/ñu/2.png"), apart("validación/ñu/3.png"))
    assert labels(find_labelled(tmp_path)) == {
        "entrenamiento/ñu/1.png": "ñu", apart("entrenamiento/ñu/2.png"): "ñu", apart("validación/ñu/3.png"): "ñu",
    }  # fmt: skip
    folder = tmp_path / "more"
    put(folder, apart("niño-1.png"), "niño-2.png")
    table = folder / apart("categorías.txt")
    table.write_text(f"niño-1.png -> niño\n{apart('niño-2.png -> niño')}\n", encoding="utf-8")
    assert labels(find_labelled(folder)) == {apart("niño-1.png"): "niño", "niño-2.png": "niño"}


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems have UTF-8 names only")
def test_names_that_are_no_utf_8_are_read_as_latin_1(tmp_path):
    year, child = os.fsdecode(b"a\xf1o"), os.fsdecode(b"ni\xf1o.png")
    put(tmp_path / "folders", f"{year}/{child}", "b/2.png")
    found = find_labelled(tmp_path / "folders")
    assert labels(found) == {"año/niño.png": "año", "b/2.png": "b"}
    assert all(file.path.is_file() for file in found.files)
    put(tmp_path / "table", child)
    (tmp_path / "table" / "labels.csv").write_bytes("niño.png,año".encode("latin-1"))
    assert labels(find_labelled(tmp_path / "table")) == {"niño.png": "año"}


def test_parts_with_a_file_of_categories_each(tmp_path):
    put(tmp_path, "train/im-0.png", "train/im-1.png", "test/im-0.png", "valid/a/im-0.png", "valid/b/im-1.png")
    (tmp_path / "train" / "metadata.csv").write_text("etiqueta,file_name\na,im-0.png\nb,im-1.png\n")
    (tmp_path / "test" / "categorías.txt").write_text("im-0.png -> b\n", encoding="utf-8")
    found = find_labelled(tmp_path)
    assert {f.name: (f.part, found.classes[f.label]) for f in found.files} == {
        "train/im-0.png": ("train", "a"), "train/im-1.png": ("train", "b"), "test/im-0.png": ("test", "b"),
        "valid/a/im-0.png": ("validation", "a"), "valid/b/im-1.png": ("validation", "b"),
    }  # fmt: skip


def test_a_table_beside_a_folder_of_images(tmp_path):
    put(tmp_path, "images/im-0.png", "images/im-1.png")
    (tmp_path / "labels.csv").write_text("clase;imagen\nx;im-0.png\ny;im-1.png\n")
    assert labels(find_labelled(tmp_path)) == {"images/im-0.png": "x", "images/im-1.png": "y"}


def test_a_table_beside_folders_of_classes_is_left_alone(tmp_path):
    put(tmp_path, "cat/1.png", "dog/2.png")
    (tmp_path / "metadata.csv").write_text("source,license\nhere,free\n")
    assert labels(find_labelled(tmp_path)) == {"cat/1.png": "cat", "dog/2.png": "dog"}


def test_a_file_of_categories_elsewhere_and_of_other_images(tmp_path):
    images = put(tmp_path / "images", "a.png", "sub/b.png")
    other = tmp_path / "c.txt"
    other.write_text("a.png -> 1\nsub/b.png -> 2\n")
    assert labels(find_labelled(images, other)) == {"a.png": "1", "sub/b.png": "2"}
    other.write_text("x.png -> 1\n")
    with pytest.raises(CategoriesError, match="names none of the 2 images"):
        find_labelled(images, other)


SPLIT = "split,file_name,clase\ntrain,im-0.png,a\nVal,im-1.png,b\ntest,im-2,a\nentrenamiento,im-3.png,b\n"


def parts(found) -> dict[str, tuple[str | None, str]]:
    return {f.name: (f.part, found.classes[f.label]) for f in found.files}


@pytest.mark.parametrize("name", ["metadata.csv", "some.tsv"])
def test_a_column_split_is_obeyed(tmp_path, name):
    put(tmp_path, "im-0.png", "im-1.png", "im-2.png", "im-3.png")
    text = SPLIT.replace(",", "\t") if name.endswith("tsv") else SPLIT
    (tmp_path / name).write_text(text)
    found = find_labelled(tmp_path)
    assert parts(found) == {
        "im-0.png": ("train", "a"), "im-1.png": ("validation", "b"), "im-2.png": ("test", "a"), "im-3.png": ("train", "b"),
    }  # fmt: skip
    assert found.layout == f"images with categories in {name}, divided by its column split"


def test_a_column_that_is_called_as_a_split_and_may_be_something_else(tmp_path):
    put(tmp_path, "im-0.png", "im-1.png", "im-2.png", "im-3.png")
    (tmp_path / "labels.csv").write_text(SPLIT.replace("split", "subset"))
    assert parts(find_labelled(tmp_path))["im-1.png"] == ("validation", "b")
    (tmp_path / "labels.csv").write_text(SPLIT.replace("split", "set").replace("Val", "lego"))
    assert parts(find_labelled(tmp_path))["im-1.png"] == (None, "b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SPLIT.replace("Val", "dev"), "its column 'split' has 'dev', as for im-1.png. It has to say train"),
        (SPLIT.replace("Val", ""), "its column 'split' has '', as for im-1.png"),
        (SPLIT + "test,im-0.png,a\n", "puts im-0.png into the parts 'train' and 'test'"),
        ("split,file\ntrain,im-0.png\ntest,im-1.png\n", "which column has the categories"),
    ],
)
def test_a_split_that_can_not_be_obeyed(tmp_path, text, message):
    put(tmp_path, "im-0.png", "im-1.png", "im-2.png", "im-3.png")
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(CategoriesError, match=message):
        find_labelled(tmp_path)


def test_one_table_beside_parts_without_classes(tmp_path):
    put(tmp_path, "train/im-0.png", "train/im-1.png", "test/im-2.png")
    with pytest.raises(NoImagesError, match="no file beside them says their classes"):
        find_labelled(tmp_path)
    table = tmp_path / "labels.csv"
    table.write_text("file,label\ntrain/im-0.png,a\nim-1.png,b\nim-2.png,b\n")
    for found in (find_labelled(tmp_path), find_labelled(tmp_path, table)):
        assert parts(found) == {
            "train/im-0.png": ("train", "a"), "train/im-1.png": ("train", "b"), "test/im-2.png": ("test", "b"),
        }  # fmt: skip
        assert found.layout == "images with categories in labels.csv, divided into train, test"
    table.write_text("file,label,split\ntrain/im-0.png,a,train\nim-1.png,b,test\nim-2.png,b,test\n")
    with pytest.raises(
        CategoriesError, match=r"says that im-1\.png is for test, and it lies in the folder for train"
    ):
        find_labelled(tmp_path)


def test_what_is_no_data(tmp_path):
    with pytest.raises(DataNotFoundError, match="does not exist"):
        find_labelled(tmp_path / "none")
    with pytest.raises(NoImagesError, match="has no images"):
        find_labelled(tmp_path)
    put(tmp_path, "a.png")
    with pytest.raises(DataNotFoundError, match="a file, not a folder"):
        find_labelled(tmp_path / "a.png")
    with pytest.raises(CategoriesError, match="nothing says their classes"):
        find_labelled(tmp_path)


def test_natural_order():
    names = ["b", "a10", "A9", "a1b2", "1", "02", "a"]
    assert sorted(names, key=natural_key) == ["1", "02", "a", "a1b2", "A9", "a10", "b"]


def test_folders_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(folder: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    (tmp_path / "cat").mkdir()
    monkeypatch.setattr(Path, "iterdir", denied)
    monkeypatch.setattr(os, "walk", lambda top, **_: denied(top))
    said = re.escape(f"{tmp_path} can't be read: Permission denied.")
    for read in (survey_collection, find_labelled, find_arrays, find_images):
        with pytest.raises(DataNotFoundError, match=said):
            read(tmp_path)
