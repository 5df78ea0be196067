"""The two colours in which a page shows what pushes for a label and what against it."""

LEVELS = 5
"""Shades of each of the two colours."""

FOR, AGAINST = "27, 120, 55", "118, 42, 131"
"""The ends of ColorBrewer's PRGn, told apart with every common kind of colour blindness."""

SHADES = "".join(
    f".{name}{level} {{ background: rgba({colour}, {level * 0.5 / LEVELS:.2f}); }}\n"
    for name, colour in (("for", FOR), ("against", AGAINST))
    for level in range(1, LEVELS + 1)
)
"""Rules of a style sheet for the classes that :func:`shade` names."""


def shade(push: float, most: float) -> str:
    """The class of a word with this push, ``most`` being the largest; empty for none."""
    level = round(LEVELS * abs(push) / most) if most else 0
    return f"{'for' if push > 0 else 'against'}{level}" if level else ""
