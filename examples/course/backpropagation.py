"""La retropropagación del curso (ecuaciones 2 a 14), calculada dos veces. / The course's backpropagation, computed twice.

es: Un perceptrón de neuronas sigmoides con error E = 1/2 (t - y)^2. El grafo da los gradientes con tf.gradients;
    aquí se escriben también las fórmulas cerradas, a mano, y se comparan: coinciden hasta 1e-6 y mejor.
en: A perceptron of sigmoid neurons with the error E = 1/2 (t - y)^2. The graph gives the gradients with
    tf.gradients; the closed forms are written here too, by hand, and both are compared: equal to 1e-6 and better.

python backpropagation.py             # es: dos capas / en: two layers
python backpropagation.py 4 5 6 5 3   # es: neuronas por capa, la entrada primero / en: neurons per layer, input first
"""

import sys

import numpy as np
import tensorflow as tf

RATE = 0.5
EXAMPLES = 6


def phi(z):
    """La sigmoide φ(z) = 1 / (1 + e^-z). / The sigmoid."""
    return 1.0 / (1.0 + np.exp(-z))


def build(sizes):
    """El perceptrón como grafo. / The perceptron as a graph.

    es: net_j = Σ_i w_ij o_i + b_j;  o_j = φ(net_j);  la salida de una capa es la entrada de la siguiente.
    en: net_j = Σ_i w_ij o_i + b_j;  o_j = φ(net_j);  the output of one layer is the input of the next.
    """
    x = tf.placeholder(tf.float64, [None, sizes[0]], name="x")
    t = tf.placeholder(tf.float64, [None, sizes[-1]], name="t")
    nets, weights, biases = [], [], []
    o = x
    for n, (inputs, outputs) in enumerate(zip(sizes[:-1], sizes[1:]), 1):
        with tf.name_scope("layer%d" % n):
            w = tf.Variable(tf.random_normal([inputs, outputs], dtype=tf.float64, seed=n), name="w")
            b = tf.Variable(tf.random_normal([outputs], dtype=tf.float64, seed=10 * n), name="b")
            net = tf.matmul(o, w) + b
            o = tf.sigmoid(net)
        nets.append(net)
        weights.append(w)
        biases.append(b)
    # es: E = 1/2 (t - y)^2 en cada ejemplo; la media sobre los n ejemplos es lo que se minimiza.
    # en: E = 1/2 (t - y)^2 for each example; the mean over the n examples is what is minimised.
    E = tf.reduce_mean(tf.reduce_sum(0.5 * tf.square(t - o), 1), name="E")
    return x, t, o, E, nets, weights, biases


def closed_forms(inputs, targets, weights, biases):
    """Las ecuaciones, con NumPy y sin grafo. / The equations, with NumPy and no graph."""
    n = len(inputs)
    # es: hacia delante: se guardan las salidas o de cada capa.
    # en: forward: the outputs o of each layer are kept.
    outputs = [inputs]
    for w, b in zip(weights, biases):
        outputs.append(phi(outputs[-1].dot(w) + b))

    # es: en la capa de salida ∂E/∂o = o - t, y φ' = φ(1 - φ): δ_j = (o_j - t_j) o_j (1 - o_j).
    # en: in the output layer ∂E/∂o = o - t, and φ' = φ(1 - φ): δ_j = (o_j - t_j) o_j (1 - o_j).
    o = outputs[-1]
    delta = (o - targets) * o * (1 - o) / n
    deltas = [delta]
    # es: en una capa oculta, por la regla de la cadena: δ_j = (Σ_l δ_l w_jl) o_j (1 - o_j). (En la ecuación 14 del
    #     curso los dos casos están cambiados; en la 13 están bien.)
    # en: in a hidden layer, by the chain rule: δ_j = (Σ_l δ_l w_jl) o_j (1 - o_j). (In the course's equation 14 the
    #     two cases are swapped; equation 13 has them right.)
    for w, o in zip(weights[:0:-1], outputs[-2:0:-1]):
        delta = delta.dot(w.T) * o * (1 - o)
        deltas.insert(0, delta)

    # es: ∂E/∂w_ij = δ_j o_i, sumado sobre los ejemplos; el sesgo es el peso de una entrada que vale siempre 1.
    # en: ∂E/∂w_ij = δ_j o_i, summed over the examples; the bias is the weight of an input that is always 1.
    dE_dw = [o.T.dot(delta) for o, delta in zip(outputs, deltas)]
    dE_db = [delta.sum(axis=0) for delta in deltas]
    E = np.mean(np.sum(0.5 * (targets - outputs[-1]) ** 2, axis=1))
    return E, deltas, dE_dw, dE_db


def compare(what, graph, formula):
    error = np.max(np.abs(graph - formula))
    print("  %-10s largest difference %.1e" % (what, error))
    assert error < 1e-6, what


def check(sizes):
    print("perceptron %s" % " -> ".join(str(size) for size in sizes))
    tf.reset_default_graph()
    x, t, y, E, nets, weights, biases = build(sizes)
    count = len(weights)

    # es: δ_j es ∂E/∂net_j. Los gradientes son tensores del grafo: se piden como cualquier otro.
    # en: δ_j is ∂E/∂net_j. The gradients are tensors of the graph: they are fetched like any other.
    deltas = tf.gradients(E, nets)
    dE_dw = tf.gradients(E, weights)
    dE_db = tf.gradients(E, biases)
    # es: la derivada de la sigmoide, φ' = φ(1 - φ), también la da el grafo.
    # en: the derivative of the sigmoid, φ' = φ(1 - φ), comes from the graph too.
    slope = tf.gradients(y, nets[-1])[0]
    train_step = tf.train.GradientDescentOptimizer(RATE).minimize(E)

    rng = np.random.RandomState(0)
    feed = {x: rng.uniform(-1, 1, [EXAMPLES, sizes[0]]), t: rng.uniform(0, 1, [EXAMPLES, sizes[-1]])}
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        w, b = sess.run([weights, biases])
        got = sess.run({"E": E, "y": y, "slope": slope, "delta": deltas, "dw": dE_dw, "db": dE_db}, feed)

        error, delta, dw, db = closed_forms(feed[x], feed[t], w, b)
        compare("E", got["E"], error)
        compare("φ'", got["slope"], got["y"] * (1 - got["y"]))
        for n in range(count):
            compare("δ %d" % (n + 1), got["delta"][n], delta[n])
            compare("∂E/∂w %d" % (n + 1), got["dw"][n], dw[n])
            compare("∂E/∂b %d" % (n + 1), got["db"][n], db[n])

        # es: un paso de aprendizaje: Δw = -α ∂E/∂w.
        # en: one step of learning: Δw = -α ∂E/∂w.
        sess.run(train_step, feed)
        after = sess.run(weights)
        for n in range(count):
            compare("Δw %d" % (n + 1), after[n] - w[n], -RATE * dw[n])
        for _ in range(200):
            sess.run(train_step, feed)
        print("  E before %.4f, after 201 steps %.4f" % (got["E"], sess.run(E, feed)))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        check([int(size) for size in sys.argv[1:]])
    else:
        check([3, 4, 2])
        check([4, 6, 5, 5, 3])
