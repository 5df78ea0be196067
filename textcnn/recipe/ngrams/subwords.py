"""Parts of words: the characters that words share when they do not share the whole."""

SHORTEST = 3
"""Characters in the shortest parts, as in Bojanowski et al. (2017), section 4.1."""


def subwords(word: str, longest: int) -> list[str]:
    """All parts of ``word`` of 3 to ``longest`` characters, its ends marked ``<`` and ``>``."""
    marked = f"<{word}>"
    return [
        marked[start : start + size]
        for size in range(SHORTEST, longest + 1)
        for start in range(len(marked) - size + 1)
    ]
