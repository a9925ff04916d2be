"""Profiles and their recipes."""

import dataclasses
from typing import Literal

import pytest

from tf_ssgan.common import errors
from tf_ssgan.common.options import option
from tf_ssgan.methods.bases import profile


@dataclasses.dataclass(frozen=True)
class HParams(profile.ProfileHParams):
    depth: int = option(1, "Depth.")
    RECIPES = {
        "svhn": {"depth": 2, "labels": 500},
        "svhn/short": {"depth": 5},
        "authors": {"depth": 6, "learning_rate": 2.0},
        "authors/svhn": {"depth": 7},
        "authors/svhn@250": {"depth": 8},
    }


def test_a_profile_wins_over_every_recipe():
    authors = {"profile": "authors"}
    assert HParams.recipe("digits", authors) == {"depth": 6, "learning_rate": 2.0}
    assert HParams.recipe("svhn", authors, short=True)["depth"] == 7
    assert HParams.recipe("svhn", authors | {"labels": 250})["depth"] == 8


@pytest.mark.parametrize("given", [{}, {"profile": "paper"}])
def test_the_papers_profile_changes_no_recipe(given):
    assert HParams.recipe("svhn", given) == {"depth": 2, "labels": 500}
    assert HParams.recipe("svhn", given, short=True)["depth"] == 5


def test_a_default_of_authors_selects_their_recipe():
    @dataclasses.dataclass(frozen=True)
    class Authors(HParams):
        profile: str = "authors"

    assert Authors.recipe("svhn", {})["depth"] == 7
    assert Authors.recipe("svhn", {"profile": "paper"})["depth"] == 2


def test_a_method_may_declare_other_profiles():
    @dataclasses.dataclass(frozen=True)
    class Three(HParams):
        profile: Literal["paper", "authors", "report"] = option("paper", "Variant.")
        RECIPES = {"report": {"depth": 3}, "report/svhn": {"depth": 4}}

    assert Three.recipe("digits", {"profile": "report"}) == {"depth": 3}
    assert Three.recipe("svhn", {"profile": "report"}) == {"depth": 4}
    assert Three(profile="report").profile == "report"
    with pytest.raises(errors.UserError, match="--profile=reprt .* Did you mean 'report'"):
        Three(profile="reprt")


def test_other_profiles_are_refused():
    with pytest.raises(errors.UserError, match="--profile=author is not one of its values"):
        HParams(profile="author")
