"""MNIST para expertos: una red convolucional. / MNIST for experts: a convolutional network.

python mnist_experts.py --steps=20000
"""

import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

flags = tf.app.flags
flags.DEFINE_integer("steps", 20000, "Pasos de entrenamiento / training steps")
flags.DEFINE_integer("batch", 50, "Imágenes en cada paso / images in each step")
flags.DEFINE_float("learning_rate", 1e-4, "Tasa de aprendizaje de Adam / Adam's learning rate")
flags.DEFINE_string("data_dir", "MNIST_data/", "Carpeta de MNIST / folder of MNIST")
FLAGS = flags.FLAGS


def weight_variable(shape):
    return tf.Variable(tf.truncated_normal(shape, stddev=0.1))


def bias_variable(shape):
    # es: un poco más que cero, para que ninguna neurona RELU nazca muerta.
    # en: a little more than zero, so that no RELU neuron is born dead.
    return tf.Variable(tf.constant(0.1, shape=shape))


def conv2d(x, W):
    return tf.nn.conv2d(x, W, strides=[1, 1, 1, 1], padding="SAME")


def max_pool_2x2(x):
    return tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")


def main(_):
    mnist = input_data.read_data_sets(FLAGS.data_dir, one_hot=True)

    x = tf.placeholder(tf.float32, [None, 784])
    y_ = tf.placeholder(tf.float32, [None, 10])
    # es: [imágenes, alto, ancho, canales]; -1 es «las que haya».
    # en: [images, height, width, channels]; -1 is "as many as there are".
    x_image = tf.reshape(x, [-1, 28, 28, 1])

    # es: primera capa: 32 filtros de 5x5; 28x28x1 -> 28x28x32 -> 14x14x32.
    # en: first layer: 32 filters of 5x5; 28x28x1 -> 28x28x32 -> 14x14x32.
    W_conv1 = weight_variable([5, 5, 1, 32])
    b_conv1 = bias_variable([32])
    h_conv1 = tf.nn.relu(conv2d(x_image, W_conv1) + b_conv1)
    h_pool1 = max_pool_2x2(h_conv1)

    # es: segunda capa: 64 filtros de 5x5; 14x14x32 -> 14x14x64 -> 7x7x64.
    # en: second layer: 64 filters of 5x5; 14x14x32 -> 14x14x64 -> 7x7x64.
    W_conv2 = weight_variable([5, 5, 32, 64])
    b_conv2 = bias_variable([64])
    h_conv2 = tf.nn.relu(conv2d(h_pool1, W_conv2) + b_conv2)
    h_pool2 = max_pool_2x2(h_conv2)

    # es: capa totalmente conectada de 1024 neuronas.
    # en: fully connected layer of 1024 neurons.
    W_fc1 = weight_variable([7 * 7 * 64, 1024])
    b_fc1 = bias_variable([1024])
    h_pool2_flat = tf.reshape(h_pool2, [-1, 7 * 7 * 64])
    h_fc1 = tf.nn.relu(tf.matmul(h_pool2_flat, W_fc1) + b_fc1)

    # es: al entrenar se apaga la mitad de las neuronas, al azar; al probar, ninguna.
    # en: in training half of the neurons are switched off, at random; in testing, none.
    keep_prob = tf.placeholder(tf.float32)
    h_fc1_drop = tf.nn.dropout(h_fc1, keep_prob)

    W_fc2 = weight_variable([1024, 10])
    b_fc2 = bias_variable([10])
    y_conv = tf.matmul(h_fc1_drop, W_fc2) + b_fc2

    cross_entropy = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=y_, logits=y_conv))
    train_step = tf.train.AdamOptimizer(FLAGS.learning_rate).minimize(cross_entropy)
    correct_prediction = tf.equal(tf.argmax(y_conv, 1), tf.argmax(y_, 1))
    accuracy = tf.reduce_mean(tf.cast(correct_prediction, tf.float32))

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for i in range(FLAGS.steps):
            batch = mnist.train.next_batch(FLAGS.batch)
            if i % 500 == 0:
                train_accuracy = accuracy.eval(feed_dict={x: batch[0], y_: batch[1], keep_prob: 1.0})
                print("step %d, training accuracy %g" % (i, train_accuracy))
            train_step.run(feed_dict={x: batch[0], y_: batch[1], keep_prob: 0.5})

        # es: las diez mil imágenes de prueba, de mil en mil para no llenar la memoria.
        # en: the ten thousand test images, a thousand at a time so as not to fill the memory.
        parts = []
        for start in range(0, mnist.test.num_examples, 1000):
            images = mnist.test.images[start : start + 1000]
            labels = mnist.test.labels[start : start + 1000]
            parts.append(accuracy.eval(feed_dict={x: images, y_: labels, keep_prob: 1.0}))
        print("test accuracy %.4f" % (sum(parts) / len(parts)))


if __name__ == "__main__":
    tf.app.run()
