"""The errors of parsing; the values are compared with TensorFlow's in test_input_golden. Ops: "DecodeCSV", "DecodeRaw",
"DecodeJSONExample", "ParseTensor", "SerializeTensor", "ParseExample", "ParseSingleExample",
"ParseSingleSequenceExample", "SerializeSparse", "SerializeManySparse", "DeserializeManySparse"."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.golden.input_cases import example

import gradiente as tf
from gradiente.ops.decode_csv import fields_of


def run(fetches: Any) -> Any:
    with tf.Session() as session:
        return session.run(fetches)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("1,2", "Expect 3 fields but have 2 in record 0: '1,2'"),
        ("x,2,3", "Field 0 is not a valid int32: 'x' in record 0"),
        ("3000000000,2,3", "Field 0 is not a valid int32"),
        ("1_0,2,3", "Field 0 is not a valid int32"),
        (",2,3", "Field 0 is required but missing in record 0"),
        ('1,2,"a', "Quoted field has to end with quote followed by delim or end"),
        ('1,2,a"b', "Unquoted fields cannot have quotes/CRLFs inside"),
        ('1,2,"a"b"', "Quote inside a string has to be escaped by another quote"),
    ],
)
def test_a_line_that_is_wrong_names_the_column(line: str, text: str) -> None:
    columns = tf.decode_csv([line], [tf.constant([], tf.int32), [0.0], [""]])
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        run(columns)
    assert text in str(caught.value)


def test_a_line_of_a_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("1,2\n1,oops\n")
    queue = tf.FIFOQueue(1, tf.string, [[]])
    _, line = tf.TextLineReader(skip_header_lines=1).read(queue)
    with tf.Session() as session:
        session.run(queue.enqueue(str(path)))
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=r"Field 1 is not a valid int32.*data\.csv, line 2"
        ):
            session.run(tf.decode_csv(line, [[0], [0]]))


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8), min_size=1, max_size=6
    )
)
def test_quoted_fields_come_back(fields: list[str]) -> None:
    quoted = ['"' + f.replace('"', '""') + '"' for f in fields]
    assert fields_of(",".join(quoted).encode(), b",", True) == [f.encode() for f in fields]


def test_columns_are_chosen_in_order() -> None:
    with pytest.raises(ValueError, match="not strictly increasing"):
        tf.decode_csv(["1,2"], [[0], [0]], select_cols=[1, 0])
    with pytest.raises(ValueError, match="do not match"):
        tf.decode_csv(["1,2"], [[0], [0]], select_cols=[1])
    with pytest.raises(ValueError, match="at most one element"):
        tf.decode_csv(["1,2"], [[0, 1], [0]])


def test_raw_bytes_that_do_not_fit() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="element 1 has size 1 != 2"):
        run(tf.decode_raw(["ab", "c"], tf.uint8))
    with pytest.raises(tf.errors.InvalidArgumentError, match="length 3 that is not a multiple of 4"):
        run(tf.decode_raw(["abc"], tf.float32))
    assert run(tf.decode_raw(bytes="ab", out_type=tf.uint8)).tolist() == [97, 98]


def test_an_example_that_does_not_fit() -> None:
    data = example(tf, [1, 2], [0.5], [b"x"])
    for features, text in (
        ({"missing": tf.FixedLenFeature([], tf.int64)}, "Feature: missing (data type: int64) is required"),
        (
            {"numbers": tf.FixedLenFeature([3], tf.int64)},
            "Number of int64 values != expected.  values size: 2",
        ),
        ({"numbers": tf.FixedLenFeature([2], tf.float32)}, "Data types don't match. Data type: int64"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError) as caught:
            run(tf.parse_example([data], features))
        assert text in str(caught.value)
        with pytest.raises(tf.errors.InvalidArgumentError):
            run(tf.parse_single_example(data, features))
    with pytest.raises(tf.errors.InvalidArgumentError, match="Could not parse example input"):
        run(tf.parse_example([b"\xff\xff"], {"a": tf.VarLenFeature(tf.int64)}))
    with pytest.raises(tf.errors.InvalidArgumentError, match="Feature list 'step' is required"):
        run(tf.parse_single_sequence_example(b"", None, {"step": tf.FixedLenSequenceFeature([], tf.int64)}))


def test_specifications_that_are_wrong() -> None:
    for features, kind, text in (
        ({}, ValueError, "Missing"),
        ({"a": tf.FixedLenFeature([None], tf.int64)}, ValueError, "must be fully defined"),
        ({"a": tf.FixedLenFeature([], tf.int32)}, TypeError, "Examples hold float32, int64 and string"),
        ({"a": tf.FixedLenSequenceFeature([], tf.int64)}, ValueError, "requires allow_missing"),
        ({"a": tf.FixedLenFeature([2], tf.int64, [1])}, ValueError, "default_value"),
        ({"a": tf.int64}, ValueError, "Unsupported"),
    ):
        with pytest.raises(kind, match=text):
            tf.parse_example([b""], features)


def test_rows_of_different_lengths_are_filled_up() -> None:
    data = [example(tf, numbers, [], []) for numbers in ([1], [2, 3, 4])]
    features = {"numbers": tf.FixedLenSequenceFeature([], tf.int64, allow_missing=True, default_value=-1)}
    parsed = tf.parse_example(data, features)["numbers"]
    assert parsed.shape.as_list() == [2, None]
    assert run(parsed).tolist() == [[1, -1, -1], [2, 3, 4]]


def test_json_and_tensors() -> None:
    binary = tf.decode_json_example('{"features": {"feature": {"a": {"int64List": {"value": ["7"]}}}}}')
    assert run(tf.parse_single_example(binary, {"a": tf.FixedLenFeature([], tf.int64)})["a"]) == 7
    with pytest.raises(tf.errors.InvalidArgumentError, match="Error while parsing JSON"):
        run(tf.decode_json_example("{"))
    for value in (np.arange(6.0).reshape(2, 3), np.array([b"a", b""], object)):
        again = run(tf.parse_tensor(tf.serialize_tensor(value), tf.as_dtype(value.dtype)))
        assert again.tolist() == value.tolist()
    with pytest.raises(tf.errors.InvalidArgumentError, match="Type mismatch"):
        run(tf.parse_tensor(tf.serialize_tensor([1.0]), tf.int32))
