"""How probable it is that a label is right, by the loss of its image (Li, Socher and Hoi 2020).

A network learns right labels earlier than wrong ones, so for a while the losses of a noisy data set
have two bumps.
"""

import warnings

import numpy as np
import threadpoolctl

_ROUNDING = 1e-6  # losses that differ by less are equal
_NOT_FINITE = "losses that are not finite say nothing about labels"


def clean_probability(losses: np.ndarray, seed: int) -> np.ndarray:
    """The posterior probability of the bump of the smaller losses.

    A mixture of two Gaussians is fitted to the losses with the settings of the public code, which
    are meant for losses in [0, 1]. The probability falls from one mean to the other. Beyond them it
    may turn: the wider bump has both tails.

    Args:
        losses: [n], the loss of each image, scaled (`scale`); or the mean of several such.
        seed: Of the random start of the fit, from 0 to 2^32 - 1.

    Returns:
        float64 [n], in [0, 1]; 1 everywhere if all losses are equal but for rounding, as for a
        single image. The order of the images does not matter.

    Raises:
        ValueError: A loss is not finite.
    """
    rows = np.asarray(losses, np.float64)[:, np.newaxis]
    if not np.isfinite(rows).all():
        raise ValueError(_NOT_FINITE)
    if not rows.size or np.ptp(rows) < _ROUNDING:
        return np.ones(len(rows))
    from sklearn import mixture  # slow to import, and only methods that divide images need it

    model = mixture.GaussianMixture(2, max_iter=10, tol=1e-2, reg_covar=5e-4, random_state=seed)
    # One thread, so that sums do not depend on the number of cores.
    with threadpoolctl.threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it stopped early, that there are few distinct losses
        # The start chooses places. Those of sorted losses mean the same in any order of the images.
        posteriors = model.fit(np.sort(rows, axis=0)).predict_proba(rows)
    return posteriors[:, model.means_[:, 0].argmin()]


def scale(losses: np.ndarray) -> np.ndarray:
    """The losses of one look, from 0 for the smallest to 1 for the largest (public code).

    Args:
        losses: [n].

    Returns:
        float64 [n]; 0 everywhere if all are equal but for rounding.

    Raises:
        ValueError: A loss is not finite.
    """
    losses = np.asarray(losses, np.float64)
    if not np.isfinite(losses).all():
        raise ValueError(_NOT_FINITE)
    above = losses - losses.min(initial=np.inf)
    largest = above.max(initial=0.0)
    return above / largest if largest > _ROUNDING else np.zeros_like(above)
