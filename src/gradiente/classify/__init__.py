"""From a folder of images to a classifier that was tested, built on the public names only.

``train(data)`` makes a run, ``load(run).predict(images)`` uses it, ``test(run, data)`` says how good it is, and
``export(run)`` writes it for other programs.
"""

from __future__ import annotations

from gradiente.classify.evaluation.scores import Scores as Scores
from gradiente.classify.evaluation.testing import Tested as Tested
from gradiente.classify.evaluation.testing import test as test
from gradiente.classify.exporting.export import Exported as Exported
from gradiente.classify.exporting.export import export as export
from gradiente.classify.learning.progress import Progress as Progress
from gradiente.classify.model.classifier import Classifier as Classifier
from gradiente.classify.model.classifier import Prediction as Prediction
from gradiente.classify.model.classifier import load as load
from gradiente.classify.run import Run as Run
from gradiente.classify.run import resume as resume
from gradiente.classify.run import train as train
from gradiente.classify.settings import Settings as Settings
from gradiente.classify.settings import read_settings as read_settings
