"""The words of reports and charts in Spanish."""

from __future__ import annotations

SPANISH = {
    "lang": "es",
    "title": "Un clasificador de {classes} clases",
    "subtitle": "{network} con {data}",
    "data": "Datos",
    "images": "Imágenes",
    "parts": "{train} para entrenar, {validation} para validar, {test} para la prueba",
    "network": "Red",
    "why": "Por qué",
    "parameters": "{count} pesos",
    "training": "Entrenamiento",
    "trained_at_once": "de una vez, en {seconds} s, {speed} imágenes/s",
    "trained": "{epochs} épocas en {seconds} s, {speed} imágenes/s; los pesos son los de la época {best}",
    "test_accuracy": "Exactitud en la prueba",
    "interval": "Con un 95 % de confianza, entre {low} y {high} en imágenes del mismo tipo. {correct} de {count} imágenes "
    "de prueba acertadas; responder siempre «{common}» acertaría el {share}.",
    "no_test": "No había imágenes de prueba.",
    "macro_f1": "F1 macro",
    "macro_f1_text": "media de las clases",
    "calibration_error": "Error de calibración",
    "calibration_error_text": "cuánto se desvían las probabilidades",
    "test_images": "Imágenes de prueba",
    "test_images_text": "no vistas en el entrenamiento",
    "weights": "Pesos",
    "input": "Entrada",
    "theme": "Claro u oscuro",
    "curves": "Curvas de aprendizaje",
    "curves_text": "Si el entrenamiento sigue mejorando y la validación no, la red se está aprendiendo las imágenes de "
    "memoria.",
    "loss": "Pérdida",
    "accuracy": "Exactitud",
    "epoch": "época",
    "train": "entrenamiento",
    "validation": "validación",
    "test": "prueba",
    "classes": "Clases",
    "classes_text": "Precisión: de las imágenes a las que dio ese nombre, cuántas lo son. Exhaustividad: de las que lo son, "
    "cuántas encontró.",
    "class": "Clase",
    "precision": "Precisión",
    "recall": "Exhaustividad",
    "mean": "Media",
    "confusion": "Matriz de confusión",
    "confusion_text": "Filas: la clase correcta. Columnas: lo que dijo el clasificador. Pulsa una casilla para ver sus "
    "imágenes.",
    "confusion_pairs": "Los pares que más se confundieron. Pulsa uno para ver sus imágenes.",
    "confusion_cell": "De «{label}», tomadas por «{predicted}»: {count}",
    "confusion_right": "De «{label}», reconocidas: {count}",
    "confusion_some": "algunas de ellas:",
    "mistakes": "Los errores más seguros",
    "mistakes_text": "Las imágenes de prueba en las que el clasificador se equivocó con más seguridad. Puede que alguna "
    "esté mal etiquetada.",
    "no_mistakes": "Acertó en todas las imágenes de prueba.",
    "suspects": "Probables errores de etiquetado",
    "suspects_text": "A cada imagen la juzgó un modelo que había aprendido de las demás ({count} de las {total} imágenes de "
    "entrenamiento y validación, en cuatro grupos). Estas se parecen más a otra clase que a la de su etiqueta. Revísalas "
    "antes de fiarte de las cifras de arriba.",
    "suspects_learnt": "Lo que la red sabe de una imagen lo aprendió con estas mismas etiquetas: las erróneas que memorizó "
    "no se ven aquí.",
    "no_suspects": "Ninguna de las {count} imágenes revisadas parece mal etiquetada.",
    "no_check": "Con esta red no se pueden revisar las etiquetas: lo que sabe de una imagen solo permite acertar "
    "la clase del {accuracy} de las imágenes de entrenamiento y validación, cada una juzgada por un modelo que había "
    "aprendido de las demás.",
    "labelled": "etiquetada como {label}",
    "looks_like": "parece {label}",
    "calibration": "Calibración",
    "calibration_text": "Con qué frecuencia acierta según lo segura que dice estar. En la diagonal, las probabilidades "
    "significan lo que dicen. Temperatura {temperature}, elegida con las imágenes de validación.",
    "confidence": "probabilidad más alta",
    "right_share": "aciertos",
    "inside": "Qué ve cada capa",
    "inside_text": "Una imagen de prueba en su camino por la red: de cada capa, los canales que más reaccionan, más claros "
    "donde lo hacen con más fuerza; al final, las probabilidades de las clases.",
    "filters": "Filtros de la primera capa",
    "filters_text": "Lo que busca la primera capa: {count} filtros de {height}×{width}.",
    "filters_color": "El gris es cero.",
    "filters_signed": "El rojo pesa a favor; el azul, en contra.",
    "looked": "Dónde miró la red",
    "looked_text": "En colores cálidos, los lugares que hablaron a favor de la clase que dijo (Grad-CAM).",
    "notes": "Sobre los datos",
    "unreadable": "Imágenes omitidas porque no se pueden leer",
    "more_lines": "y {count} más",
    "settings": "Ajustes",
    "settings_text": "gradiente train --config config.toml lo repite con las mismas cifras.",
    "made_with": "Hecho con gradiente {version}.",
}
