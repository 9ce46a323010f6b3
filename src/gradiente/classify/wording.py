"""The words of reports and charts, in English and Spanish."""

from __future__ import annotations

from collections.abc import Mapping

from gradiente.classify.problems import SettingsError

_ENGLISH = {
    "lang": "en",
    "title": "A classifier of {classes} classes",
    "data": "Data",
    "images": "Images",
    "parts": "{train:,} for training, {validation:,} for validation, {test:,} for test",
    "network": "Network",
    "parameters": "{count:,} weights",
    "training": "Training",
    "trained": "{epochs} epochs in {seconds:.0f} s, {speed:,.0f} images/s; the weights are those of epoch {best}",
    "test_accuracy": "Test accuracy",
    "interval": "{low:.1f} % to {high:.1f} % with 95 % confidence; {correct:,} of {count:,} images right",
    "curves": "Learning curves",
    "loss": "Loss",
    "accuracy": "Accuracy",
    "epoch": "epoch",
    "train": "training",
    "validation": "validation",
    "classes": "Classes",
    "class": "Class",
    "precision": "Precision",
    "recall": "Recall",
    "mean": "Mean of the classes",
    "confusion": "Confusion matrix",
    "confusion_text": "Rows: the right class. Columns: what the classifier said. On the test images.",
    "mistakes": "Most confident mistakes",
    "mistakes_text": "The test images about which the classifier was wrong and surest. Some may be labelled wrong.",
    "no_mistakes": "It classified every test image right.",
    "notes": "About the data",
    "unreadable": "Left out, because they can't be read",
    "settings": "Settings",
}

_SPANISH = {
    "lang": "es",
    "title": "Un clasificador de {classes} clases",
    "data": "Datos",
    "images": "Imágenes",
    "parts": "{train:,} para el entrenamiento, {validation:,} para la validación, {test:,} para la prueba",
    "network": "Red",
    "parameters": "{count:,} pesos",
    "training": "Entrenamiento",
    "trained": "{epochs} épocas en {seconds:.0f} s, {speed:,.0f} imágenes/s; los pesos son los de la época {best}",
    "test_accuracy": "Exactitud en la prueba",
    "interval": "de {low:.1f} % a {high:.1f} % con un 95 % de confianza; {correct:,} de {count:,} imágenes acertadas",
    "curves": "Curvas de aprendizaje",
    "loss": "Error (entropía cruzada)",
    "accuracy": "Exactitud",
    "epoch": "época",
    "train": "entrenamiento",
    "validation": "validación",
    "classes": "Clases",
    "class": "Clase",
    "precision": "Precisión",
    "recall": "Exhaustividad",
    "mean": "Media de las clases",
    "confusion": "Matriz de confusión",
    "confusion_text": "Filas: la clase correcta. Columnas: lo que dijo el clasificador. Sobre las imágenes de prueba.",
    "mistakes": "Los errores más seguros",
    "mistakes_text": "Las imágenes de prueba en las que el clasificador se equivocó con más seguridad. Puede que alguna "
    "esté mal etiquetada.",
    "no_mistakes": "Acertó en todas las imágenes de prueba.",
    "notes": "Sobre los datos",
    "unreadable": "Imágenes omitidas porque no se pueden leer",
    "settings": "Ajustes",
}

LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": _ENGLISH, "es": _SPANISH}


def words(lang: str) -> Mapping[str, str]:
    """The words of a language, ``"en"`` or ``"es"``.

    Raises:
        SettingsError: it is another one.
    """
    if lang not in LANGUAGES:
        raise SettingsError(f"Reports are written in {' and '.join(LANGUAGES)}, not in {lang!r}.")
    return LANGUAGES[lang]
