"""``textcnn export`` as arrays and as a JavaScript module, and what goes wrong."""

import base64
import dataclasses
import functools
import hashlib
import json
import random
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.exported import KINDS, TEXTS, assert_same_predictions, export, in_node, train
from tests.support.topics import topical, write
from textcnn.core.tokenizers import TOKENIZERS
from textcnn.inference.classifier import Classifier
from textcnn.inference.export import numpy_classifier, packing
from textcnn.inference.export.model import PART_BITS, model_of
from textcnn.inference.export.page import module_text, packed_for, page_text
from textcnn.inference.export.random_start import random_start
from textcnn.insight.explanations.explaining import Explainer
from textcnn.recipe.ngrams.learning import MOST_OPTIMISED
from textcnn.recipe.ngrams.letters import part_keys
from textcnn.training.checkpoint import load_checkpoint, save_checkpoint

SCRIPTS = [
    "It's GREAT, isn't it?! They'd've said (so) -- 'really' `quoted` IT'S",
    "Der Fluß ist weiß; STRASSE, Straße, ẞ",
    "ΟΔΥΣΣΕΥΣ καὶ Σίσυφος — ὁ ἄνθρωπος",
    "İstanbul'da ılık bir gün, IĞDIR",
    "Это прекрасный фильм — не так ли? Ёлка",
    "यह एक अच्छी फ़िल्म है। क्या?",
    "ภาพยนตร์เรื่องนี้ดีมาก",
    "この映画はとても面白いです。ﾊﾝｶｸ ガギグ",
    "这部电影很好看！𠮷野家",
    "هذا فيلمٌ رائعٌ جدًّا، أليس كذلك؟",
    "זה סֶרֶט נֶהֱדָר",
    "영화가 정말 재미있었어요",
    "Phim này hay quá, tuyệt vời! e\u0301 o\u0302\u0323",
    "ﬁne ﬂow ①② ½ ℌ ＦＵＬＬ ｗｉｄｔｈ l’été rock’n’roll",
    "👩‍👩‍👧 🇩🇪 ☕️ :-) 100% a_b c-d",
    "tab\tnew\nline\x00nul\x1cfile\x85nel\u00a0nbsp\u2003em\ufeffbom\u3000ideographic",
    "ᏣᎳᎩ ꭰꮃꭹ ǅ ǈ ſ K Å",
]
"""Sentences in many scripts, with what is hard in each."""


@pytest.fixture(scope="module", params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def run_of(reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a run of a kind, which is trained once."""

    @functools.cache
    def trained(kind: str) -> Path:
        return train(tmp_path_factory.mktemp("run") / "run", reviews, **KINDS[kind])

    return trained


@pytest.fixture(scope="module")
def run(kind: str, run_of: Callable[[str], Path]) -> Path:
    """The folder of a run of each kind."""
    return run_of(kind)


@pytest.fixture(scope="module")
def predictions(run: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the module of the run says of each of TEXTS."""
    return predictions_in_node(export(run, tmp_path_factory.mktemp("js") / "model.mjs"), TEXTS)


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with several labels a sentence."""
    folder = tmp_path_factory.mktemp("several")
    return train(folder / "run", write(folder / "topics.csv", topical(300)), multilabel=True)


def predictions_in_node(module: Path, texts: list[str]) -> list[dict[str, Any]]:
    code = (
        f'import {{ load }} from "./{module.name}";\n'
        "const model = await load();\n"
        "const classify = (texts) => texts.map((text) => model.explain(text));"
    )
    predictions: list[dict[str, Any]] = in_node(module.parent, code, texts)
    return predictions


def shares(predictions: list[dict[str, Any]]) -> np.ndarray:
    return np.array([prediction["probabilities"] for prediction in predictions])


def test_arrays_and_their_script_predict_as_the_checkpoint_does(run, tmp_path):
    path = export(run, tmp_path / "model.npz")
    with np.load(path, allow_pickle=False) as file:
        assert "header" in file.files
    # In a process of its own, where textcnn cannot be imported.
    code = (
        "import json, sys; sys.modules['textcnn'] = None; from classify import load; "
        "model = load('model.npz'); texts = json.load(sys.stdin); import numpy; "
        "numpy.save('shares.npy', model.probabilities(texts)); print(model.classify(texts)[0])"
    )
    words = [sys.executable, "-c", code]
    given = json.dumps(TEXTS).encode()
    ended = subprocess.run(words, cwd=tmp_path, input=given, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr.decode()
    assert_same_predictions(np.load(tmp_path / "shares.npy"), run, 1e-5)
    assert ended.stdout.decode().strip() == Classifier.load(run).predict(TEXTS)[0]


def test_the_module_predicts_as_the_checkpoint_does(run, predictions):
    assert_same_predictions(shares(predictions), run, 0.005)
    labels = Classifier.load(run).predict(TEXTS)
    for prediction, label in zip(predictions, labels, strict=True):
        assert prediction["label"] == label or prediction["probability"] < 0.505
    tokenize = Classifier.load(run).tokenize
    longest = load_checkpoint(run / "checkpoints/best.h5").config.max_tokens or None
    assert [prediction["tokens"] for prediction in predictions] == [
        tokenize(text)[:longest] for text in TEXTS
    ]


def test_what_the_command_compares_with_is_what_the_browser_calculates(run, tmp_path):
    model = model_of(load_checkpoint(run / "checkpoints/best.h5"))
    packed = packed_for(model, room=0)
    # Rounded so far that no other numbers would give the same.
    assert packed.step == packing.COARSEST
    mirror = numpy_classifier.Model(model.header, packed.arrays).probabilities(TEXTS)
    module = tmp_path / "model.mjs"
    module.write_text(module_text(packed), encoding="utf-8")
    np.testing.assert_allclose(shares(predictions_in_node(module, TEXTS)), mirror, atol=1e-5)
    with pytest.raises(AssertionError):
        assert_same_predictions(mirror, run, 1e-4)


def test_vectors_are_drawn_again_where_they_began_at_random(run, kind):
    model = model_of(load_checkpoint(run / "checkpoints/best.h5"))
    networks = KINDS[kind].get("ensemble", 1)
    # Every character is frequent, so its vector has moved far.
    if "mode" in KINDS[kind] or kind == "characters":
        networks = 0
    assert sorted(model.starts) == [f"networks/{number}/words" for number in range(networks)]
    for name, start in model.starts.items():
        shape = model.arrays[name].shape
        drawn = np.random.default_rng([int(name.split("/")[1]), 1]).uniform(-0.25, 0.25, shape)
        np.testing.assert_array_equal(start.vectors(shape), drawn.astype(np.float32))
    elsewhere = np.random.default_rng(9).uniform(
        -0.25, 0.25, model.arrays["networks/0/words"].shape
    )
    assert random_start(elsewhere, 0) is None


def test_several_labels(several, tmp_path):
    texts = [text for text, _ in topical(50, seed=3)]
    given = [
        labels.split("\t") if labels else [] for labels in Classifier.load(several).predict(texts)
    ]
    assert {len(labels) for labels in given} > {0, 1}
    predictions = predictions_in_node(export(several, tmp_path / "model.mjs"), texts)
    assert_same_predictions(shares(predictions), several, 0.005, texts)
    assert [prediction["labels"] for prediction in predictions] == given
    model = numpy_classifier.load(export(several, tmp_path / "model.npz"))
    assert_same_predictions(model.probabilities(texts), several, 1e-5, texts)
    assert model.classify(texts) == given
    command = [sys.executable, "classify.py", "model.npz", texts[0]]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    assert ended.stdout.decode().split("\t")[0] == "|".join(given[0])


def pushes_of(prediction: dict[str, Any]) -> dict[tuple[int, int], list[float]]:
    """What each n-gram pushes, by its place."""
    return {(ngram["start"], ngram["end"]): ngram["pushes"] for ngram in prediction["ngrams"]}


def test_the_module_explains_as_the_program_does(run, predictions):
    checkpoint = load_checkpoint(run / "checkpoints/best.h5")
    explainer, off = Explainer(checkpoint), []
    for text, prediction in zip(TEXTS, predictions, strict=True):
        explanation = explainer.explain(text)
        ours: dict[tuple[int, int], np.ndarray] = defaultdict(lambda: np.zeros(2))
        for term in explanation.terms:
            if term.start < term.end:
                ours[term.start, term.end] += explanation.pushes(term.values)
        theirs = pushes_of(prediction)
        assert prediction["unknown"] == explanation.unknown
        off += [
            np.abs(np.subtract(theirs.get(place, [0, 0]), ours[place])).max()
            for place in ours.keys() | theirs.keys()
        ]
    # Rounding lets another window win where two are nearly as good.
    assert np.mean(np.array(off) < 0.02) > 0.98


def test_the_n_grams_of_the_module_add_up(trained_run, tmp_path):
    text = "a lovely filming"
    (prediction,) = predictions_in_node(export(trained_run, tmp_path / "model.mjs"), [text])
    pushes = sum(np.array(pushed) for pushed in pushes_of(prediction).values())
    np.testing.assert_allclose(pushes.sum(), 0, atol=1e-9)
    logit = np.log(prediction["probabilities"][1] / prediction["probabilities"][0])
    bias = model_of(load_checkpoint(trained_run / "checkpoints/best.h5")).arrays["bias"]
    np.testing.assert_allclose(pushes[1] - pushes[0] + bias @ [-1, 1], logit, atol=1e-4)
    strongest = max(prediction["ngrams"], key=lambda ngram: abs(ngram["pushes"][0]))
    assert "lovely" in prediction["tokens"][strongest["start"] : strongest["end"]]


def test_a_word_never_seen_speaks_through_its_parts(trained_run, tmp_path):
    # "arm" is a part of "warm" and "charming".
    texts = ["warmth", "zzzzzzzz"]
    model = numpy_classifier.load(export(trained_run, tmp_path / "model.npz"))
    good = model.probabilities(texts)[:, 1]
    assert good[0] > good[1]
    words = ["tediousness", "a", "\U0001f3ac\ud83c", ""]
    for word in words:
        ours = (part_keys([word], 6)[0] >> (63 - PART_BITS)).tolist()
        assert numpy_classifier.part_keys(word, 6) == ours


def test_many_labels(tmp_path):
    rows = [
        (f"{filler} w{label} {filler} x{label % 7}", f"label {label}")
        for label in range(MOST_OPTIMISED + 1)
        for filler in ("the film", "a plot", "this scene", "it was")
    ]
    run = train(tmp_path / "run", write(tmp_path / "many.csv", rows), ngrams=3)
    texts = ["the w5 film x5", "w5x w7", "the film the film", "", "w99 a plot w98"]
    model = numpy_classifier.load(export(run, tmp_path / "model.npz"))
    assert_same_predictions(model.probabilities(texts), run, 1e-5, texts)
    predictions = predictions_in_node(export(run, tmp_path / "model.mjs"), texts)
    assert_same_predictions(shares(predictions), run, 0.005, texts)


@pytest.mark.parametrize("name", list(TOKENIZERS))
def test_tokens_of_many_scripts_are_pythons(name, run_of, tmp_path):
    run = run_of("default" if name == "kim" else name)
    assert load_checkpoint(run / "checkpoints/best.h5").config.tokenizer == name
    module = export(run, tmp_path / "model.mjs")
    choose = random.Random(0)
    # Of characters as old as the normal form of any browser, and everything between them.
    letters = [chr(code) for code in range(0x3000) if not 0xD800 <= code < 0xE000]
    noise = ["".join(choose.choices(letters, k=30)) for _ in range(300)]
    texts = [*SCRIPTS, *noise]
    predictions = predictions_in_node(module, texts)
    for text, prediction in zip(texts, predictions, strict=True):
        assert prediction["tokens"] == TOKENIZERS[name](text), text


def test_the_script_takes_arguments_or_lines(trained_run, tmp_path):
    export(trained_run, tmp_path / "model.npz")
    command = [sys.executable, "classify.py", "model.npz"]
    texts = ["a lovely film", "too slow"]
    given = subprocess.run([*command, *texts], cwd=tmp_path, capture_output=True, check=True)
    lines = subprocess.run(
        command, cwd=tmp_path, input="\n".join(texts).encode(), capture_output=True, check=True
    )
    assert given.stdout == lines.stdout
    rows = [line.split("\t") for line in given.stdout.decode().splitlines()]
    assert [row[0] for row in rows] == ["good", "bad"]
    assert [row[2] for row in rows] == texts
    usage = subprocess.run(command[:2], cwd=tmp_path, capture_output=True, check=False)
    assert usage.returncode == 1
    assert usage.stderr.startswith(b"usage: ")


def test_another_script_is_left_alone(call, trained_run, tmp_path):
    script = tmp_path / "classify.py"
    script.write_text("print('mine')\n")
    code, _, err = call("export", trained_run, "--to", "npz", "--out", tmp_path / "model.npz")
    assert code == 2
    assert err.count("\n") == 1
    assert "another program" in err
    assert script.read_text() == "print('mine')\n"
    assert not (tmp_path / "model.npz").exists()


def test_what_an_export_wrote_is_replaced(call, trained_run, tmp_path):
    for form, name in (("npz", "model.npz"), ("html", "model.html"), ("js", "model.js")):
        texts = []
        for _ in range(2):
            code, out, err = call("export", trained_run, "--to", form, "--out", name)
            assert code == 0, err
            texts.append((tmp_path / name).read_bytes())
            (tmp_path / name).write_bytes(b"old")
        assert texts[0] == texts[1] != b"old"
        assert re.search(r"size +0\.\d\d MB\n", out)
        assert re.search(
            r"agreement +0 of 12 predictions changed; probabilities by at most 0\.00", out
        )


def test_a_failure_leaves_the_old_file(call, trained_run, tmp_path, monkeypatch):
    (tmp_path / "model.html").write_text("old")
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", _no_room)
        code, _, err = call("export", trained_run, "--to", "html", "--out", "model.html")
    assert code == 1
    assert "No space left" in err
    assert (tmp_path / "model.html").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["model.html"]


def _no_room(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_data_may_be_given_or_gone(call, reviews, tmp_path):
    moved = tmp_path / "moved.csv"
    moved.write_bytes(reviews.read_bytes())
    run = train(tmp_path / "run", moved)
    moved.unlink()
    words = ("export", run, "--to", "js", "--out", "model.mjs")
    code, out, err = call(*words)
    assert code == 0
    assert "agreement  not measured" in out
    assert "moved.csv" in err
    code, out, _ = call(*words, "--data", reviews)
    assert code == 0
    assert "0 of 120 predictions changed" in out
    code, _, err = call(*words, "--data", moved)
    assert code == 2


@pytest.mark.parametrize(
    ("form", "out", "complaint"),
    [
        ("html", "model.npz", "for --to html the name must end in .html"),
        ("js", "model", "must end in .mjs"),
        ("npz", "model.js", "must end in .npz"),
        ("html", "folder.html", "is a folder"),
        ("html", "nowhere/model.html", "there is no folder nowhere"),
        ("pdf", "model.pdf", "'pdf' is not one of"),
    ],
)
def test_mistakes_are_one_line(call, trained_run, tmp_path, form, out, complaint):
    (tmp_path / "folder.html").mkdir()
    code, _, err = call("export", trained_run, "--to", form, "--out", out)
    assert code == 2
    assert err.count("\n") == 1
    assert complaint in err


def test_a_tokenizer_of_the_users_is_refused(call, trained_run, tmp_path):
    whole = load_checkpoint(trained_run / "checkpoints/best.h5")
    config = dataclasses.replace(whole.config, tokenizer="custom")
    save_checkpoint(tmp_path / "custom.h5", dataclasses.replace(whole, config=config))
    code, _, err = call("export", "custom.h5", "--to", "html", "--out", "model.html")
    assert code == 2
    assert err.count("\n") == 1
    assert "Python function" in err
    assert not (tmp_path / "model.html").exists()


def test_less_room_is_coarser_steps(trained_run):
    model = model_of(load_checkpoint(trained_run / "checkpoints/best.h5"))
    fine, tight = (packing.pack(model, room) for room in (10**6, 0))
    room = (len(fine.text) + len(tight.text)) // 2
    some = packing.pack(model, room)
    assert fine.step == packing.FINEST < some.step < tight.step == packing.COARSEST
    assert len(tight.text) < len(some.text) == some.size <= room
    name = "networks/0/words"
    off = np.abs(some.arrays[name] - model.arrays[name]).max()
    assert off <= 0.5001 * some.step * model.arrays[name].std()


def test_a_large_page_is_written_and_said_to_be(call, trained_run, tmp_path, monkeypatch):
    for module in ("textcnn.inference.export.page", "textcnn.commands.export"):
        monkeypatch.setattr(f"{module}.LARGEST_PAGE", 20_000)
    code, out, err = call("export", trained_run, "--to", "html", "--out", "model.html")
    assert code == 0
    assert "more than 0.02 MB" in err
    assert "0 of 12 predictions changed" in out


def test_text_of_a_packed_model_means_nothing_in_html_or_a_string():
    text = packing.PackedModel(bytes(range(256)) * 300, 0).text
    assert not set(text) & set("<&\"'\\\n")
    assert len(set(text)) == 85


def test_the_page_allows_its_own_script_and_nothing_else():
    page = page_text(packing.PackedModel(b"", 0))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    assert rules["default-src"] == "'none'"
    assert set(rules) == {
        "default-src", "script-src", "style-src", "img-src", "base-uri", "form-action"
    }  # fmt: skip
    for name, tag in (("script-src", '<script type="module">'), ("style-src", "<style>")):
        piece = page.partition(tag)[2].partition(f"</{tag[1:].split()[0].rstrip('>')}>")[0]
        digest = base64.b64encode(hashlib.sha256(piece.encode()).digest()).decode()
        assert rules[name] == f"'sha256-{digest}'"


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    channels = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_stand_out(theme):
    style = resources.files("textcnn.inference.export").joinpath("web", "page.css").read_text()
    names = [
        dict(re.findall(r"--([\w-]+): (#\w{6});", block))
        for block in re.findall(r":root \{(.*?)\}", style, re.S)
    ]

    def contrast(one: str, other: str) -> float:
        dark, light = sorted(luminance(names[theme][name]) for name in (one, other))
        return (light + 0.05) / (dark + 0.05)

    for text, ground in [("ink", "paper"), ("quiet", "paper"), ("ink", "for"), ("ink", "against")]:
        assert contrast(text, ground) >= 4.5, (text, ground)
    for line in ("line", "for-line", "against-line"):
        assert contrast(line, "paper") >= 3, line
