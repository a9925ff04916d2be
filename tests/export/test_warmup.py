"""Warm-up requests fit the signatures."""

import pytest
import tensorflow as tf

from export import warmup


def test_warm_up_requests_can_be_replayed(exported, signatures):
    reason = "needs the extra `serving` (tensorflow-serving-api)"
    logs = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2", reason=reason)
    names = []
    for record in tf.data.TFRecordDataset(str(exported.folder / warmup.FILE)):
        log = logs.PredictionLog.FromString(record.numpy())
        request = getattr(log, log.WhichOneof("log_type")).request
        names.append(request.model_spec.signature_name)
        if names[-1] == "classify":
            examples = [e.SerializeToString() for e in request.input.example_list.examples]
            given = {"inputs": tf.constant(examples)}
        else:
            given = {k: tf.constant(tf.make_ndarray(v)) for k, v in request.inputs.items()}
        signatures[names[-1]](**given)
    assert set(names) == set(signatures)
