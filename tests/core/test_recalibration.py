"""What a method declares of a network whose batch statistics are estimated anew."""

from support import toy_methods

from tf_ssgan import methods


def test_only_an_average_of_snapshots_is_recalibrated():
    with toy_methods.short():
        averaging, plain = (
            methods.find("fast_swa").Method(
                toy_methods.hparams("fast_swa", average_decay=decay), toy_methods.task()
            )
            for decay in (0.9, 0.0)
        )
    assert averaging.recalibrates() is None  # it is the student until its first snapshot
    averaging.step.assign(averaging.task.steps)
    declared = averaging.recalibrates()
    assert declared.network is averaging.exported_classifier is not averaging.classifier
    assert declared.view in averaging.streams()[declared.stream].views
    assert plain.recalibrates() is None
