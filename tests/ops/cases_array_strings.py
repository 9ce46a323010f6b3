"""Rows for strings, checks and calls to Python."""

from __future__ import annotations

import sys

import numpy as np
from tests.ops.harness import Case, F, I, P


def _s(*values):
    return np.array([v.encode() for v in values], object)


_WORDS = _s("hello", "x", "a longer string of words", "")
_TABLE = np.array([[b"a", b"b"], [b"c", b"d"]], object)


def _scalar(value):
    return np.array(value, object)


CASES = [
    Case("AsString", lambda tf, i: tf.as_string(i), [I(-5, 5, 3)], lambda i: _s(*map(str, i))),
    Case("AsString", lambda tf: [tf.as_string(3.14159265), tf.as_string(np.float64(1e10)), tf.as_string([True, False]),
                                 tf.as_string(1 + 2j), tf.as_string(3.14159, precision=2),
                                 tf.as_string(3.14159, scientific=True), tf.as_string(3.14159, shortest=True),
                                 tf.as_string(3.14159, width=10, fill="0"), tf.as_string(12, width=5, fill="-"),
                                 tf.as_string(12, width=5, fill="+"), tf.as_string(12, width=5)], [],
         lambda: [_scalar(b"3.141593"), _scalar(b"10000000000.000000"), _s("true", "false"), _scalar(b"(1.000000,2.000000)"),
                  _scalar(b"3.14"), _scalar(b"3.141590e+00"), _scalar(b"3.14159"), _scalar(b"003.141590"),
                  _scalar(b"12   "), _scalar(b"  +12"), _scalar(b"   12")], name="formats"),
    Case("StringJoin", lambda tf, s: tf.string_join([s, "-", s], separator="_"), [_s("a", "b")],
         lambda s: _s("a_-_a", "b_-_b")),
    Case("ReduceJoin", lambda tf, s: [tf.reduce_join(s, 0), tf.reduce_join(s, 1), tf.reduce_join(s),
                                      tf.reduce_join(s, [0, 1]), tf.reduce_join(s, [1, 0], separator="-"),
                                      tf.reduce_join(s, -1, keep_dims=True),
                                      tf.reduce_join(s, [])], [_TABLE],
         lambda s: [_s("ac", "bd"), _s("ab", "cd"), _scalar(b"abcd"), _scalar(b"acbd"), _scalar(b"a-b-c-d"),
                    _s("ab", "cd")[:, None], s]),
    Case("StringSplit", lambda tf, s: [(t := tf.string_split(s)).indices, t.values, t.dense_shape],
         [_s("hello world", "a b  c", "")],
         lambda s: [np.array([[0, 0], [0, 1], [1, 0], [1, 1], [1, 2]]), _s("hello", "world", "a", "b", "c"),
                    np.array([3, 3])]),
    Case("StringSplit", lambda tf, s: [(t := tf.string_split(s, delimiter=",;", skip_empty=False)).indices, t.values,
                                       tf.string_split(s, delimiter="").values], [_s("a,b;c,")],
         lambda s: [np.array([[0, 0], [0, 1], [0, 2], [0, 3]]), _s("a", "b", "c", ""), _s("a", ",", "b", ";", "c", ",")],
         name="delimiters"),
    Case("StringSplitV2", lambda tf, s: [tf.strings.split(s).values, (t := tf.strings.split(s, sep=",", maxsplit=2)).values,
                                         t.dense_shape], [_s("a b  c", " x ", "", "d,,e,f")],
         lambda s: [_s("a", "b", "c", "x", "d,,e,f"), _s("a b  c", " x ", "", "d", "", "e,f"), np.array([4, 3])]),
    Case("StringFormat", lambda tf, x, i: [tf.strings.format("a {} b {}", (x, i[0])),
                                           tf.strings.format("{}", i, summarize=1),
                                           tf.strings.format("{}!", [x], summarize=-1)],
         [np.arange(10, dtype=np.float32) / 4, np.arange(20, dtype=np.int32).reshape(5, 4)],
         lambda x, i: [_scalar(b"a [0 0.25 0.5 ... 1.75 2 2.25] b [0 1 2 3]"),
                       _scalar(b"[[0 ... 3]\n ...\n [16 ... 19]]"), _scalar(b"[0 0.25 0.5 0.75 1 1.25 1.5 1.75 2 2.25]!")],
         grad=False, dtypes=("float32",)),
    Case("StringToNumber", lambda tf, s: tf.string_to_number(s), [_s("1.5", " -3e2 ", "inf")],
         lambda s: np.array([1.5, -300, np.inf], np.float32)),
    Case("StringToNumber", lambda tf, s: tf.string_to_number(s, tf.int32), [_s("7", "-2")],
         lambda s: np.array([7, -2], np.int32), name="int"),
    Case("Substr", lambda tf, s: [tf.substr(s, 1, 3), tf.substr(s, -3, 2), tf.substr(s, [0, 4], [2, 3])],
         [_s("hello", "world")], lambda s: [_s("ell", "orl"), _s("ll", "rl"), _s("he", "d")]),
    Case("Substr", lambda tf, s: tf.substr(s, 1, 2, unit="UTF8_CHAR"), [_s("héllo")], lambda s: _s("él"), name="utf8"),
    Case("StringLength", lambda tf, s: [tf.strings.length(s), tf.strings.length(s, unit="UTF8_CHAR")], [_s("abc", "é")],
         lambda s: [np.array([3, 2], np.int32), np.array([3, 1], np.int32)]),
    Case("StringLower", lambda tf, s: [tf.strings.lower(s), tf.strings.lower(s, encoding="utf-8")], [_s("ABÉ")],
         lambda s: [_s("abÉ"), _s("abé")]),
    Case("StringUpper", lambda tf, s: [tf.strings.upper(s), tf.strings.upper(s, encoding="utf-8")], [_s("abé")],
         lambda s: [_s("ABé"), _s("ABÉ")]),
    Case("StringStrip", lambda tf, s: tf.string_strip(s), [_s(" a \n", "b")], lambda s: _s("a", "b")),
    Case("StringToHashBucket", lambda tf, s: tf.string_to_hash_bucket(s, 1000), [_WORDS],
         lambda s: np.array([938, 576, 618, 899])),
    Case("StringToHashBucketFast", lambda tf, s: tf.string_to_hash_bucket_fast(s, 100000007),
         [_s("hello", "x", "a longer string of words", "", "abcd", "12345678", "z" * 40, "q" * 70, "r" * 150)],
         lambda s: np.array([45751607, 67374998, 70891225, 12181167, 36297262, 90126216, 34902547, 39718695, 31085174])),
    Case("StringToHashBucketStrong", lambda tf, s: tf.string_to_hash_bucket_strong(s, 1000, key=[123, 456]), [_WORDS],
         lambda s: np.array([579, 749, 888, 214])),
    Case("StaticRegexReplace", lambda tf, s: [tf.regex_replace(s, "([a-z]+)([0-9]+)", r"\2-\1-\0"),
                                              tf.regex_replace(s, "a", "b", replace_global=False)], [_s("abc12", "aaa")],
         lambda s: [_s("12-abc-abc12", "aaa"), _s("bbc12", "baa")]),
    Case("RegexReplace", lambda tf, s: tf.regex_replace(s, tf.constant("a+"), tf.constant("-")), [_s("caab", "x")],
         lambda s: _s("c-b", "x")),
    Case(("StaticRegexFullMatch", "RegexFullMatch"), lambda tf, s: [tf.strings.regex_full_match(s, "a+b?"),
         tf.strings.regex_full_match(s, tf.constant("a"))], [_s("aab", "aabc", "a")],
         lambda s: [np.array([True, False, True]), np.array([False, False, True])]),
    Case("EncodeBase64", lambda tf, s: [tf.encode_base64(s), tf.encode_base64(s, pad=True)], [_s("hello?>", "a")],
         lambda s: [_s("aGVsbG8_Pg", "YQ"), _s("aGVsbG8_Pg==", "YQ==")]),
    Case("DecodeBase64", lambda tf, s: tf.decode_base64(s), [_s("aGVsbG8_Pg", "YQ==")], lambda s: _s("hello?>", "a")),
    Case("Print", lambda tf, x: tf.Print(x * 2, [x, "text"], message="x: ", first_n=1), [F(2)], lambda x: x * 2),
    Case("CheckNumerics", lambda tf, x: tf.check_numerics(x * x, "square"), [F(2, 3)], lambda x: x * x),
    Case("CheckNumerics", lambda tf, x: tf.verify_tensor_all_finite(x, "finite"), [F(2, 3)], lambda x: x, name="verify"),
    Case("Assert", lambda tf, x: _guarded(tf, x), [P(3)], lambda x: x),
    Case("PrintV2", lambda tf, x: _printed(tf, x), [F(3)], lambda x: x),
    Case("PyFunc", lambda tf, x, i: tf.py_func(lambda a, b: [a + b, np.int64(a.size)], [x, i], [x.dtype, tf.int64]),
         [F(2, 3), I(0, 5)], None, grad=False, dtypes=("float64",),
         note="the reference is the Python function, which both systems call"),
    Case("PyFuncStateless", lambda tf, s: tf.py_func(lambda a: np.array([v.upper() for v in a], object), [s], tf.string,
                                                     stateful=False), [_s("ab", "c")], lambda s: _s("AB", "C")),
    Case("Timestamp", lambda tf: tf.timestamp() > 1.6e9, [], lambda: np.array(True)),
]  # fmt: skip


def _guarded(tf, x):
    with tf.control_dependencies(
        [tf.assert_positive(x), tf.assert_equal(tf.shape(x), [3]), tf.assert_rank(x, 1)]
    ):
        return tf.identity(x)


def _printed(tf, x):
    with tf.control_dependencies([tf.print("x:", x, [x, "word"], output_stream=sys.stdout)]):
        return tf.identity(x)
