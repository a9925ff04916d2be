"""Numbers of things in words: "1 image", "2,000 images", "1 file has", "3 files have"."""

_OF_ONE = {"are": "is", "have": "has", "were": "was", "become": "becomes", "occur": "occurs"}


def things(count: int, noun: str) -> str:
    """Returns a number and a noun, in the singular for 1.

    Args:
        count: 0 or more.
        noun: In the singular; its plural ends in -s or, after -s, in -es.
    """
    ending = "" if count == 1 else "es" if noun.endswith("s") else "s"
    return f"{count:,} {noun}{ending}"


def say(count: int, noun: str, what: str) -> str:
    """Returns what is said of a number of things, with the verb of one thing or of several.

    Args:
        count: 0 or more.
        noun: As in `things`.
        what: The rest of the sentence for several; it begins with "are", "have", "were",
            "become" or "occur".
    """
    verb, space, rest = what.partition(" ")
    return f"{things(count, noun)} {_OF_ONE[verb] if count == 1 else verb}{space}{rest}"
