"""Whether the streams of a method can be read as it needs them, asked when the run is built."""

from tf_ssgan.common import errors
from tf_ssgan.core.method import Method
from tf_ssgan.core.task import Stream, Task


def check(method: Method, replicas: int) -> None:
    """Checks the streams of every stage.

    Args:
        method: A method that is built.
        replicas: Number of replicas that share a step.

    Raises:
        UserError: Replicas cannot share the examples of a stream evenly, or a stream whose images
            must differ within a step has too few of them.
    """
    for first in method.stages().values():
        method.set_stage(first)
        for name, stream in method.streams().items():
            _check_shares(method, name, stream, replicas)
            if stream.distinct:
                _check_pool(method, name, stream, replicas)
    method.set_stage(0)


def _check_shares(method: Method, name: str, stream: Stream, replicas: int) -> None:
    """Refuses examples that replicas cannot share."""
    if stream.examples % replicas:
        raise errors.UserError(
            f"--method={method.name} takes {stream.examples} images a step from its stream "
            f"{name!r}, which {replicas} replicas cannot share: change --batch_size, or the flag "
            f"that sets them, so that they are a multiple of {replicas}, or give another number of "
            "--devices."
        )


def _check_pool(method: Method, name: str, stream: Stream, replicas: int) -> None:
    """Refuses a pool that would have to be repeated within a step."""
    size = _pool_size(method.task, stream.pool)
    if size >= stream.examples:
        return
    most = size * method.hp.batch_size // stream.examples
    most -= most % replicas
    advice = f"give --batch_size of at most {most}" if most else "give it more images"
    if not most and hasattr(method.hp, "unlabeled_ratio"):
        advice += ", or a smaller --unlabeled_ratio"
    raise errors.UserError(
        f"--method={method.name} takes {stream.examples} different images a step from its stream "
        f"{name!r}, because it remembers something of each, and there are {size}: {advice}."
    )


def _pool_size(task: Task, pool: str) -> int:
    """Number of images in a pool."""
    return task.unlabeled if pool == "mixed" else getattr(task, pool)
