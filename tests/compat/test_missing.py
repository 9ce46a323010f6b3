from __future__ import annotations

import pytest

import gradiente
from gradiente import compat
from gradiente.compat.missing import missing_message, near_names, public_names


@pytest.fixture(autouse=True)
def hook():
    with compat.install() as installation:
        yield installation


def run(source: str) -> str:
    """The text of the error that a program raises, and its class."""
    try:
        exec(source, {})
    except (AttributeError, ImportError) as error:
        return f"{type(error).__name__}: {error}"
    raise AssertionError("no error")


def test_the_error_names_the_line_and_what_is_near():
    import tensorflow as tf

    with pytest.raises(AttributeError) as raised:
        tf.nn.softmax_cross_entropy_with_logit(1)
    text = str(raised.value)
    assert "gradiente has no tf.nn.softmax_cross_entropy_with_logit." in text
    assert "test_missing.py:" in text
    assert "tf.nn.softmax_cross_entropy_with_logit(1)" in text
    assert "tf.nn.softmax_cross_entropy_with_logits" in text.split("Near it")[1]


@pytest.mark.parametrize(
    ("program", "kind", "expected"),
    [
        ("import tensorflow as tf; tf.keras.Sequential()", "AttributeError", "Keras is outside gradiente"),
        ("from tensorflow import keras", "ImportError", "Keras is outside gradiente"),
        ("import tensorflow.keras as k", "ModuleNotFoundError", "Keras is outside gradiente"),
        ("from tensorflow.keras import layers", "ModuleNotFoundError", "Keras is outside gradiente"),
        (
            "import tensorflow as tf; tf.estimator.Estimator",
            "AttributeError",
            "tf.estimator is outside gradiente",
        ),
        ("import tensorflow as tf; tf.contrib.rnn.GRUCell", "AttributeError", "Recurrent cells are outside"),
        ("from tensorflow.contrib import rnn", "ImportError", "Recurrent cells are outside"),
        ("import tensorflow.contrib.slim as slim", "ModuleNotFoundError", "TF-Slim is outside"),
        ("import tensorflow as tf; tf.contrib.eager", "AttributeError", "Eager execution is outside"),
        ("import tensorflow.compat.v2 as tf", "ModuleNotFoundError", "tf.compat.v2 is TensorFlow 2"),
        ("from tensorflow.compat import v2", "ImportError", "tf.compat.v2 is TensorFlow 2"),
        ("import tensorflow.compat.v1.keras", "ModuleNotFoundError", "Keras is outside gradiente"),
        (
            "from tensorflow.python.ops import rnn_cell_impl",
            "ImportError",
            "tensorflow.python.ops.rnn_cell_impl",
        ),
        (
            "from tensorflow.python.ops import math_ops; math_ops.nope_at_all",
            "AttributeError",
            "math_ops.nope_at_all",
        ),
    ],
)
def test_what_is_outside_is_said_in_the_class_that_python_has_for_it(program, kind, expected):
    text = run(program)
    assert text.startswith(kind + ":")
    assert expected in text


def test_programs_can_ask_whether_a_name_is_there():
    import tensorflow as tf

    assert not hasattr(tf, "keras")
    assert hasattr(tf, "placeholder")
    assert getattr(tf.nn, "fractional_max_pool", None) is None


def test_the_package_itself_answers_the_same():
    with pytest.raises(AttributeError, match=r"no tf\.keras"):
        gradiente.keras  # noqa: B018
    with pytest.raises(ImportError, match=r"no tf\.place_holder"):
        from gradiente import place_holder  # noqa: F401


def test_a_public_module_can_answer_for_its_names():
    with pytest.raises(AttributeError, match=r"no tf\.nn\.relux.*\n.*\n.*tf\.nn\.relu"):
        compat.missing_in("nn")("relux")


def test_names_of_tensorflow_0_lead_to_todays():
    assert gradiente.mul is gradiente.multiply
    assert near_names("mul")[0] == "multiply"


def test_near_names_look_in_the_same_module_first():
    assert near_names("nn.relu7")[0] in ("nn.relu", "nn.relu6")
    assert near_names("nn.reduce_means")[0] == "reduce_mean"
    assert near_names("zzzzqqqq") == []


def test_public_names_are_names_of_gradiente():
    names = public_names()
    assert {"placeholder", "nn.relu", "train.AdamOptimizer"} <= set(names)
    assert not [
        name
        for name in names
        if name.startswith("_") or name.split(".")[0] in ("annotations", "ops", "graph")
    ]


def test_a_name_with_nothing_near_says_where_to_look():
    assert "docs/reference" in missing_message("tf.zzzzqqqq", "zzzzqqqq")


def test_dunder_names_are_plain_attribute_errors():
    import tensorflow as tf

    assert not hasattr(gradiente, "__no_such__")
    assert not hasattr(tf, "__no_such__")
