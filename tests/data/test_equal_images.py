"""Images with the same pixels: in the test, in other classes, or twice."""

import numpy as np

from tf_ssgan.data import content_hash, equal_images


def noise(count):
    return np.random.default_rng(0).integers(0, 256, (count, 8, 8, 3), np.uint8)


def compared(images, test, labels=None):
    labels = np.zeros(len(images), np.int64) if labels is None else np.array(labels)
    names = [f"{n}.png" for n in range(len(images))]
    test = np.isin(np.arange(len(images)), test)
    return equal_images.ImagesToCompare(
        content_hash.keys(images), labels, test, names, ("cat", "dog")
    )


def with_text(remarks, text):
    (remark,) = (remark for remark in remarks if text in remark.text)
    return remark


def test_all_different():
    assert not list(equal_images.remarks(compared(noise(9), [7, 8])))


def test_a_test_image_in_the_training_images():
    images = noise(5)[[0, 1, 2, 3, 0, 1, 4]]
    remarks = list(equal_images.remarks(compared(images, [4, 6])))
    leak = with_text(remarks, "1 test image has the same pixels")
    assert leak.level == "warning" and leak.names == ("4.png = 0.png",)
    assert "from training or from the test" in leak.advice
    assert (
        with_text(remarks, "1 training image has the same pixels as another").level == "note"
    )  # image 5 is image 1


def test_copies_among_the_test_images_are_no_leak():
    images = noise(4)[[0, 1, 2, 3, 3]]
    assert not list(equal_images.remarks(compared(images, [3, 4])))


def test_copies_in_different_classes():
    images = noise(3)[[0, 1, 0, 2, 0, 0]]
    remarks = list(equal_images.remarks(compared(images, [], labels=[0, 0, 1, 1, 0, -1])))
    conflict = with_text(remarks, "copies in different classes")
    assert conflict.level == "warning"
    assert conflict.names == ("0.png (cat) = 2.png (dog) = 4.png (cat)",)


def test_an_unlabeled_copy_is_no_conflict():
    images = noise(2)[[0, 0, 1]]
    (remark,) = equal_images.remarks(compared(images, [], labels=[0, -1, 1]))
    assert remark.level == "note" and remark.text.startswith(
        "1 training image has the same pixels as another"
    )
