"""`tf.gfile`: files and folders under TensorFlow 1's names."""

from __future__ import annotations

from gradiente.platform.file_io import FileIO
from gradiente.platform.file_io import copy as Copy
from gradiente.platform.file_io import create_dir as MkDir
from gradiente.platform.file_io import delete_file as Remove
from gradiente.platform.file_io import delete_recursively as DeleteRecursively
from gradiente.platform.file_io import file_exists as Exists
from gradiente.platform.file_io import get_matching_files as Glob
from gradiente.platform.file_io import is_directory as IsDirectory
from gradiente.platform.file_io import list_directory as ListDirectory
from gradiente.platform.file_io import recursive_create_dir as MakeDirs
from gradiente.platform.file_io import rename as Rename
from gradiente.platform.file_io import stat as Stat
from gradiente.platform.file_io import walk as Walk

GFile = FileIO
FastGFile = FileIO
Open = FileIO

__all__ = [
    "Copy",
    "DeleteRecursively",
    "Exists",
    "FastGFile",
    "GFile",
    "Glob",
    "IsDirectory",
    "ListDirectory",
    "MakeDirs",
    "MkDir",
    "Open",
    "Remove",
    "Rename",
    "Stat",
    "Walk",
]
