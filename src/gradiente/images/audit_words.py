"""The words of an audit, in English and Spanish."""

from __future__ import annotations

from collections.abc import Mapping

PHRASES = ("one sub-folder per class", "images with categories in", "divided into", "IDX files", "arrays")
"""Phrases of the recognised layout that each language words in its own way."""

_ENGLISH = {
    **{phrase: phrase for phrase in PHRASES},
    "title": "The images of {root}",
    "found": "{images:,} images of {classes} classes; recognised: {layout}.",
    "classes": "Classes",
    "class": "class",
    "all": "all",
    "sizes": "Sizes",
    "sizes_text": "height × width from {small[0]}×{small[1]} to {large[0]}×{large[1]}; the median is "
    "{median[0]}×{median[1]}.",
    "kinds": "Kinds of image",
    "imbalance": "The largest class has {ratio:.1f} times as many images as the smallest: look at macro F1 beside the "
    "accuracy.",
    "unreadable": "Files that can't be read: {count:,}, which are left out",
    "odd": "Files whose names promise another format: {count:,}, which are read all the same",
    "duplicates": "Pictures that are there more than once: {groups:,} groups of {images:,} images",
    "duplicates_text": "`train` keeps each group in one part, so that no picture is both learnt and tested with.",
    "incomplete": "There are so many alike that not all pairs were compared.",
    "exact": "equal",
    "near": "nearly the same",
    "conflicting": "The same picture in different classes: {count:,} groups; one class of each must be wrong",
    "across": "The same picture in different parts: {count:,} groups; they make the accuracy look better than it is",
    "blank": "Images that show nothing: {count:,}",
    "tiny": "Images of fewer than 16 rows or columns: {count:,}",
    "notes": "Notes",
    "more": "and {count:,} more",
    "nothing": "Nothing is wrong with these images.",
    "page": "The page with pictures: {path}",
    "train": "training", "validation": "validation", "test": "test",
}  # fmt: skip

_SPANISH = {
    "one sub-folder per class": "una subcarpeta por clase",
    "images with categories in": "imágenes con sus categorías en",
    "divided into": "repartidas en",
    "IDX files": "archivos IDX",
    "arrays": "matrices",
    "title": "Las imágenes de {root}",
    "found": "{images:,} imágenes de {classes} clases; disposición reconocida: {layout}.",
    "classes": "Clases",
    "class": "clase",
    "all": "total",
    "sizes": "Tamaños",
    "sizes_text": "alto × ancho de {small[0]}×{small[1]} a {large[0]}×{large[1]}; la mediana es "
    "{median[0]}×{median[1]}.",
    "kinds": "Tipos de imagen",
    "imbalance": "La clase mayor tiene {ratio:.1f} veces las imágenes de la menor: conviene mirar la F1 macro además de la "
    "exactitud.",
    "unreadable": "Archivos que no se pueden leer: {count:,}; quedan fuera",
    "odd": "Archivos cuyo nombre promete otro formato: {count:,}; se leen de todos modos",
    "duplicates": "Imágenes repetidas: {groups:,} grupos con {images:,} imágenes",
    "duplicates_text": "`train` deja cada grupo en una sola parte, para que ninguna imagen sirva a la vez para aprender y "
    "para probar.",
    "incomplete": "Hay tantas parecidas que no se compararon todas las parejas.",
    "exact": "iguales",
    "near": "casi iguales",
    "conflicting": "La misma imagen en clases distintas: {count:,} grupos; en cada uno, alguna clase está mal",
    "across": "La misma imagen en partes distintas: {count:,} grupos; hacen que la exactitud parezca mejor de lo que es",
    "blank": "Imágenes que no muestran nada: {count:,}",
    "tiny": "Imágenes de menos de 16 filas o columnas: {count:,}",
    "notes": "Notas",
    "more": "y {count:,} más",
    "nothing": "No hay nada mal en estas imágenes.",
    "page": "La página con las imágenes: {path}",
    "train": "entrenamiento", "validation": "validación", "test": "prueba",
}  # fmt: skip

LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": _ENGLISH, "es": _SPANISH}
"""The words by language."""
