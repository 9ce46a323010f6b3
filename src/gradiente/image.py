"""Images: decoding, resizing, colour, flips and crops (``tf.image``)."""

from __future__ import annotations

from gradiente.compat import missing_in as _missing_in
from gradiente.ops.image_adjust import adjust_brightness as adjust_brightness
from gradiente.ops.image_adjust import adjust_contrast as adjust_contrast
from gradiente.ops.image_adjust import adjust_gamma as adjust_gamma
from gradiente.ops.image_adjust import adjust_hue as adjust_hue
from gradiente.ops.image_adjust import adjust_jpeg_quality as adjust_jpeg_quality
from gradiente.ops.image_adjust import adjust_saturation as adjust_saturation
from gradiente.ops.image_adjust import per_image_standardization as per_image_standardization
from gradiente.ops.image_adjust import per_image_whitening as per_image_whitening
from gradiente.ops.image_adjust import random_brightness as random_brightness
from gradiente.ops.image_adjust import random_contrast as random_contrast
from gradiente.ops.image_adjust import random_hue as random_hue
from gradiente.ops.image_adjust import random_saturation as random_saturation
from gradiente.ops.image_boxes import crop_and_resize as crop_and_resize
from gradiente.ops.image_boxes import draw_bounding_boxes as draw_bounding_boxes
from gradiente.ops.image_boxes import non_max_suppression as non_max_suppression
from gradiente.ops.image_convert import convert_image_dtype as convert_image_dtype
from gradiente.ops.image_convert import grayscale_to_rgb as grayscale_to_rgb
from gradiente.ops.image_convert import hsv_to_rgb as hsv_to_rgb
from gradiente.ops.image_convert import rgb_to_grayscale as rgb_to_grayscale
from gradiente.ops.image_convert import rgb_to_hsv as rgb_to_hsv
from gradiente.ops.image_crop import central_crop as central_crop
from gradiente.ops.image_crop import crop_to_bounding_box as crop_to_bounding_box
from gradiente.ops.image_crop import pad_to_bounding_box as pad_to_bounding_box
from gradiente.ops.image_crop import resize_image_with_crop_or_pad as resize_image_with_crop_or_pad
from gradiente.ops.image_crop import resize_with_crop_or_pad as resize_with_crop_or_pad
from gradiente.ops.image_decode import decode_bmp as decode_bmp
from gradiente.ops.image_decode import decode_gif as decode_gif
from gradiente.ops.image_decode import decode_image as decode_image
from gradiente.ops.image_decode import decode_jpeg as decode_jpeg
from gradiente.ops.image_decode import decode_png as decode_png
from gradiente.ops.image_decode import encode_jpeg as encode_jpeg
from gradiente.ops.image_decode import encode_png as encode_png
from gradiente.ops.image_decode import extract_jpeg_shape as extract_jpeg_shape
from gradiente.ops.image_decode import is_jpeg as is_jpeg
from gradiente.ops.image_flip import flip_left_right as flip_left_right
from gradiente.ops.image_flip import flip_up_down as flip_up_down
from gradiente.ops.image_flip import random_flip_left_right as random_flip_left_right
from gradiente.ops.image_flip import random_flip_up_down as random_flip_up_down
from gradiente.ops.image_flip import rot90 as rot90
from gradiente.ops.image_flip import transpose_image as transpose_image
from gradiente.ops.image_measure import image_gradients as image_gradients
from gradiente.ops.image_measure import psnr as psnr
from gradiente.ops.image_measure import sobel_edges as sobel_edges
from gradiente.ops.image_measure import ssim as ssim
from gradiente.ops.image_measure import total_variation as total_variation
from gradiente.ops.image_random_box import sample_distorted_bounding_box as sample_distorted_bounding_box
from gradiente.ops.image_resize import ResizeMethod as ResizeMethod
from gradiente.ops.image_resize import resize as resize
from gradiente.ops.image_resize import resize_area as resize_area
from gradiente.ops.image_resize import resize_bicubic as resize_bicubic
from gradiente.ops.image_resize import resize_bilinear as resize_bilinear
from gradiente.ops.image_resize import resize_image_with_pad as resize_image_with_pad
from gradiente.ops.image_resize import resize_images as resize_images
from gradiente.ops.image_resize import resize_nearest_neighbor as resize_nearest_neighbor
from gradiente.ops.image_transform import projective_transform as projective_transform
from gradiente.ops.patches import extract_image_patches as extract_image_patches
from gradiente.ops.random_shuffling import random_crop as random_crop
from gradiente.ops.reshape import transpose as transpose

__getattr__ = _missing_in("image")
