"""How far an error on n test images can be trusted."""


def standard_error(share: float, images: int) -> float:
    """The binomial standard error of a share of images, which is above 0 for every share.

        sqrt(p (1 - p) / n),   p = (n share + 1) / (n + 2)

    One image that is right and one that is wrong are added to those that were counted. Without
    them, shares of 0 and 1 would have no error at all. Agresti and Caffo 2000, "Simple and
    Effective Confidence Intervals for Proportions and Differences of Proportions Result from Adding
    Two Successes and Two Failures", add them to both shares of a difference, whose interval then
    covers the true one as often as it says, near 0 too. They divide by n + 2; with n the number is
    never below the usual sqrt(share (1 - share) / n), nor below one image in n for the difference
    of two shares.

    Args:
        share: Images that are misclassified, or classified correctly, in [0, 1].
        images: Number of images n, at least 1.
    """
    adjusted = (images * share + 1) / (images + 2)
    return (adjusted * (1 - adjusted) / images) ** 0.5
