"""The bodies of requests and of their responses, both JSON.

Asked is ``{"text": "a fine film"}``, or a list of texts in the place of the one; beside ``text``
may stand what ``textcnn classify`` has options for: ``proba``, ``top_k`` and ``threshold``. The
answer to a text is the line that ``textcnn classify --format json`` writes, to the byte; the answer
to a list is a list of them.
"""

import functools
import json
from dataclasses import dataclass
from typing import Any

from textcnn.inference.classifier import Classifier
from textcnn.inference.export.model import model_of
from textcnn.inference.export.page import packed_for, page_text
from textcnn.inference.predicted_labels import Choice
from textcnn.inference.prediction_lines import PredictionWriter
from textcnn.insight.explanations.explaining import Explainer
from textcnn.insight.explanations.explanation import as_object
from textcnn.support import read_back
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import Checkpoint

EXAMPLE = '{"text": "a fine film"}'


MANY_WORDS = 1000
"""Of the vocabulary, with which a model is tried."""


class RefusedError(Exception):
    """A request that is not answered.

    Attributes:
        status: of the response, 400 to 599.
    """

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Limits:
    """The limits of what a client may ask for.

    Attributes:
        body: bytes of a request's body.
        batch: texts in a request.
        length: characters of a text.
        seconds: until a request has come whole, and again until it is answered.
        clients: connections at a time.
    """

    body: int = 1 << 20
    batch: int = 1000
    length: int = 10_000
    seconds: float = 10.0
    clients: int = 256


class Answerer:
    """One model's responses; may be asked by several threads at once.

    Args:
        checkpoint: the model.
        limits: what may be asked for.

    Raises:
        UserError: the model cannot answer.
    """

    def __init__(self, checkpoint: Checkpoint, limits: Limits):
        self.checkpoint, self._limits = checkpoint, limits
        self._classifier = Classifier(checkpoint)
        # A model that has no answer says so now.
        self._classifier.predict_proba(["", " ".join(checkpoint.vocabulary.words[:MANY_WORDS])])

    def classify(self, body: bytes) -> tuple[bytes, int]:
        """The answers to a request, and how many there are.

        Raises:
            RefusedError: it asks for what there is not.
        """
        asked = _asked(body, {"text", "proba", "top_k", "threshold"})
        texts = [asked["text"]] if isinstance(asked["text"], str) else asked["text"]
        self._check(texts)
        proba = asked.get("proba", False)
        if not isinstance(proba, bool):
            raise RefusedError(400, '"proba" must be true or false')
        try:
            choice = _choice(asked)
            choice.limits(self.checkpoint)
        except UserError as error:
            raise RefusedError(400, str(error)) from error
        write = PredictionWriter("json", self.checkpoint, proba, choice)
        lines = write(texts, self._classifier.predict_proba(texts)) if texts else b"\n"
        if texts is asked["text"]:
            # Each on a line of its own; within an answer JSON escapes whatever ends a line.
            lines = b"[" + lines[:-1].replace(b"\n", b",\n") + b"]\n"
        return lines, len(texts)

    def explain(self, body: bytes) -> tuple[bytes, int]:
        """Why a text is classified as it is, as ``textcnn explain --json`` writes it; and 1.

        Raises:
            RefusedError: it asks for what there is not.
        """
        text = _asked(body, {"text"})["text"]
        if not isinstance(text, str):
            raise RefusedError(400, f'"text" must be one text to be explained: {EXAMPLE}')
        self._check([text])
        explained = as_object(self._explainer.explain(text))
        return json.dumps(explained, ensure_ascii=False).encode() + b"\n", 1

    def _check(self, texts: Any) -> None:
        """Refuse what are no texts, too many or too long."""
        if not isinstance(texts, list):
            raise RefusedError(400, f'"text" must be a text or a list of texts: {EXAMPLE}')
        if len(texts) > self._limits.batch:
            raise RefusedError(
                413, f"{len(texts):,} texts; send at most {self._limits.batch:,} at once"
            )
        for number, text in enumerate(texts, start=1):
            if not isinstance(text, str):
                raise RefusedError(400, f"text {number} is {type(text).__name__}, not a text")
            if len(text) > self._limits.length:
                raise RefusedError(
                    413,
                    f"text {number} has {len(text):,} characters; send at most "
                    f"{self._limits.length:,}",
                )

    @functools.cached_property
    def _explainer(self) -> Explainer:
        """Made when it is first asked: answering has no use for it."""
        return Explainer(self.checkpoint)

    @functools.cached_property
    def page(self) -> bytes:
        """What ``textcnn export --to html`` writes."""
        return page_text(packed_for(model_of(self.checkpoint))).encode()


def _asked(body: bytes, known: set[str]) -> dict[str, Any]:
    """A request's object, which holds ``text`` and no key that is not known."""
    try:
        asked = read_back.parse_json(body)
    except ValueError as error:
        raise RefusedError(400, f"the body is not JSON ({error}); send {EXAMPLE}") from error
    if not isinstance(asked, dict) or "text" not in asked:
        raise RefusedError(400, f'the body is no object with a "text"; send {EXAMPLE}')
    for name in sorted(asked.keys() - known):
        raise RefusedError(400, f"{name!r} is not known here; there are {', '.join(sorted(known))}")
    return asked


def _choice(asked: dict[str, Any]) -> Choice:
    """The labels that are asked for."""
    top_k, threshold = asked.get("top_k"), asked.get("threshold")
    if top_k is not None and not (type(top_k) is int and top_k >= 1):
        raise RefusedError(400, '"top_k" must be a whole number from 1 on')
    by_label, common = (threshold, None) if isinstance(threshold, dict) else ({}, threshold)
    for limit in (*by_label.values(), 0 if common is None else common):
        if not (type(limit) in (int, float) and 0 <= limit <= 1):
            raise RefusedError(
                400, '"threshold" must be a number from 0 to 1, or one for each label'
            )
    return Choice(top_k, common, by_label)
