"""What of a method needs batch statistics that are estimated anew before it is evaluated."""

import dataclasses

import keras


@dataclasses.dataclass(frozen=True)
class Recalibration:
    """A network whose batch statistics no step records, such as an average of weights.

    `training/recalibration.py` estimates them at the end of each evaluation interval and stage, as
    means over a fixed number of batches, the same ones each time.

    Attributes:
        network: The network.
        stream: Name of the stream whose batches it sees.
        view: Name of the view in the batch.
    """

    network: keras.Model
    stream: str
    view: str
