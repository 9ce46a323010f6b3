"""Images: decoding, resizing, colour, flips and crops (``tf.image``)."""

from __future__ import annotations

from gradiente.ops.image_decode import decode_bmp as decode_bmp
from gradiente.ops.image_decode import decode_gif as decode_gif
from gradiente.ops.image_decode import decode_image as decode_image
from gradiente.ops.image_decode import decode_jpeg as decode_jpeg
from gradiente.ops.image_decode import decode_png as decode_png
from gradiente.ops.image_decode import encode_jpeg as encode_jpeg
from gradiente.ops.image_decode import encode_png as encode_png
from gradiente.ops.image_decode import extract_jpeg_shape as extract_jpeg_shape
from gradiente.ops.image_decode import is_jpeg as is_jpeg
from gradiente.ops.image_resize import ResizeMethod as ResizeMethod
from gradiente.ops.image_resize import resize as resize
from gradiente.ops.image_resize import resize_area as resize_area
from gradiente.ops.image_resize import resize_bicubic as resize_bicubic
from gradiente.ops.image_resize import resize_bilinear as resize_bilinear
from gradiente.ops.image_resize import resize_image_with_pad as resize_image_with_pad
from gradiente.ops.image_resize import resize_images as resize_images
from gradiente.ops.image_resize import resize_nearest_neighbor as resize_nearest_neighbor
from gradiente.ops.patches import extract_image_patches as extract_image_patches
from gradiente.ops.random_shuffling import random_crop as random_crop
from gradiente.ops.reshape import transpose as transpose
