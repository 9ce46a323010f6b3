"""What of TensorFlow 1 lies outside gradiente, and what each thing is called today."""

from __future__ import annotations

OUTSIDE: dict[str, str] = {
    "compat.v2": "tf.compat.v2 is TensorFlow 2; gradiente runs TensorFlow 1 programs (tf.compat.v1)",
    "contrib": "tf.contrib was a collection of experiments; gradiente has only its most used regularizers, "
    "initializers and training helpers",
    "contrib.eager": "eager execution is outside gradiente; fetch values with tf.Session",
    "contrib.keras": "Keras is outside gradiente; build the layers from tf.nn and tf.Variable",
    "contrib.learn": "tf.contrib.learn's estimators are outside gradiente; write the training loop with tf.Session",
    "contrib.rnn": "recurrent cells are outside gradiente; unroll the network with tf.matmul or tf.while_loop",
    "contrib.seq2seq": "recurrent networks are outside gradiente",
    "contrib.slim": "TF-Slim is outside gradiente; build the layers from tf.nn and tf.get_variable",
    "data": "tf.data pipelines are outside gradiente; read files with tf.train's queues, or feed NumPy arrays",
    "distribute": "distribution strategies are outside gradiente",
    "enable_eager_execution": "eager execution is outside gradiente; fetch values with tf.Session",
    "estimator": "tf.estimator is outside gradiente; write the training loop with tf.Session",
    "feature_column": "tf.feature_column is outside gradiente; feed the features as arrays",
    "keras": "Keras is outside gradiente; build the layers from tf.nn and tf.Variable",
    "layers": "tf.layers is outside gradiente; use tf.nn with variables from tf.get_variable",
    "lite": "TensorFlow Lite is outside gradiente",
    "nn.rnn_cell": "recurrent cells are outside gradiente; unroll the network with tf.matmul or tf.while_loop",
    "nn.dynamic_rnn": "recurrent networks are outside gradiente; unroll with tf.matmul or tf.while_loop",
    "nn.bidirectional_dynamic_rnn": "recurrent networks are outside gradiente",
    "nn.static_rnn": "recurrent networks are outside gradiente; unroll with tf.matmul",
    "nn.rnn": "recurrent networks are outside gradiente; unroll with tf.matmul",
    "nn.seq2seq": "recurrent networks are outside gradiente",
    "saved_model": "the SavedModel format is outside gradiente; use tf.train.Saver or tf.train.write_graph",
    "SparseTensor": "sparse tensors are outside gradiente; use a dense tensor",
    "sparse_placeholder": "sparse tensors are outside gradiente; use tf.placeholder",
    "tpu": "TensorFlow's TPU library is outside gradiente, which runs on TPU through JAX",
    "train.ClusterSpec": "TensorFlow's parameter servers are outside gradiente",
    "train.MonitoredTrainingSession": "monitored sessions are outside gradiente; use tf.Session and tf.train.Saver",
    "train.Server": "TensorFlow's parameter servers are outside gradiente",
    "train.Supervisor": "tf.train.Supervisor is outside gradiente; use tf.Session and tf.train.Saver",
    "train.SyncReplicasOptimizer": "TensorFlow's parameter servers are outside gradiente",
    "train.replica_device_setter": "TensorFlow's parameter servers are outside gradiente",
}
"""One sentence for each part of TensorFlow 1 that gradiente may lack (read only when a name is missing)."""

RENAMED: dict[str, str] = {
    "all_variables": "global_variables",
    "arg_max": "argmax",
    "arg_min": "argmin",
    "audio_summary": "summary.audio",
    "batch_cholesky": "cholesky",
    "batch_matmul": "matmul",
    "batch_matrix_determinant": "matrix_determinant",
    "batch_matrix_inverse": "matrix_inverse",
    "batch_matrix_solve": "matrix_solve",
    "complex_abs": "abs",
    "histogram_summary": "summary.histogram",
    "image.per_image_whitening": "image.per_image_standardization",
    "image_summary": "summary.image",
    "initialize_all_variables": "global_variables_initializer",
    "initialize_local_variables": "local_variables_initializer",
    "initialize_variables": "variables_initializer",
    "inv": "reciprocal",
    "list_diff": "setdiff1d",
    "listdiff": "setdiff1d",
    "merge_all_summaries": "summary.merge_all",
    "merge_summary": "summary.merge",
    "mul": "multiply",
    "neg": "negative",
    "pack": "stack",
    "scalar_summary": "summary.scalar",
    "select": "where",
    "sub": "subtract",
    "train.SummaryWriter": "summary.FileWriter",
    "unpack": "unstack",
}
"""Names of TensorFlow 0.x whose later form takes the same arguments in the same order."""


def why_outside(name: str) -> str | None:
    """The sentence for `name` (without `tf.`), or for the nearest part that contains it."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        sentence = OUTSIDE.get(".".join(parts[:length]))
        if sentence:
            return sentence
    return None
