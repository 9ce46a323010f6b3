"""What a TensorFlow 1 program uses beside the graph: flags, files, logging, tests (`tf.app`, `tf.gfile`, ...)."""
