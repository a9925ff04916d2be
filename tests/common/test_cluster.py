"""TF_CONFIG: what it may say, and the sentence on everything else."""

import json

import pytest

from tf_ssgan.common import cluster, errors

WORKERS = ["a:1", "b.example.org:65535", "[::1]:22"]


def text(workers=WORKERS, kind="worker", index=0, **jobs):
    return json.dumps(
        {"cluster": {"worker": workers} | jobs, "task": {"type": kind, "index": index}}
    )


@pytest.mark.parametrize("content", ["", " \n"])
def test_without_the_variable_there_is_no_cluster(monkeypatch, content):
    monkeypatch.setenv("TF_CONFIG", content)
    assert cluster.read() is None


@pytest.mark.parametrize("index", [1, "1"])
def test_a_cluster_is_read(monkeypatch, index):
    monkeypatch.setenv("TF_CONFIG", text(index=index))
    here = cluster.read()
    assert here == cluster.Cluster(tuple(WORKERS), 1) and here.others() == [0, 2]
    assert here.address(2) == ("::1", 22) and here.name(0) == "worker 0 (a:1)"


WRONG = {
    "{": "is not JSON",
    "[" * 100_000: "is not JSON",
    "[]": "has no 'cluster'",
    '{"cluster": ["a:1"], "task": {}}': "has no 'cluster'",
    json.dumps({"cluster": {"worker": ["a:1"]}}): "has no 'task'",
    text([]): "has no list of workers, but []",
    text("a:1"): "has no list of workers, but 'a:1'",
    text(["a"]): "names 'a' as a worker, which is not HOST:PORT",
    text(["a:0"]): "names 'a:0' as a worker",
    text(["a:70000"]): "names 'a:70000' as a worker",
    text(["a b:1"]): "names 'a b:1' as a worker",
    text(["http://a:1"]): "names 'http://a:1' as a worker",
    text(["a:1\n"]): r"names 'a:1\n' as a worker",
    text([1]): "names 1 as a worker",
    text(["a:1", "b:1", "a:1"]): "names the worker a:1 twice",
    text(chief=["c:1"]): "names tasks of the kind 'chief'",
    text(ps=["c:1"]): "names tasks of the kind 'ps'",
    text(kind="evaluator"): "gives this host the task 'evaluator'",
    text(kind=None): "gives this host the task None",
    text(index=3): "gives this host the index 3, but the 3 worker(s) have the indexes 0 to 2",
    text(index=-1): "gives this host the index -1",
    text(index=1.0): "gives this host the index 1.0",
    text(index=True): "gives this host the index True",
    text(index=None): "gives this host the index None",
    text(index="first"): "gives this host the index 'first'",
}


@pytest.mark.parametrize("content", WRONG, ids=lambda content: content[:60])
def test_what_is_wrong_is_one_sentence_with_the_right_form(monkeypatch, content):
    monkeypatch.setenv("TF_CONFIG", content)
    with pytest.raises(errors.UserError) as refused:
        cluster.read()
    said = str(refused.value)
    assert said.startswith("TF_CONFIG ") and WRONG[content] in said and "\n" not in said
    assert "It must look like" in said and len(said) < 500
