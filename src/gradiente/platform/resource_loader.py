"""Files that lie beside a program's source (`tf.resource_loader`)."""

from __future__ import annotations

import os

from gradiente.graph.source import user_line


def get_data_files_path() -> str:
    """Returns the folder of the source file that calls this."""
    return os.path.dirname(os.path.abspath(user_line().filename))


def get_root_dir_with_all_resources() -> str:
    """Returns the folder of the source file that calls this."""
    return get_data_files_path()


def get_path_to_datafile(path: str) -> str:
    """Returns the path of a file named relative to the source file that calls this."""
    return os.path.join(get_data_files_path(), path)


def readahead_file_path(path: str, readahead: str = "128M") -> str:
    """Returns `path`: the operating system reads ahead by itself."""
    del readahead
    return path


def load_resource(path: str) -> bytes:
    """Returns the contents of a file named relative to the source file that calls this.

    Raises:
        FileNotFoundError: when there is no such file.
    """
    with open(get_path_to_datafile(path), "rb") as file:
        return file.read()
