"""What is printed of the errors on some test images."""

import pytest
from support import file_contents

from tf_ssgan.common import few_images
from tf_ssgan.evaluation import error_lines
from tf_ssgan.metrics import intervals


def entry(dataset="folder:pets", images=40, error=20.0, **changed):
    wrong = round(error * images / 100)
    more = {"images": images, "interval": list(intervals.wilson(wrong, images))}
    return file_contents.errors_on(dataset, error, **more | changed)


def printed(*given, **changed):
    return "\n".join(error_lines.lines(entry(*given, **changed))) + "\n"


def left_out(labeled=0, unlabeled=0, held_out=0, relabeled=0):
    return {"labeled": labeled, "unlabeled": unlabeled, "held_out": held_out,
            "relabeled": relabeled}  # fmt: skip


def test_an_error_has_its_number_of_images_and_its_interval():
    assert "\n  test_error 20.00 % (8 wrong of 40 images; 10.5 to 34.8 %)\n" in printed()
    assert "\n1 test image of" in printed(images=1, error=100.0)
    assert "test_error 100.00 % (1 wrong of 1 image; 20.7 to 100.0 %)\n" in printed(
        images=1, error=100.0
    )


def test_the_error_of_the_raw_weights_has_them_too():
    text = printed(test_error_raw=25.0, test_error_raw_interval=[14.2, 40.2])
    assert "\n  test_error_raw 25.00 % (10 wrong of 40 images; 14.2 to 40.2 %)\n" in text


def test_older_entries_are_printed_as_far_as_they_go():
    older = file_contents.errors_on("digits", 40.0, drop=1.5)
    text = "\n".join(error_lines.lines(older))
    assert "test_error 40.00 % (800 wrong of 2,000 images; 37.9 to 42.2 %)\n" in text
    assert text.endswith("  +1.50 points compared with its own test images")


def test_which_images_judge_is_said():
    text = printed(not_used=60)
    assert text.startswith(
        "\n40 test images of folder:pets\n  judged by the 40 images of test/; 60"
    )
    assert "60 labeled images beside them are not used\n" in text
    text = printed("csv:pets.csv", part="labeled")
    assert "\n  judged by all its labeled images: none is named as a test image\n" in text
    assert "judged" not in printed("digits")


def test_what_is_left_out_is_said():
    text = printed(part="labeled", left_out=left_out(12, 1, 3))
    assert "\n  judged by its labeled images: " in text
    assert (
        "\n  left out: 16 images that the run knows: 12 labeled training images, 1 unlabeled "
        "training image, 3 held-out images\n"
    ) in text
    text = printed(own=True, left_out=left_out(1), own_test_images=40)
    assert (
        "  left out: 1 image that the run knows: 1 labeled training image; result.json counts it\n"
    ) in text
    assert "test images of the run" not in text and "left out" not in printed(left_out=left_out())
    text = printed(left_out=left_out(2), against=file_contents.against())
    assert "2 images that one of the runs knows: 2 labeled" in text
    assert "\n  7 of them are test images of the run\n" in printed(own_test_images=7)


def test_images_of_other_labels_are_named_and_the_rest_counted():
    images = [{"image": f"dog/{k}.png", "learned": "cat", "here": "dog"} for k in range(5)]
    text = printed(left_out=left_out(9, relabeled=5), relabeled=images)
    assert "  left out, dog/2.png: the run learned it as cat, here it is dog\n" in text
    assert "dog/3.png" not in text and "  left out, 2 more that the run learned as another" in text


def test_images_that_nearly_equal_a_training_image_are_named():
    pairs = [{"image": f"a{k}.jpg", "training_image": f"cat/{k}.jpg"} for k in range(9)]
    text = printed(near_copies={"count": 12, "pairs": pairs})
    assert (
        "  12 of them nearly equal a training image of the run and are not left out; remove what "
        "shows the same: a0.jpg ~ cat/0.jpg, a1.jpg ~ cat/1.jpg, a2.jpg ~ cat/2.jpg\n"
    ) in text
    text = printed(near_copies={"count": 1, "pairs": pairs[:1]})
    assert "  1 of them nearly equals a training image of the run and is not left out; " in text
    assert "nearly" not in printed(near_copies={"count": 0, "pairs": []})


def test_what_could_not_be_checked_is_said():
    text = printed(not_checked="'pets' is not a folder.")
    assert "  whether the run has learned some of them could not be checked: 'pets' is" in text


def test_classes_that_nothing_judges_or_that_are_never_said_are_named():
    untested = few_images.untested(["dog"])
    assert f"\n  {untested}\n" in printed(classes_without_test_images=["dog"])
    recall = [{"name": "cat", "images": 30, "right": 30, "predicted": 40},
              {"name": "owl\n", "images": 10, "right": 0, "predicted": 0},
              {"name": "fox", "images": 0, "right": 0, "predicted": 0}]  # fmt: skip
    text = printed(class_recall=recall)
    assert "\n  right of each class: cat 30 of 30, owl\\n 0 of 10\n" in text
    assert "\n  never predicted: owl\\n\n" in text  # nothing would show it of fox


def test_of_many_classes_the_worst_are_shown():
    recall = [{"name": f"class {k}", "images": 100, "right": k, "predicted": 1} for k in range(90)]
    text = printed(class_recall=recall)
    assert "right of each of the 20 worst classes: class 0 0 of 100, class 1 1 of 100" in text
    assert "class 19 19 of 100\n" in text and "class 20 " not in text


@pytest.mark.parametrize("error, p, note", [
    (20.0, 0.002, ""), (45.0, 0.6, ": this run is not told apart from it"),
    (50.0, 1.0, ": this run is not better"), (60.0, 0.01, ": this run is not better"),
])  # fmt: skip
def test_guessing_stands_beside_the_error(error, p, note):
    guessing = {"name": "cat", "error": 50.0, "interval": [35.2, 64.8]}
    text = printed(error=error, guessing=guessing, guessing_p=p)
    line = "guessing 50.00 % (20 wrong of 40 images; 35.2 to 64.8 %), always cat, the commonest class here"
    assert f"\n  {line}{note}\n" in text


def test_guessing_is_no_measure_where_all_images_are_of_one_class():
    text = printed(error=0.0, guessing={"name": "cat", "error": 0.0, "interval": [0.0, 8.8]})
    assert "  guessing cat is always right here: there are no images of other classes\n" in text


@pytest.mark.parametrize("p, first, second, verdict", [
    (0.004, 20, 5, "this run beats the linear classifier: 37.5 points lower error, p = 0.004"),
    (0.004, 5, 20, "this run does not beat the linear classifier: 37.5 points higher error, p = 0.004"),
    (0.06, 14, 5, "this run is not told apart from the linear classifier: 22.5 points lower error, p = 0.06"),
    (1.0, 3, 3, "this run does not beat the linear classifier: both have the same error"),
])  # fmt: skip
def test_a_linear_classifier_stands_beside_the_error(p, first, second, verdict):
    linear = {"model": "logistic regression", "features": "pixels", "error": 30.0,
              "interval": [18.1, 45.4], "only_run_right": first, "only_linear_right": second,
              "p": p}  # fmt: skip
    assert (
        "  a linear classifier of the same labels (logistic regression, pixels) 30.00 % (12 wrong of "
        f"40 images; 18.1 to 45.4 %): {verdict}\n"
    ) in printed(linear=linear)


def test_two_runs_are_told_apart_or_not_in_words():
    other = file_contents.against(error=25.0, only_first=6, only_second=4, p=0.75)
    text = printed(against=other)
    assert "  test_error 25.00 % (10 wrong of 40 images; 14.2 to 40.2 %), of runs/b\n" in text
    assert "only one is right on 10 images: this run on 6, the other on 4; p = 0.75 (Mc" in text
    assert text.endswith("  not told apart: such a difference may be chance\n")
    other = file_contents.against(error=60.0, only_first=18, only_second=2, p=0.0004)
    assert printed(against=other).endswith(
        "  told apart: this run is better on images like these\n"
    )


@pytest.mark.parametrize("ends, words", [
    ([-5.1, 11.9], "-5.1 to +11.9: not told apart"), ([0.5, 11.9], "+0.5 to +11.9: told apart"),
    ([-9.0, -0.5], "-9.0 to -0.5: told apart"),
])  # fmt: skip
def test_the_drop_says_whether_it_is_one(ends, words):
    text = printed(drop=3.2, drop_interval=ends, own_images=60)
    assert f"  +3.20 points compared with its own test images (60 of them; {words})\n" in text
