"""Programs that read, decode and change images and records, in a namespace that is gradiente or ``tensorflow.compat.v1``."""

from __future__ import annotations

from typing import Any

import numpy as np

_RNG = np.random.RandomState(0)
FLOATS = _RNG.rand(2, 7, 9, 3).astype(np.float32)
BYTES = (_RNG.rand(2, 6, 5, 3) * 256).astype(np.uint8)
IMAGE = _RNG.rand(8, 10, 3).astype(np.float32)
NOISY = np.clip(FLOATS + 0.1 * _RNG.randn(*FLOATS.shape), 0, 1).astype(np.float32)
LARGE = _RNG.rand(2, 13, 14, 3).astype(np.float32)
LARGE_NOISY = np.clip(LARGE + 0.1 * _RNG.randn(*LARGE.shape), 0, 1).astype(np.float32)
WEIGHTS = _RNG.rand(2, 5, 13, 3).astype(np.float32)
BOXES = _RNG.rand(30, 4).astype(np.float32)
SCORES = _RNG.rand(30).astype(np.float32)
DRAWN = (_RNG.rand(2, 3, 4) * [0.5, 0.5, 1, 1]).astype(np.float32)
CUT = np.array([[0, 0, 1, 1], [0.2, 0.1, 0.7, 1.2], [0.9, 0.1, 0.2, 0.5]], np.float32)
OBJECT = [[[0.1, 0.2, 0.5, 0.6]]]
RUNS = 2


def programs(tf: Any) -> dict[str, Any]:
    """Tensors by name."""
    tf.set_random_seed(3)
    return {**resized(tf), **shaped(tf), **coloured(tf), **boxed(tf), **parsed(tf)}


def resized(tf: Any) -> dict[str, Any]:
    image = tf.image
    cases: dict[str, Any] = {}
    for method in range(4):
        for corners in (False, True):
            for size in ([3, 4], [14, 20], [1, 1], [13, 5]):
                name = f"{method}_{int(corners)}_{size[0]}x{size[1]}"
                cases[f"resize_{name}"] = image.resize_images(FLOATS, size, method, align_corners=corners)
                cases[f"resize_bytes_{name}"] = image.resize_images(
                    BYTES, size, method, align_corners=corners
                )
    for kind in ("bilinear", "bicubic", "nearest_neighbor"):
        resize = getattr(image, f"resize_{kind}")
        cases[f"centres_{kind}"] = resize(FLOATS, [13, 5], half_pixel_centers=True)
        x = tf.constant(FLOATS)
        cases[f"gradient_{kind}"] = tf.gradients(tf.reduce_sum(resize(x, [5, 13]) * WEIGHTS), x)[0]
    cases["resize_same"] = image.resize_images(BYTES, [6, 5])
    cases["resize_proportions"] = image.resize_images(IMAGE, [20, 20], preserve_aspect_ratio=True)
    cases["resize_with_pad"] = image.resize_image_with_pad(IMAGE, 20, 15)
    cases["resize_with_pad_flat"] = image.resize_image_with_pad(IMAGE, 3, 15)
    return cases


def shaped(tf: Any) -> dict[str, Any]:
    image = tf.image
    cases: dict[str, Any] = {}
    for height, width in ((4, 4), (12, 12), (4, 20), (9, 3)):
        cases[f"crop_or_pad_{height}x{width}"] = image.resize_image_with_crop_or_pad(IMAGE, height, width)
    cases["central_crop"] = image.central_crop(IMAGE, 0.5)
    cases["central_crop_bytes"] = image.central_crop(BYTES, 0.3)
    cases["crop"] = image.crop_to_bounding_box(IMAGE, 1, 2, 3, 4)
    cases["pad"] = image.pad_to_bounding_box(IMAGE, 1, 2, 13, 14)
    cases["flip_left_right"] = image.flip_left_right(BYTES)
    cases["flip_up_down"] = image.flip_up_down(IMAGE)
    cases["transpose"] = image.transpose_image(IMAGE)
    for turns in range(5):
        cases[f"rot90_{turns}"] = image.rot90(IMAGE, turns)
    cases["rot90_tensor"] = image.rot90(IMAGE, tf.constant(3))
    for seed in range(4):
        cases[f"random_flip_{seed}"] = image.random_flip_left_right(IMAGE, seed=seed)
    cases["random_flip_batch"] = image.random_flip_up_down(BYTES, seed=5)
    cases["gradients_down"], cases["gradients_right"] = image.image_gradients(tf.constant(FLOATS))
    cases["sobel"] = image.sobel_edges(tf.constant(FLOATS))
    cases["total_variation"] = image.total_variation(tf.constant(FLOATS))
    cases["psnr"] = image.psnr(FLOATS, NOISY, 1.0)
    cases["psnr_bytes"] = image.psnr(BYTES, BYTES[::-1].copy(), 255)
    cases["ssim"] = image.ssim(LARGE, LARGE_NOISY, 1.0)
    return cases


def coloured(tf: Any) -> dict[str, Any]:
    image = tf.image
    cases: dict[str, Any] = {}
    for kind, x in (("floats", FLOATS), ("bytes", BYTES)):
        cases[f"brightness_{kind}"] = image.adjust_brightness(x, 0.3)
        cases[f"contrast_{kind}"] = image.adjust_contrast(x, 1.7)
        cases[f"hue_{kind}"] = image.adjust_hue(x, 0.3)
        cases[f"hue_back_{kind}"] = image.adjust_hue(x, -0.9)
        cases[f"saturation_{kind}"] = image.adjust_saturation(x, 1.6)
        cases[f"gamma_{kind}"] = image.adjust_gamma(x, 2.2, 0.9)
        cases[f"standardization_{kind}"] = image.per_image_standardization(x)
        cases[f"grey_{kind}"] = image.rgb_to_grayscale(x)
        cases[f"rgb_{kind}"] = image.grayscale_to_rgb(tf.constant(x[..., :1]))
        cases[f"random_brightness_{kind}"] = image.random_brightness(x, 0.3, seed=1)
        cases[f"random_contrast_{kind}"] = image.random_contrast(x, 0.3, 1.2, seed=1)
        cases[f"random_hue_{kind}"] = image.random_hue(x, 0.3, seed=1)
        cases[f"random_saturation_{kind}"] = image.random_saturation(x, 0.3, 1.9, seed=1)
        for dtype in ("float32", "uint8", "int16", "float64", "uint16", "int32", "float16"):
            for saturate in (False, True):
                name = f"convert_{kind}_{dtype}_{int(saturate)}"
                cases[name] = image.convert_image_dtype(x, tf.as_dtype(dtype), saturate=saturate)
    cases["hue_negative"] = image.adjust_hue(FLOATS - 0.5, 0.2)
    cases["saturation_negative"] = image.adjust_saturation(FLOATS - 0.5, 0.7)
    cases["rgb_to_hsv"] = image.rgb_to_hsv(FLOATS)
    cases["hsv_to_rgb"] = image.hsv_to_rgb(FLOATS)
    return cases


def boxed(tf: Any) -> dict[str, Any]:
    image = tf.image
    cases: dict[str, Any] = {
        "crop_and_resize": image.crop_and_resize(FLOATS, CUT, [0, 1, 1], [4, 5]),
        "crop_and_resize_nearest": image.crop_and_resize(
            BYTES, CUT, [0, 1, 0], [4, 1], method="nearest", extrapolation_value=2
        ),
        "non_max_suppression": image.non_max_suppression(BOXES, SCORES, 10, 0.3),
        "non_max_suppression_threshold": image.non_max_suppression(BOXES, SCORES, 30, 0.5, 0.4),
        "draw_bounding_boxes": image.draw_bounding_boxes(FLOATS, DRAWN),
    }
    for seed in range(1, 6):
        begin, size, box = image.sample_distorted_bounding_box(
            [300, 200, 3], OBJECT, seed=seed, min_object_covered=0.3
        )
        cases[f"sample_begin_{seed}"], cases[f"sample_size_{seed}"], cases[f"sample_box_{seed}"] = (
            begin,
            size,
            box,
        )
    return cases


LINES = ["1,2.5,word", '-7,,"a, ""quoted"" one"', ' 3 ,1e3,""', '12,NA,"two\nlines"']
RAW = [bytes(range(16)), bytes(range(100, 116))]


def example(tf: Any, numbers: list[int], weight: list[float], words: list[bytes]) -> bytes:
    """A serialized Example."""
    train = tf.train
    feature: dict[str, Any] = {
        "numbers": train.Feature(int64_list=train.Int64List(value=numbers)),
        "words": train.Feature(bytes_list=train.BytesList(value=words)),
    }
    if weight:
        feature["weight"] = train.Feature(float_list=train.FloatList(value=weight))
    return train.Example(features=train.Features(feature=feature)).SerializeToString()


def steps(tf: Any) -> bytes:
    """A serialized SequenceExample."""
    train = tf.train
    lists = {
        "step": [train.Feature(int64_list=train.Int64List(value=[i, 2 * i])) for i in range(3)],
        "text": [train.Feature(bytes_list=train.BytesList(value=[b"w"] * i)) for i in range(3)],
    }
    return train.SequenceExample(
        context=train.Features(feature={"length": train.Feature(int64_list=train.Int64List(value=[3]))}),
        feature_lists=train.FeatureLists(
            feature_list={k: train.FeatureList(feature=v) for k, v in lists.items()}
        ),
    ).SerializeToString()


def parsed(tf: Any) -> dict[str, Any]:
    cases: dict[str, Any] = {}
    columns = tf.decode_csv(LINES, [[0], tf.constant([1.5]), [""]], na_value="NA")
    cases["csv_int"], cases["csv_float"], cases["csv_text"] = columns
    cases["csv_tabs"] = tf.decode_csv(["1\t2\t3"], [[0], [0]], field_delim="\t", select_cols=[0, 2])[1]
    for dtype in ("uint8", "int16", "int32", "float32", "float64", "float16"):
        cases[f"raw_{dtype}"] = tf.decode_raw(RAW, tf.as_dtype(dtype))
    cases["raw_big_endian"] = tf.decode_raw(RAW, tf.int32, little_endian=False)
    first = example(tf, [1, 2], [0.5], [b"x"])
    second = example(tf, [3, -4], [], [b"y", b"zz"])
    features = {
        "numbers": tf.FixedLenFeature([2], tf.int64),
        "weight": tf.FixedLenFeature([], tf.float32, -1.0),
        "words": tf.VarLenFeature(tf.string),
    }
    rows = {"words": tf.FixedLenSequenceFeature([], tf.string, allow_missing=True)}
    batch = tf.parse_example([first, second], features)
    single = tf.parse_single_example(second, features)
    context, lists = tf.parse_single_sequence_example(
        steps(tf), {"length": tf.FixedLenFeature([], tf.int64)},
        {"step": tf.FixedLenSequenceFeature([2], tf.int64), "text": tf.VarLenFeature(tf.string)},
    )  # fmt: skip
    found = {"batch": batch, "single": single, "context": context, "lists": lists}
    found["rows"] = tf.parse_example([first, second], rows)
    for form, tensors in found.items():
        for key, tensor in tensors.items():
            if hasattr(tensor, "dense_shape"):
                cases[f"{form}_{key}_indices"], cases[f"{form}_{key}_values"] = tensor.indices, tensor.values
                cases[f"{form}_{key}_shape"] = tensor.dense_shape
            else:
                cases[f"{form}_{key}"] = tensor
    return cases


def shuffled(tf: Any) -> list[Any]:
    """Operations to run in order, and at last the tensor that gives the elements of a shuffling queue."""
    tf.set_random_seed(3)
    queue = tf.RandomShuffleQueue(100, 0, [tf.int32], [[]], seed=5)
    return [queue.enqueue_many([list(range(20))]), queue.dequeue_many(20)]
