"""Serving: a trained classifier as a SavedModel that needs nothing of this project.

Every exported classifier has these signatures, for K classes and training images of h x w x c:

    signature        input                                   outputs
    serving_default  image         uint8   [n, h, w, c]      probabilities float32 [n, K],
                                                             label int64 [n], name string [n]
    predict_bytes    image_bytes   string  [n]               the same
    classify         inputs        string  [n], tf.Example   classes string [n, K],
                                                             scores float32 [n, K]
    generate         latents       float32 [n, latent_size]  image uint8 [n, h, w, c]

n is any number, including 0. Pixels are those of a file, 0 to 255; the model scales them to the
network's range [-1, 1]. `predict_bytes` and `classify` (feature `image/encoded`) take whole image
files and decode them as training did, see `graph_image_decoding`. Probabilities and scores are
calibrated: softmax(logits / T), with the temperature T fitted on the run's validation images;
model_info.json has T and what it changed. `generate` exists if the method has a generator. It
expects latents as the method drew them in training, and what else the generator reads:

    latents             further input                             methods
    U[-1, 1]            none                                      all that are not named below
    U[0, 1]             image float32 [n, h, w, c] in [-1, 1]     local_gan: images near that one
    U[-1, 1]            label int64 [n], the class                triple_gan
    N(0, I)             none                                      ali, cat_gan
    N(0, I)             label int64 [n], the class                acgan, wsgan and their variants

Modules: `servable` writes the SavedModel, `verify` compares it with the live network, `warmup`
writes warm-up requests, `digests` lists and checks its files, `publishing` makes a version appear
whole; `export_main` is the program that does all of it. `server_clients` and `client` query a
running server; `http_exchange` limits its time, and `server_answers` checks what it says. `predict`
loads the SavedModel itself, with its `model_info`, and classifies the files that `input_files`
lists; `prediction_writers` and `html_writer` write the results.
"""

import flags  # noqa: F401  first: what packages are missing is said, and Ctrl-C during imports is quiet

DEFAULT = "serving_default"
BYTES = "predict_bytes"
CLASSIFY = "classify"
GENERATE = "generate"

CLASSIFY_METHOD = "tensorflow/serving/classify"  # TF Serving's Classify requires this method name
MODEL_INFO_FILE = "assets/model_info.json"  # in a SavedModel
FEATURE = "image/encoded"  # key of the image in a tf.Example, as in TensorFlow's own data sets
