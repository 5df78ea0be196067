"""The movie reviews as the files that they are published in."""

from pathlib import Path

from textcnn.data.datasets.labelled_texts import LabelledTexts


def write_movie_reviews(folder: Path, reviews: LabelledTexts) -> None:
    """Write ``rt-polarity.pos`` and ``rt-polarity.neg`` into a folder."""
    for label, name in (("negative", "neg"), ("positive", "pos")):
        pairs = zip(reviews.texts, reviews.labels, strict=True)
        lines = "".join(f"{text}\n" for text, given in pairs if given == label)
        (folder / f"rt-polarity.{name}").write_text(lines, "utf-8")
