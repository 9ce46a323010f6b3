"""Un perceptrón de N capas para MNIST. / A perceptron of N layers for MNIST.

python mnist_perceptron.py --layers=6 --width=256
"""

import math

import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

flags = tf.app.flags
flags.DEFINE_integer(
    "layers", 6, "Capas con pesos, la de salida incluida / layers with weights, the output included"
)
flags.DEFINE_integer("width", 256, "Neuronas en cada capa oculta / neurons in each hidden layer")
flags.DEFINE_integer("steps", 6000, "Pasos de entrenamiento / training steps")
flags.DEFINE_integer("batch", 100, "Imágenes en cada paso / images in each step")
flags.DEFINE_float("rate", 0.001, "Tasa de aprendizaje al empezar / learning rate at the start")
flags.DEFINE_string("data_dir", "MNIST_data/", "Carpeta de MNIST / folder of MNIST")
FLAGS = flags.FLAGS


def layer(inputs, size, name, activation=None):
    """Una capa: activación(inputs · W + b). / One layer: activation(inputs · W + b)."""
    with tf.variable_scope(name):
        n = inputs.get_shape()[1].value
        # es: pesos pequeños y distintos; con ceros todas las neuronas aprenderían lo mismo.
        # en: small weights that differ; from zeros all neurons would learn the same.
        W = tf.get_variable(
            "weights", [n, size], initializer=tf.truncated_normal_initializer(stddev=math.sqrt(2.0 / n))
        )
        b = tf.get_variable("biases", [size], initializer=tf.constant_initializer(0.0))
        net = tf.matmul(inputs, W) + b
        return net if activation is None else activation(net)


def main(_):
    mnist = input_data.read_data_sets(FLAGS.data_dir, one_hot=True)

    x = tf.placeholder(tf.float32, [None, 784], name="x")
    y_ = tf.placeholder(tf.float32, [None, 10], name="y_")

    # es: la salida de cada capa es la entrada de la siguiente.
    # en: the output of each layer is the input of the next.
    hidden = x
    for i in range(1, FLAGS.layers):
        hidden = layer(hidden, FLAGS.width, "layer%d" % i, tf.nn.relu)
    y = layer(hidden, 10, "output")

    # es: la función quiere los valores de antes del softmax: lo aplica ella misma.
    # en: the function wants the values before the softmax: it applies it itself.
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=y_, logits=y))

    # es: la tasa de aprendizaje baja poco a poco, para afinar al final.
    # en: the learning rate falls little by little, to refine at the end.
    global_step = tf.Variable(0, trainable=False, name="global_step")
    rate = tf.train.exponential_decay(FLAGS.rate, global_step, 1000, 0.6)
    train_step = tf.train.AdamOptimizer(rate).minimize(loss, global_step=global_step)

    correct_prediction = tf.equal(tf.argmax(y, 1), tf.argmax(y_, 1))
    accuracy = tf.reduce_mean(tf.cast(correct_prediction, tf.float32))

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for i in range(FLAGS.steps):
            images, labels = mnist.train.next_batch(FLAGS.batch)
            if i % 1000 == 0:
                print("step %d, training accuracy %.3f" % (i, accuracy.eval({x: images, y_: labels})))
            sess.run(train_step, feed_dict={x: images, y_: labels})
        test = accuracy.eval({x: mnist.test.images, y_: mnist.test.labels})
        print("%d layers of %d, test accuracy: %.4f" % (FLAGS.layers, FLAGS.width, test))


if __name__ == "__main__":
    tf.app.run()
