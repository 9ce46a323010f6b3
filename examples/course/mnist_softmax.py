"""MNIST para principiantes: regresión softmax. / MNIST for beginners: softmax regression."""

import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

mnist = input_data.read_data_sets("MNIST_data/", one_hot=True)

# es: x guarda las imágenes: tantas como queramos (None), cada una de 28 x 28 = 784 píxeles.
# en: x holds the images: as many as we like (None), each of 28 x 28 = 784 pixels.
x = tf.placeholder(tf.float32, [None, 784])

# es: los pesos y los sesgos son variables: el entrenamiento los cambia.
# en: the weights and the biases are variables: training changes them.
W = tf.Variable(tf.zeros([784, 10]))
b = tf.Variable(tf.zeros([10]))
y = tf.nn.softmax(tf.matmul(x, W) + b)

# es: y_ es la respuesta correcta; la entropía cruzada mide lo lejos que estamos de ella.
# en: y_ is the right answer; the cross-entropy measures how far from it we are.
y_ = tf.placeholder(tf.float32, [None, 10])
cross_entropy = tf.reduce_mean(-tf.reduce_sum(y_ * tf.log(y), reduction_indices=[1]))
train_step = tf.train.GradientDescentOptimizer(0.5).minimize(cross_entropy)

init = tf.initialize_all_variables()
sess = tf.Session()
sess.run(init)

# es: mil pasos, cada uno con cien imágenes elegidas al azar.
# en: a thousand steps, each with a hundred images drawn at random.
for i in range(1000):
    batch_xs, batch_ys = mnist.train.next_batch(100)
    sess.run(train_step, feed_dict={x: batch_xs, y_: batch_ys})

# es: ¿qué parte de las imágenes de prueba acierta?
# en: what part of the test images does it get right?
correct_prediction = tf.equal(tf.argmax(y, 1), tf.argmax(y_, 1))
accuracy = tf.reduce_mean(tf.cast(correct_prediction, tf.float32))
print("accuracy:", sess.run(accuracy, feed_dict={x: mnist.test.images, y_: mnist.test.labels}))
