"""La red [32,32,3] -> CONV -> RELU -> POOL -> FC del curso. / The course's network [32,32,3] -> CONV -> RELU -> POOL -> FC.

python cs231n_32x32.py                  # es: los dígitos de MNIST, coloreados / en: the digits of MNIST, coloured
python cs231n_32x32.py --data=photos/   # es: una subcarpeta por clase / en: one sub-folder per class
"""

import os

import numpy as np
import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

flags = tf.app.flags
flags.DEFINE_string("data", "", "Carpeta con una subcarpeta por clase / folder with one sub-folder per class")
flags.DEFINE_integer("steps", 1500, "Pasos de entrenamiento / training steps")
flags.DEFINE_integer("batch", 64, "Imágenes en cada paso / images in each step")
flags.DEFINE_integer("limit", 20000, "Imágenes de MNIST que se usan / images of MNIST that are used")
FLAGS = flags.FLAGS


def output_size(W, F, P, S):
    """El tamaño de la salida, ecuación 15. / The output size, equation 15: (W - F + 2P) / S + 1."""
    size = (W - F + 2 * P) / S + 1
    assert size == int(size), "el paso no cuadra / the stride does not fit"
    print("  (%d - %d + 2*%d)/%d + 1 = %d" % (W, F, P, S, size))
    return int(size)


def coloured(images, rng):
    """[n,784] -> [n,32,32,3]: dos píxeles de borde y un color al azar. / Two pixels of border and a random colour."""
    padded = np.pad(images.reshape([-1, 28, 28, 1]), [[0, 0], [2, 2], [2, 2], [0, 0]], mode="constant")
    colours = rng.uniform(0.4, 1.0, [len(images), 1, 1, 3])
    return (padded * colours).astype(np.float32)


def read_mnist():
    mnist = input_data.read_data_sets("MNIST_data/")
    rng = np.random.RandomState(0)
    train = coloured(mnist.train.images[: FLAGS.limit], rng), mnist.train.labels[: FLAGS.limit]
    test = coloured(mnist.test.images, rng), mnist.test.labels
    return train, test, [str(digit) for digit in range(10)]


def read_folder(folder):
    classes = sorted(
        d for d in tf.gfile.ListDirectory(folder) if tf.gfile.IsDirectory(os.path.join(folder, d))
    )
    names, labels = [], []
    for label, name in enumerate(classes):
        for extension in ("jpg", "jpeg", "png"):
            found = tf.gfile.Glob(os.path.join(folder, name, "*." + extension))
            names += found
            labels += [label] * len(found)

    # es: un grafo pequeño que lee un archivo y lo deja en 32x32x3, con valores de 0 a 1.
    # en: a small graph that reads a file and makes it 32x32x3, with values from 0 to 1.
    path = tf.placeholder(tf.string, [])
    image = tf.image.decode_image(tf.read_file(path), channels=3)
    image.set_shape([None, None, 3])
    small = tf.image.resize_images(image, [32, 32], method=tf.image.ResizeMethod.AREA) / 255.0
    with tf.Session() as sess:
        images = np.array([sess.run(small, {path: name}) for name in names], np.float32)

    # es: barajamos y guardamos una de cada cinco para la prueba.
    # en: we shuffle, and keep one in five for the test.
    order = np.random.RandomState(0).permutation(len(names))
    labels = np.array(labels)
    test, train = order[::5], np.setdiff1d(order, order[::5])
    return (images[train], labels[train]), (images[test], labels[test]), classes


def main(_):
    (images, labels), (test_images, test_labels), classes = (
        read_folder(FLAGS.data) if FLAGS.data else read_mnist()
    )
    print("train %d, test %d, classes: %s" % (len(images), len(test_images), ", ".join(classes)))

    x = tf.placeholder(tf.float32, [None, 32, 32, 3])
    y_ = tf.placeholder(tf.int64, [None])

    # es: CONV: 12 filtros de 5x5x3, con borde de ceros P=2 y paso S=1.
    # en: CONV: 12 filters of 5x5x3, with a zero padding of P=2 and a stride of S=1.
    print("CONV [32,32,3] -> [32,32,12]")
    conv_size = output_size(W=32, F=5, P=2, S=1)
    filters = tf.Variable(tf.truncated_normal([5, 5, 3, 12], stddev=0.1))
    conv = tf.nn.conv2d(x, filters, strides=[1, 1, 1, 1], padding="SAME") + tf.Variable(tf.zeros([12]))
    # es: los pesos de la capa son F*F*profundidad*filtros, más un sesgo por filtro.
    # en: the layer's weights are F*F*depth*filters, plus one bias for each filter.
    print("  %d weights" % (5 * 5 * 3 * 12 + 12))

    relu = tf.nn.relu(conv)

    # es: POOL: el mayor de cada cuadrado de 2x2.
    # en: POOL: the largest of each square of 2x2.
    print("POOL [32,32,12] -> [16,16,12]")
    pool_size = output_size(W=conv_size, F=2, P=0, S=2)
    pool = tf.nn.max_pool(relu, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
    assert relu.get_shape().as_list() == [None, conv_size, conv_size, 12]
    assert pool.get_shape().as_list() == [None, pool_size, pool_size, 12]

    print("FC   [16,16,12] -> [1,1,%d]" % len(classes))
    flat = tf.reshape(pool, [-1, pool_size * pool_size * 12])
    W_fc = tf.Variable(tf.truncated_normal([pool_size * pool_size * 12, len(classes)], stddev=0.02))
    y = tf.matmul(flat, W_fc) + tf.Variable(tf.zeros([len(classes)]))

    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y_, logits=y))
    train_step = tf.train.AdamOptimizer(0.001).minimize(loss)
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(y, 1), y_), tf.float32))

    rng = np.random.RandomState(1)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for i in range(FLAGS.steps):
            chosen = rng.randint(0, len(images), FLAGS.batch)
            _, value = sess.run([train_step, loss], feed_dict={x: images[chosen], y_: labels[chosen]})
            if i % 250 == 0:
                print("step %d, loss %.3f" % (i, value))
        print("test accuracy %.4f" % sess.run(accuracy, feed_dict={x: test_images, y_: test_labels}))


if __name__ == "__main__":
    tf.app.run()
