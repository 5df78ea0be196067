"""The movie-review set MR, found in a folder, in the cache, or on the network.

"Sentence polarity dataset v1.0" of Pang and Lee, "Seeing stars" (ACL 2005): 5,331 positive and
5,331 negative sentences. Every source is pinned by SHA-256, and no archive is ever unpacked to
disk.
"""

import dataclasses
import functools
import gzip
import io
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from textcnn.data.datasets.download import FetchError, fetch, host_of, keep_copy, kept_copy, sha256
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.data.datasets.package_index import ask_indexes
from textcnn.data.datasets.text_files import decode, read_bytes, split_lines
from textcnn.support.errors import RunError, UserError

POSITIVE, NEGATIVE = "positive", "negative"
FILES = ("rt-polarity.pos", "rt-polarity.neg")

# Pang and Lee's own files, in cp1252.
ORIGINALS = (
    "2da124ec187a9d5a29c9f04e91c540e02baed5af8868f550a26bd6fd4dbf8bf0",
    "4ace77d558c3714723843f1d65b60c01e3417b208180f0728808d76ad0eeeaca",
)
# The UTF-8 copies of many text-CNN repositories. Not the originals in another encoding: 30
# sentences differ from them in a dash, an ellipsis or three asterisks.
UTF8_COPIES = (
    "4134882974a28d0c7b5151256f0e33a6169984ee7372c279e673f1114f475d58",
    "2d11cfbc790f1cd96d78339f41ce53ced1efa83cd22d37d6788fa3fe3d17e2fd",
)

CORNELL = "https://www.cs.cornell.edu/people/pabo/movie-review-data/rt-polaritydata.tar.gz"

# The source archive of vaderSentiment 0.5 holds the rated sentences of Hutto and Gilbert (ICWSM
# 2014), MR's among them.
VADER_PROJECT, VADER_ZIP = "vadersentiment", "vaderSentiment-0.5.zip"
VADER_ZIP_SHA256 = "5d97c37f3ef6e24eef331122e055dbedafeb6a56abfce0608b326701116ea49a"
VADER_TAR = "vaderSentiment-0.5/additional_resources/hutto_ICWSM_2014.tar.gz"
VADER_ROWS = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"

# That file has no labels, but its order has: these rows, counted from 1, are MR's positive ones.
# Found by comparing letters with MR (tests/test_movie_reviews.py does so again).
VADER_POSITIVE = (range(1, 5153), range(10313, 10348), range(10379, 10482), range(10604, 10605))

SOURCE_SECONDS = 60.0
_DOWNLOAD_LIMIT = 8 * 2**20
_UNPACKED_LIMIT = 32 * 2**20

_HOW_TO_GIVE = f"a folder that holds {FILES[0]} and {FILES[1]}: --data FOLDER, or TEXTCNN_DATA"


def load_movie_reviews(
    cache: Path, report: Callable[[str], None], folder: Path | None = None
) -> LabelledTexts:
    """Return MR, labelled "positive" and "negative", the positive sentences first.

    Without ``folder``: the copy in ``cache``, else Cornell's archive, else (10,605 of the 10,662
    sentences, all but those not in English) the source archive of the package vaderSentiment 0.5.
    An unreachable source costs seconds.

    Args:
        cache: the folder where what was fetched is kept.
        report: is told of each attempt in one line.
        folder: where the user has ``rt-polarity.pos`` and ``rt-polarity.neg``: the originals in
            cp1252, or any files in UTF-8. Nothing else is tried then.

    Raises:
        UserError: ``folder`` lacks the files, or they cannot be read.
        RunError: no source could be reached.
    """
    if folder is not None:
        return _from_folder(folder)
    failures = []
    for what, find in _sources(cache):
        try:
            texts, files = find()
        except FetchError as error:
            failures.append(f"{what}: {error}")
            report(f"movie reviews: {what} … {error}")
            continue
        report(f"movie reviews: {what} … {len(texts):,} sentences")
        try:
            for name, data in files.items():
                keep_copy(cache / name, data)
        except (UserError, RunError) as error:  # No reason to stop.
            report(f"movie reviews: not kept for the next time ({error})")
        return texts
    raise RunError(f"no movie reviews to be had: {'; '.join(failures)}. Give {_HOW_TO_GIVE}")


# Where from

_Found = tuple[LabelledTexts, dict[str, bytes]]
"""What was found, and the files to keep of it for the next time."""


def _sources(cache: Path) -> Iterator[tuple[str, Callable[[], _Found]]]:
    """What is done, in words and in fact: each is done only where those before were in vain."""
    yield f"looking in {cache}", functools.partial(_from_cache, cache)
    yield f"asking {host_of(CORNELL)}", _from_cornell
    deadline = time.monotonic() + SOURCE_SECONDS
    wanted = {"digest": VADER_ZIP_SHA256, "limit": _DOWNLOAD_LIMIT, "deadline": deadline}
    for index, get in ask_indexes(VADER_PROJECT, VADER_ZIP, **wanted):
        what = f"asking the package index {index} for {VADER_ZIP}"
        yield what, functools.partial(_from_index, get)


def _from_folder(folder: Path) -> LabelledTexts:
    paths = [folder / name for name in FILES]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise UserError(f"{folder} holds no {' and no '.join(missing)}; needed is {_HOW_TO_GIVE}")
    contents = [read_bytes(path) for path in paths]
    published = _published(contents)
    if published is not None:
        return dataclasses.replace(published, source=f"{folder}, {published.source}")
    texts = [_edited_sentences(path, data) for path, data in zip(paths, contents, strict=True)]
    return _labelled(texts, source=f"{folder}, edited: not the published set")


def _from_cache(cache: Path) -> _Found:
    contents = [kept_copy(cache / name) or b"" for name in FILES]
    archive = kept_copy(cache / VADER_ZIP) or b""
    published = _published(contents)
    if published is None and sha256(archive) == VADER_ZIP_SHA256:
        published = _vader_texts(archive)
    if published is None:
        there = any([archive, *contents])
        raise FetchError("the copy is damaged or incomplete" if there else "no copy yet")
    return published, {}


def _from_cornell() -> _Found:
    deadline = time.monotonic() + SOURCE_SECONDS
    archive = fetch(CORNELL, limit=_DOWNLOAD_LIMIT, deadline=deadline).body
    contents = _tar_members(archive, FILES)
    published = _published(contents)
    if published is None:
        raise FetchError("sent files that are not the published ones (their hashes differ)")
    return published, dict(zip(FILES, contents, strict=True))


def _from_index(get: Callable[[], bytes]) -> _Found:
    archive = get()
    return _vader_texts(archive), {VADER_ZIP: archive}


# What is in them


def _published(contents: list[bytes]) -> LabelledTexts | None:
    """The sentences of both files; None where these are not the published ones."""
    for hashes, encoding, edition in (
        (ORIGINALS, "cp1252", "movie reviews (MR), Pang and Lee's files"),
        (UTF8_COPIES, "utf-8", "movie reviews (MR), the usual UTF-8 copies"),
    ):
        if tuple(map(sha256, contents)) == hashes:
            return _labelled([_sentences(data.decode(encoding)) for data in contents], edition)
    return None


def _edited_sentences(path: Path, data: bytes) -> list[str]:
    sentences = [text for text in _sentences(decode(data, path, "utf-8")) if text]
    if not sentences:
        raise UserError(f"{path} holds no sentences, only blank lines")
    return sentences


def _sentences(text: str) -> list[str]:
    return [line.strip() for line in split_lines(text)]


def _labelled(sentences: list[list[str]], source: str) -> LabelledTexts:
    positive, negative = sentences
    labels = [POSITIVE] * len(positive) + [NEGATIVE] * len(negative)
    return LabelledTexts(positive + negative, labels, source)


def _vader_texts(archive: bytes) -> LabelledTexts:
    """Return the sentences of the vaderSentiment archive (checked by hash before).

    Its rows are ``number <TAB> mean rating by people <TAB> sentence``; the rating is not used.
    """
    with zipfile.ZipFile(io.BytesIO(archive)) as members:
        (rows,) = _tar_members(members.read(VADER_TAR), (VADER_ROWS.rpartition("/")[2],))
    positive: list[str] = []
    negative: list[str] = []
    for number, row in enumerate(split_lines(rows.decode("utf-8")), start=1):
        text = _mr_spelling(row.split("\t")[2])
        (positive if any(number in block for block in VADER_POSITIVE) else negative).append(text)
    return _labelled(
        [positive, negative],
        "movie reviews (MR without its 57 sentences not in English), from vaderSentiment",
    )


def _mr_spelling(text: str) -> str:
    """Undo what sets that file's sentences apart from MR's to a tokenizer.

    ``&amp;`` is the only entity in it; quotation marks are two apostrophes, which would otherwise
    become part of the words they enclose.
    """
    return text.strip().replace("&amp;", "&").replace("''", '"').replace("’", "'")


def _tar_members(archive: bytes, names: tuple[str, ...]) -> list[bytes]:
    """Return the files called ``names``, in whatever folder, of a tar.gz, all in memory.

    Raises:
        FetchError: it is not such an archive, lacks one of them, or unpacks to too much.
    """
    try:
        unpacked = gzip.GzipFile(fileobj=io.BytesIO(archive)).read(_UNPACKED_LIMIT + 1)
        if len(unpacked) > _UNPACKED_LIMIT:
            raise FetchError("sent an archive that unpacks to far too much")
        found: dict[str, bytes] = {}
        with tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:") as members:
            for member in members:
                name = member.name.rpartition("/")[2]
                file = members.extractfile(member) if member.isreg() else None
                if name in names and file is not None:
                    found[name] = file.read(_UNPACKED_LIMIT)
        return [found[name] for name in names]
    except KeyError as error:
        raise FetchError(f"sent an archive without {error.args[0]}") from error
    except (OSError, EOFError, zlib.error, tarfile.TarError, ValueError) as error:
        raise FetchError("sent something that is not a tar.gz archive") from error
