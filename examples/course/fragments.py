"""El proyecto final: una red para imágenes propias. / The final project: a network for one's own images.

es: La carpeta tiene imágenes PNG y un archivo categories.txt con líneas como `im-0.png -> 1`:
    1 sin figura, 2 figura arriba, 3 figura abajo, 4 figura en todas partes.
en: The folder has PNG images and a file categories.txt with lines such as `im-0.png -> 1`:
    1 no figure, 2 figure above, 3 figure below, 4 figure everywhere.

python fragments.py FOLDER
"""

import os
import sys

import tensorflow as tf

FOLDER = sys.argv[1] if len(sys.argv) > 1 else "fragments"
STEPS = int(sys.argv[2]) if len(sys.argv) > 2 else 400
CATEGORIES = 4
SIZE = 28
BATCH = 32


def read_categories(folder):
    """Devuelve la lista de pares (archivo, categoría). / Returns the list of pairs (file, category)."""
    pairs = []
    with open(os.path.join(folder, "categories.txt")) as lines:
        for line in lines:
            if "->" in line:
                name, category = line.split("->")
                pairs.append((os.path.join(folder, name.strip()), int(category)))
    return pairs


def split(pairs):
    """De cada categoría, un ejemplo de cada cuatro es de prueba. / Of each category, one example in four is for testing."""
    train, test = [], []
    for category in range(1, CATEGORIES + 1):
        members = [pair for pair in pairs if pair[1] == category]
        test += members[::4]
        train += [pair for i, pair in enumerate(members) if i % 4]
    return train, test


def decode(contents):
    """Los bytes de un PNG -> una imagen gris de 28x28. / The bytes of a PNG -> a grey image of 28x28."""
    image = tf.cast(tf.image.decode_png(contents, channels=4), tf.float32) / 255.0
    # es: el fondo es transparente: lo pintamos de blanco.
    # en: the background is transparent: we paint it white.
    colour, alpha = image[:, :, :3], image[:, :, 3:]
    grey = tf.reduce_mean(colour * alpha + (1.0 - alpha), 2, keep_dims=True)
    small = tf.image.resize_images(grey, [SIZE, SIZE], method=tf.image.ResizeMethod.AREA)
    # es: la tinta vale 1 y el papel 0.
    # en: ink is 1 and paper is 0.
    return tf.reshape(1.0 - small, [SIZE, SIZE, 1])


def network(images):
    """Dos convoluciones y dos capas totalmente conectadas. / Two convolutions and two fully connected layers."""
    with tf.variable_scope("network", reuse=tf.AUTO_REUSE):
        weights = tf.truncated_normal_initializer(stddev=0.1)
        zeros = tf.constant_initializer(0.0)
        hidden, depth = images, 1
        for layer, filters in [("conv1", 16), ("conv2", 32)]:
            W = tf.get_variable(layer + "_W", [5, 5, depth, filters], initializer=weights)
            b = tf.get_variable(layer + "_b", [filters], initializer=zeros)
            hidden = tf.nn.relu(tf.nn.conv2d(hidden, W, strides=[1, 1, 1, 1], padding="SAME") + b)
            hidden = tf.nn.max_pool(hidden, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
            depth = filters
        n = SIZE // 4 * (SIZE // 4) * depth
        W = tf.get_variable("fc1_W", [n, 64], initializer=tf.truncated_normal_initializer(stddev=0.03))
        b = tf.get_variable("fc1_b", [64], initializer=zeros)
        hidden = tf.nn.relu(tf.matmul(tf.reshape(hidden, [-1, n]), W) + b)
        W = tf.get_variable("fc2_W", [64, CATEGORIES], initializer=weights)
        b = tf.get_variable("fc2_b", [CATEGORIES], initializer=zeros)
        return tf.matmul(hidden, W) + b


train, test = split(read_categories(FOLDER))
print("train %d, test %d" % (len(train), len(test)))
tf.set_random_seed(1)

# es: aprendizaje: una cola de pares (archivo, categoría) y otra de lotes barajados.
# en: learning: a queue of pairs (file, category), and another of shuffled batches.
names = [name for name, _ in train]
labels = [category - 1 for _, category in train]
name, label = tf.train.slice_input_producer([tf.constant(names), tf.constant(labels)], shuffle=True, seed=1)
image_batch, label_batch = tf.train.shuffle_batch(
    [decode(tf.read_file(name)), label], batch_size=BATCH, capacity=400, min_after_dequeue=100, num_threads=2
)
loss = tf.reduce_mean(
    tf.nn.sparse_softmax_cross_entropy_with_logits(labels=label_batch, logits=network(image_batch))
)
train_step = tf.train.AdamOptimizer(0.001).minimize(loss)

# es: prueba: cada archivo pasa una sola vez, en orden, y el lector da también su nombre.
# en: testing: each file passes only once, in order, and the reader gives its name too.
test_queue = tf.train.string_input_producer([name for name, _ in test], num_epochs=1, shuffle=False)
key, contents = tf.WholeFileReader().read(test_queue)
test_name, test_image = tf.train.batch([key, decode(contents)], batch_size=16, allow_smaller_final_batch=True)
prediction = tf.argmax(network(test_image), 1) + 1

with tf.Session() as sess:
    # es: num_epochs se cuenta en una variable local.
    # en: num_epochs is counted in a local variable.
    sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    coord = tf.train.Coordinator()
    threads = tf.train.start_queue_runners(sess=sess, coord=coord)
    for i in range(STEPS):
        _, value = sess.run([train_step, loss])
        if i % 50 == 0:
            print("step %d, loss %.4f" % (i, value))

    answers = {}
    try:
        while not coord.should_stop():
            for path, category in zip(*sess.run([test_name, prediction])):
                answers[tf.compat.as_str(path)] = int(category)
    except tf.errors.OutOfRangeError:
        pass
    finally:
        coord.request_stop()
    coord.join(threads)

right = 0
for path, category in test:
    print("%s -> %d" % (os.path.basename(path), answers[path]))
    right += answers[path] == category
print("P = %.1f %%" % (100.0 * right / len(test)))
