"""Looks at whole pools of a run, between its steps."""

import functools
from collections.abc import Callable

import keras
import numpy as np
import tqdm

from tf_ssgan.common import errors
from tf_ssgan.data import pools
from tf_ssgan.nn import distribution, inference
from tf_ssgan.training import build

_LONG_SECONDS = 2.0  # before a bar is shown


class PoolLook:
    """One look; it implements `core.looks.Look`.

    Every worker of a cluster gets the numbers of the first one.
    """

    def __init__(self, run: build.Run, check: Callable[[], None] = lambda: None):
        """Takes the run.

        Args:
            run: The run.
            check: Called between batches and other pieces; may raise to stop.
        """
        self.run = run
        self.check = check

    def predict(self, network: keras.Model, pool: str, *outputs: str) -> dict[str, np.ndarray]:
        """Outputs of a network for all images of a pool, see `Look.predict`."""
        images = self._pools[pool]
        done = self.progress(f"Predicting {len(images.ids):,} images", len(images.ids))
        forward, parts = inference.outputs(network), []
        for first in range(0, len(images.ids), inference.BATCH_SIZE):
            ids = images.ids[first : first + inference.BATCH_SIZE]
            batch = forward(images.images[ids])
            parts.append([np.asarray(batch[name], np.float32) for name in outputs])
            done(len(ids))
            self._refuse_broken(parts[-1], network.name)
        whole = (np.concatenate(part) for part in zip(*parts, strict=True))
        found = {
            name: distribution.of_first_worker(values)
            for name, values in zip(outputs, whole, strict=True)
        }
        return found if images.labels is None else found | {"label": images.labels}

    def _refuse_broken(self, values: list[np.ndarray], network: str) -> None:
        """Raises Diverged if a prediction is not finite: nothing can be learned from it."""
        if not all(np.isfinite(value).all() for value in values):
            step = int(self.run.method.step.numpy())
            raise errors.Diverged(step, f"predictions of {network}", float("nan"))

    def checked(self) -> np.ndarray:
        """Which labels are known to be right, see `Look.checked`."""
        return np.isin(self.run.protocol.labeled_ids, self.run.protocol.clean_ids)

    def progress(self, title: str, total: int) -> Callable[[int], None]:
        """Begins to show how far a part of the look is, see `Look.progress`."""
        bar = tqdm.tqdm(
            total=total, desc=title, leave=False, delay=_LONG_SECONDS, disable=_disabled()
        )

        def done(pieces: int) -> None:
            self.check()
            bar.update(pieces)
            if bar.n >= total:
                bar.close()

        return done

    @functools.cached_property
    def _pools(self) -> dict[str, pools.Pool]:
        return build.make_pools(self.run)


def _disabled() -> bool | None:
    """No bar on workers that are not the chief; None: none either if nobody sees it."""
    return None if distribution.is_chief() else True
