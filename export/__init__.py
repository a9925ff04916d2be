"""Serving: a trained classifier as a SavedModel that needs nothing of this project.

What every exported classifier promises, for K classes and training images of h x w x c:

    signature        input                                   outputs
    serving_default  image         uint8   [n, h, w, c]      probabilities float32 [n, K],
                                                             label int64 [n], name string [n]
    predict_bytes    image_bytes   string  [n]               the same
    classify         inputs        string  [n], tf.Example   classes string [n, K],
                                                             scores float32 [n, K]
    generate         latents       float32 [n, latent_size]  image uint8 [n, h, w, c]

n is any number, 0 too. Pixels are those of a file, 0 to 255: the network's own range [-1, 1] is
made inside. `predict_bytes` and `classify` (feature `image/encoded`) take whole picture files and
prepare them as `pictures` says, which is as training did. Probabilities and scores are calibrated:
softmax(logits / T), with the temperature T fitted on the run's validation images; the card tells T
and what it changed. `generate` is there where the method has a generator; its latents
are drawn from U[-1, 1]. A conditional generator has its further inputs under their own names.

Modules: `servable` writes the SavedModel, `verify` compares it with the live network, `warmup`
gives it requests to warm up with, `publishing` makes a version appear whole; `export_main` does all
of it. `services` and `client` ask a running server; `predict` asks the SavedModel itself about the
files that `paths` lists, in the forms of `rows`.
"""

DEFAULT = "serving_default"
BYTES = "predict_bytes"
CLASSIFY = "classify"
GENERATE = "generate"

CLASSIFY_METHOD = "tensorflow/serving/classify"  # what TF Serving's Classify asks a signature for
FEATURE = "image/encoded"  # the key of the picture in a tf.Example, as in TensorFlow's own datasets
