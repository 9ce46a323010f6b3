"""TensorFlow's ``Example`` and ``SequenceExample`` messages, in which TFRecord files carry labelled data.

The types are in ``example.pyi``, since protobuf makes the classes when this module is imported.

>>> example = Example(features=Features(feature={"label": Feature(int64_list=Int64List(value=[3]))}))
>>> Example.FromString(example.SerializeToString()).features.feature["label"].int64_list.value[0]
3
"""

from __future__ import annotations

from gradiente.formats.proto_schema import Field, make_messages

_MESSAGES = make_messages(
    "gradiente/example.proto",
    {
        "BytesList": {"value": Field(1, "bytes", repeated=True)},
        "FloatList": {"value": Field(1, "float", repeated=True)},
        "Int64List": {"value": Field(1, "int64", repeated=True)},
        "Feature": {
            "bytes_list": Field(1, "BytesList", one_of="kind"),
            "float_list": Field(2, "FloatList", one_of="kind"),
            "int64_list": Field(3, "Int64List", one_of="kind"),
        },
        "Features": {"feature": Field(1, "Feature", map_from_string=True)},
        "FeatureList": {"feature": Field(1, "Feature", repeated=True)},
        "FeatureLists": {"feature_list": Field(1, "FeatureList", map_from_string=True)},
        "Example": {"features": Field(1, "Features")},
        "SequenceExample": {"context": Field(1, "Features"), "feature_lists": Field(2, "FeatureLists")},
    },
)

BytesList = _MESSAGES["BytesList"]
FloatList = _MESSAGES["FloatList"]
Int64List = _MESSAGES["Int64List"]
Feature = _MESSAGES["Feature"]
Features = _MESSAGES["Features"]
FeatureList = _MESSAGES["FeatureList"]
FeatureLists = _MESSAGES["FeatureLists"]
Example = _MESSAGES["Example"]
SequenceExample = _MESSAGES["SequenceExample"]
