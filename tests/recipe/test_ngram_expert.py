"""A linear model of words, n-grams and parts of words, whose items are looked up."""

import dataclasses
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix, hstack
from sklearn.svm import LinearSVC

from textcnn.core.sentences import PackedSentences
from textcnn.core.vocabulary import UNKNOWN, Vocabulary
from textcnn.recipe.ngrams import expert, learning, tables
from textcnn.recipe.ngrams.expert import NgramExpert, Texts
from textcnn.recipe.ngrams.learning import InitialExpert, NgramExamples, fit_expert
from textcnn.recipe.ngrams.letters import SHORTEST, part_keys
from textcnn.recipe.ngrams.nbsvm import ALPHA, BETA, Features, nbsvm
from textcnn.recipe.ngrams.ngrams import ngram_keys
from textcnn.recipe.ngrams.tables import SMOOTHING
from textcnn.support.errors import UserError

GOOD, BAD = ("lovely", "charming", "not bad"), ("dreadful", "bored boring", "not good")
STRANGE = [["lovely"], ["not", "good"], [], ["lovelier", "zzz"], ["plot", "dreadful", "lovely"]]


def reviews(count: int = 80) -> tuple[list[list[str]], np.ndarray]:
    """Sentences of two classes; of these words, "not" says nothing alone."""
    rng = np.random.default_rng(0)
    tokens, classes = [], np.arange(count) % 2
    for label in classes:
        fillers = [f"filler{number}" for number in rng.integers(0, 30, rng.integers(1, 6))]
        tokens.append([*(GOOD if label else BAD)[rng.integers(3)].split(), "plot", *fillers])
    return tokens, classes


def topics(count: int) -> tuple[list[list[str]], np.ndarray]:
    """Two sentences of each of many classes, with a word of its own."""
    rng = np.random.default_rng(0)
    classes = np.repeat(np.arange(count), 2)
    fillers = rng.integers(0, 600, (len(classes), 6))
    return [
        [f"key{label}", *map("filler{}".format, row)]
        for label, row in zip(classes, fillers, strict=True)
    ], (classes)


def labelled(
    tokens: list[list[str]],
    targets: np.ndarray,
    vocabulary: Vocabulary,
    num_classes=2,
    weights=None,
) -> NgramExamples:
    texts = Texts.of(tokens, vocabulary)
    return NgramExamples(texts, targets, vocabulary.words, num_classes, weights)


def learnt(tokens, targets, num_classes=2, **options) -> tuple[NgramExpert, Vocabulary]:
    vocabulary = Vocabulary.fit(tokens)
    train = labelled(tokens, targets, vocabulary, num_classes)
    return fit_expert(train, **options), vocabulary


@pytest.fixture(scope="module")
def small() -> tuple[NgramExpert, Vocabulary]:
    return learnt(*reviews())


@pytest.fixture(scope="module")
def many() -> tuple[NgramExpert, Vocabulary]:
    return learnt(*topics(200), num_classes=200)


def test_words_pairs_and_parts_are_learnt(small):
    expert, vocabulary = small
    told = [["lovely", "plot"], ["boring", "plot"], ["not", "bad"], ["not", "good"], ["boringly"]]
    assert expert.logits(Texts.of(told, vocabulary)).argmax(axis=1).tolist() == [1, 0, 1, 0, 0]
    assert expert.word_rows(["boringly"])[0, 0] > 0
    assert not expert.word_rows(["zzzz"]).any()
    assert expert.ngram_rows([["not", "bad"]])[0, 1] > 0
    assert not expert.ngram_rows([["bad", "not"]]).any()


def test_the_support_vector_machine_is_that_of_liblinear():
    rng = np.random.default_rng(0)
    items = csr_matrix(rng.poisson(0.3, (60, 12)).astype(float))
    parts = csr_matrix(rng.random((8, 5)) * (rng.random((8, 5)) < 0.5))
    features = Features([items], parts, rng.uniform(0.5, 2, 60), np.arange(12), np.arange(5))
    positive, counted = rng.random(60) < 0.4, rng.uniform(0.5, 1.5, 60)
    found, bias = nbsvm(features, positive, counted, penalty=0.3)

    plain = np.hstack([items.toarray(), items.toarray()[:, :8] @ parts.toarray()])
    p, q = (ALPHA + plain.T @ (counted * side) for side in (positive, ~positive))
    ratio = np.log(p / p.sum()) - np.log(q / q.sum())
    # An intercept_scaling of 10 holds the bias back by a hundredth.
    rival = LinearSVC(C=0.3, dual=False, tol=1e-9, intercept_scaling=10)
    rival.fit(features.scale[:, None] * plain * ratio, positive, counted)
    mean = np.abs(rival.coef_[0]).mean()
    weights = ratio * ((1 - BETA) * mean + BETA * rival.coef_[0])
    np.testing.assert_allclose(found, weights, atol=0.02 * np.abs(weights).max())
    prior = np.log((counted[positive].sum() + 0.5) / (counted[~positive].sum() + 0.5))
    drawn = (1 - BETA) * mean * prior + BETA * rival.intercept_[0]
    assert bias == pytest.approx(drawn, rel=0.1)


def test_equal_features_share_a_column_and_nothing_else_changes():
    rng = np.random.default_rng(0)
    items = csr_matrix(rng.poisson(0.3, (60, 12)).astype(float))
    parts = csr_matrix(rng.random((8, 5)) * (rng.random((8, 5)) < 0.5))
    repeated, again = rng.integers(8, 12, 9), rng.integers(0, 5, 8)
    words, ngrams, parts = items[:, :8], items[:, repeated], parts[:, again]
    scale = rng.uniform(0.5, 2, 60)
    many = Features([words, ngrams], parts, scale, np.arange(17), np.arange(8))
    few = Features.of(words, [ngrams[:, :4], ngrams[:, 4:]], parts, scale)
    assert few.num_items == 8 + len(set(repeated[:4])) + len(set(repeated[4:]))
    assert few.parts.shape[1] == len(set(again))
    side_by_side = hstack(few.items, "csr")[:, few.of_item]
    assert (side_by_side != hstack(many.items, "csr")).nnz == 0
    assert (few.parts[:, few.of_part] != many.parts).nnz == 0

    columns = np.append(few.of_item, few.num_items + few.of_part)
    positive, counted = rng.random(60) < 0.4, rng.uniform(0.5, 1.5, 60)
    for offset in (None, rng.normal(size=60)):
        expected, expected_bias = nbsvm(many, positive, counted, 0.3, offset)
        found, bias = nbsvm(few, positive, counted, 0.3, offset)
        np.testing.assert_allclose(found[columns], expected, atol=1e-9)
        assert bias == pytest.approx(expected_bias, abs=1e-9)


@pytest.mark.parametrize(("most", "kept"), [(9, 5), (5, 5), (4, 3), (3, 3), (2, 1), (0, 0)])
def test_of_too_many_ngrams_the_most_frequent_are_kept(most, kept):
    keys = np.repeat([7, 40, 3, 8, 1], [1, 4, 2, 1, 2])
    found = learning._most_frequent(keys, most)
    assert found.tolist() == sorted([40, 3, 1, 7, 8][:kept])


@pytest.mark.parametrize("labels", [2, 200])
def test_a_limit_on_ngrams_leaves_the_rest_of_the_expert(labels, monkeypatch):
    tokens, targets = reviews() if labels == 2 else topics(labels)
    whole, _ = learnt(tokens, targets, labels)
    monkeypatch.setattr(learning, "MOST_NGRAMS", 40)
    limited, vocabulary = learnt(tokens, targets, labels)
    assert len(limited.keys["2"]) <= 40 < len(whole.keys["2"])
    assert limited.keys["parts"].tolist() == whole.keys["parts"].tolist()
    assert set(limited.keys["2"]) <= set(whole.keys["2"])
    told = limited.logits(Texts.of(tokens, vocabulary)).argmax(axis=1)
    assert (told == targets).mean() > 0.95


@pytest.mark.parametrize("kind", ["small", "many"])
def test_terms_add_up_to_the_logits(kind, request):
    expert, vocabulary = request.getfixturevalue(kind)
    for tokens in [*STRANGE, ["key7", "filler3", "filler99"], ["key3x", "plot"]]:
        terms = expert.terms(tokens)
        logits = expert.logits(Texts.of([tokens], vocabulary))[0]
        np.testing.assert_allclose(
            sum((term.values for term in terms), expert.bias.astype(float)),
            logits,
            rtol=1e-6,
            atol=1e-9,
        )
        assert {term.order for term in terms if term.kind == "words"} <= {1}


@pytest.mark.parametrize("kind", ["small", "many"])
def test_a_sentence_is_classified_the_same_alone_and_in_any_batch(kind, request):
    expert, vocabulary = request.getfixturevalue(kind)
    tokens = [*STRANGE, *reviews()[0], *topics(200)[0][:50], ["plot"] * 300]
    together = expert.logits(Texts.of(tokens, vocabulary))
    assert together.dtype == np.float32
    for row, sentence in enumerate(tokens):
        alone = expert.logits(Texts.of([sentence], vocabulary))
        assert alone.tobytes() == together[row : row + 1].tobytes()


@pytest.mark.parametrize("kind", ["small", "many"])
def test_further_words_say_what_their_parts_said(kind, request):
    expert, vocabulary = request.getfixturevalue(kind)
    further = ["key77x", "lovelier", "zzz"]
    longer = expert.with_words(further)
    words = Vocabulary([*vocabulary.words, *further])
    texts = [*STRANGE, *reviews()[0], *topics(200)[0][:50], ["key77x", "key3", "zzz"]]
    before = expert.logits(Texts.of(texts, vocabulary))
    np.testing.assert_allclose(longer.logits(Texts.of(texts, words)), before, rtol=1e-5, atol=1e-5)
    assert before[-1].any()


def test_further_words_are_refused_whose_ngrams_have_no_numbers(small, monkeypatch):
    words = [f"new{number}" for number in range(10)]
    known = len(small[0].words)
    monkeypatch.setattr(expert, "LARGEST_KEY", (known + 10) ** 2)
    assert len(small[0].with_words(words).words) == known + 10
    with pytest.raises(UserError, match="11 more words are too many for the model's n-grams of 2"):
        small[0].with_words([*words, "one"])


@pytest.mark.parametrize("kind", ["small", "many"])
def test_it_is_kept_as_arrays(kind, request):
    expert, vocabulary = request.getfixturevalue(kind)
    again = NgramExpert.from_arrays(expert.arrays(), vocabulary.words)
    texts = Texts.of([*STRANGE, ["key7", "filler3"]], vocabulary)
    assert again.logits(texts).tobytes() == expert.logits(texts).tobytes()
    assert again.orders == expert.orders
    assert again.penalty == expert.penalty


@pytest.mark.parametrize(
    ("kind", "name", "spoil"),
    [
        ("small", "bias", lambda a: a[None]),
        ("small", "bias", lambda a: a * np.float32(np.nan)),
        ("small", "words/values", lambda a: a[1:]),
        ("small", "words/values", lambda a: a.astype(float)),
        ("small", "2/keys", lambda a: a[::-1]),
        ("small", "parts/keys", lambda a: a - a[-1]),
        ("small", "subwords", lambda a: a.reshape(1)),
        ("many", "words/ends", lambda a: a[::-1]),
        ("many", "words/ends", lambda a: a + 1),
        ("many", "words/classes", lambda a: a + 200),
        ("many", "2/classes", lambda a: a - 200),
        ("many", "parts/counts", lambda a: -a),
        ("many", "parts/counts", lambda a: a[1:]),
    ],
)
def test_damaged_arrays_are_refused(kind, name, spoil, request):
    expert, vocabulary = request.getfixturevalue(kind)
    arrays = expert.arrays()
    with pytest.raises(ValueError, match=name.partition("/")[0]):
        NgramExpert.from_arrays({**arrays, name: spoil(arrays[name])}, vocabulary.words)
    with pytest.raises(ValueError, match=name.partition("/")[0]):
        NgramExpert.from_arrays({n: a for n, a in arrays.items() if n != name}, vocabulary.words)


def test_the_same_sentences_give_the_same_bytes(small):
    again, _ = learnt(*reviews())
    for name, array in small[0].arrays().items():
        assert array.tobytes() == again.arrays()[name].tobytes()


def test_dev_chooses_the_penalty_by_likelihood():
    tokens, classes = reviews()
    vocabulary = Vocabulary.fit(tokens)
    train = labelled(tokens, classes, vocabulary)
    noise = labelled(tokens, np.random.default_rng(0).permutation(classes), vocabulary)
    chosen = [fit_expert(train, dev=dev).penalty for dev in (train, noise)]
    assert chosen[0] in learning.PENALTIES
    assert chosen[0] >= chosen[1]
    assert fit_expert(train).penalty == learning.USUAL_PENALTY


def test_without_parts_unknown_words_are_silent_and_without_pairs_order_is_no_matter():
    expert, vocabulary = learnt(*reviews(), ngrams=1, subwords=0)
    assert not expert.word_rows(["boringly"]).any()
    assert expert.orders == []
    left, right = expert.logits(Texts.of([["not", "bad"], ["bad", "not"]], vocabulary))
    np.testing.assert_allclose(left, right, rtol=1e-6)


def test_longer_ngrams_are_learnt():
    tokens = [["a", "b", "c"], ["c", "b", "a"], ["b", "a", "c"], ["a", "c", "b"]] * 5
    expert, _ = learnt(tokens, np.array([1, 0, 0, 0] * 5), ngrams=3)
    assert expert.orders == [2, 3]
    assert expert.ngram_rows([["a", "b", "c"]])[0, 1] > 0


def test_a_sentence_four_times_as_long_is_twice_as_sure(small):
    expert, vocabulary = small
    # No pair of these was learnt, so that only words speak.
    once, often = expert.logits(Texts.of([["boring"], ["boring"] * 4], vocabulary)) - expert.bias
    np.testing.assert_allclose(often, 2 * once, rtol=1e-5)


def test_words_below_the_vocabularys_limit_speak_through_their_parts():
    tokens, classes = reviews()
    tokens = [
        [*sentence, f"x{label}yy{row}"]
        for row, (sentence, label) in enumerate(zip(tokens, classes, strict=True))
    ]
    vocabulary = Vocabulary.fit(tokens, min_count=2)
    expert = fit_expert(labelled(tokens, classes, vocabulary))
    left, right = expert.word_rows(["x0yy999", "x1yy999"])
    assert left.argmax() == 0
    assert right.argmax() == 1


def test_unknown_words_of_training_teach_their_parts_as_known_words_do():
    tokens, classes = reviews()
    tokens = [[*sentence, f"x{row % 9}yy{row}"] for row, sentence in enumerate(tokens)]
    few = Vocabulary.fit(tokens, min_count=2)
    all_words = few.extended(Vocabulary.fit(tokens))
    assert len(all_words) >= len(few) + 80
    spelled, known = (
        fit_expert(labelled(tokens, classes, words), ngrams=1) for words in (few, all_words)
    )
    assert spelled.arrays()["parts/keys"].tobytes() == known.arrays()["parts/keys"].tobytes()
    for name, size in (("parts", None), ("words", len(few))):
        of_known = known.arrays()[f"{name}/values"][:size]
        np.testing.assert_allclose(spelled.arrays()[f"{name}/values"], of_known, atol=1e-5)


def test_one_endless_word_does_not_make_all_unknown_words_as_long():
    tokens, classes = reviews()
    tokens = [[*sentence, f"rare{row}"] for row, sentence in enumerate(tokens)]
    tokens[0].append("x" * 200_000)
    vocabulary = Vocabulary.fit(tokens, min_count=2)
    train = labelled(tokens, classes, vocabulary)
    tracemalloc.start()
    fit_expert(train, subwords=0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


def test_weights_count_as_copies_do():
    tokens, classes = reviews()
    vocabulary = Vocabulary.fit(tokens)
    counts = np.random.default_rng(1).integers(1, 3, len(classes))
    rows = np.repeat(np.arange(len(classes)), counts)
    weighted = fit_expert(labelled(tokens, classes, vocabulary, weights=counts.astype(np.float32)))
    copied = fit_expert(labelled([tokens[row] for row in rows], classes[rows], vocabulary))
    texts = Texts.of(STRANGE, vocabulary)
    np.testing.assert_allclose(weighted.logits(texts), copied.logits(texts), atol=1e-3)


@pytest.mark.parametrize("several", [False, True])
def test_weights_count_as_copies_do_where_items_are_counted(several):
    tokens, classes = topics(150)
    targets = np.eye(150, dtype=bool)[classes] if several else classes
    vocabulary = Vocabulary.fit(tokens)
    counts = np.random.default_rng(1).integers(1, 4, len(classes))
    rows = np.repeat(np.arange(len(classes)), counts)
    weights = np.broadcast_to(counts.reshape(-1, *[1] * several), targets.shape)
    weighted = fit_expert(labelled(tokens, targets, vocabulary, 150, weights))
    copied = fit_expert(labelled([tokens[row] for row in rows], targets[rows], vocabulary, 150))
    texts = Texts.of([*tokens, ["key77x"]], vocabulary)
    np.testing.assert_allclose(weighted.logits(texts), copied.logits(texts), atol=1e-4)


def test_two_labels_that_a_sentence_may_have_both_are_learnt_one_by_one():
    tokens, classes = reviews()
    targets = np.stack([classes == 0, np.arange(len(classes)) % 5 > 0], axis=1)
    tokens = [
        sentence if target else [*sentence, "alone"]
        for sentence, target in zip(tokens, targets[:, 1], strict=True)
    ]
    expert, vocabulary = learnt(tokens, targets)
    found = expert.logits(Texts.of(tokens, vocabulary)) > 0
    assert (found == targets).mean() > 0.95


def test_several_labels_are_learnt_one_by_one():
    tokens, classes = reviews()
    targets = np.stack([classes == 0, classes == 1, np.ones(len(classes), bool)], axis=1)
    targets = np.column_stack([targets, np.zeros(len(classes), bool)])
    expert, vocabulary = learnt(tokens, targets, num_classes=4)
    found = expert.logits(Texts.of(tokens, vocabulary)) > 0
    assert (found == targets).mean() > 0.99


def test_many_labels_keep_nothing_as_large_as_items_times_labels(many):
    expert, vocabulary = many
    tokens, classes = topics(200)
    assert (expert.logits(Texts.of(tokens, vocabulary)).argmax(axis=1) == classes).mean() > 0.95
    size = sum(array.nbytes for array in expert.arrays().values())
    assert size < len(vocabulary) * 200 * 4
    # A word that nobody has said, by the parts that it has in common with one.
    unknown = expert.logits(Texts.of([["key77x"]], vocabulary))[0]
    assert unknown.argmax() == 77


def test_going_on_keeps_what_was_known_and_learns_what_is_new():
    tokens, classes = reviews()
    old, vocabulary = learnt(tokens, classes)
    new_tokens = [["weather", "report", f"filler{row}"] for row in range(20)]
    new_tokens += [["splendid", "plot", f"filler{row}"] for row in range(20)]
    new_tokens += [["tiresome", "plot", f"filler{row}"] for row in range(20)]
    # Labels are sorted by name: the new one stands between the old ones.
    new_classes = np.repeat([1, 2, 0], 20)
    words = vocabulary.extended(Vocabulary.fit(new_tokens))
    initial = InitialExpert(old, np.array([0, 2]))
    expert = fit_expert(labelled(new_tokens, new_classes, words, 3), initial=initial)
    found = expert.logits(Texts.of(new_tokens, words)).argmax(axis=1)
    assert (found == new_classes).all()
    found = expert.logits(Texts.of(tokens, words)).argmax(axis=1)
    assert (found == classes * 2).mean() > 0.95
    assert expert.ngram_rows([["not", "bad"]])[0, 2] > 0
    assert expert.word_rows(["splendid"])[0, 2] > 0


def test_going_on_with_nothing_to_correct_changes_nothing():
    tokens, classes = reviews()
    old, vocabulary = learnt(tokens, classes)
    silent = labelled(tokens, classes, vocabulary, weights=np.zeros(len(classes), np.float32))
    same = fit_expert(silent, initial=InitialExpert(old, np.arange(2)))
    texts = Texts.of(STRANGE, vocabulary)
    np.testing.assert_allclose(same.logits(texts), old.logits(texts), atol=1e-6)


def test_going_on_corrects_and_only_a_new_expert_is_drawn_towards_naive_bayes(monkeypatch):
    tokens, classes = reviews()
    old, vocabulary = learnt(tokens, classes)
    train, texts = labelled(tokens, classes, vocabulary), Texts.of(tokens, vocabulary)

    def gone_on(old: NgramExpert) -> np.ndarray:
        initial = InitialExpert(old, np.arange(2))
        return fit_expert(train, initial=initial).logits(texts)

    surer = {name: tables.DenseTable(100 * table.values) for name, table in old.tables.items()}
    sure = dataclasses.replace(old, tables=surer, bias=100 * old.bias)
    np.testing.assert_allclose(gone_on(sure), sure.logits(texts), rtol=1e-4)
    again = gone_on(old)
    monkeypatch.setattr("textcnn.recipe.ngrams.nbsvm.BETA", 1.0)
    assert gone_on(old).tobytes() == again.tobytes()
    assert learnt(tokens, classes)[0].logits(texts).tobytes() != old.logits(texts).tobytes()


def test_going_on_counting_is_counting_all():
    tokens, classes = topics(200)
    half = len(tokens) // 2
    first = Vocabulary.fit(tokens[:half])
    old = fit_expert(labelled(tokens[:half], classes[:half], first, 150))
    words = first.extended(Vocabulary.fit(tokens[half:]))
    initial = InitialExpert(old, np.arange(150))
    gone_on = fit_expert(labelled(tokens[half:], classes[half:], words, 200), initial=initial)
    at_once = fit_expert(labelled(tokens, classes, words, 200))
    texts = Texts.of([*tokens, ["key77x"]], words)
    np.testing.assert_allclose(gone_on.logits(texts), at_once.logits(texts), rtol=1e-4, atol=1e-5)


def test_a_vocabulary_too_large_for_such_ngrams_is_refused():
    words = ["<unknown>", *map("w{}".format, range(10_000))]
    train = labelled([["w1"], ["w2"]], np.array([0, 1]), Vocabulary(words))
    with pytest.raises(UserError, match="--ngrams 5"):
        fit_expert(train, ngrams=5)


def test_hashed_parts_are_the_parts_of_each_word():
    words = ["film", "a", "", "été", "\ud800x", "filming"]
    keys, owners = part_keys(words, 5)
    names = {}
    for number, word in enumerate(words):
        marked = f"<{word}>"
        parts = [
            marked[start : start + size]
            for size in range(SHORTEST, 6)
            for start in range(len(marked) - size + 1)
        ]
        mine = keys[owners == number]
        assert len(mine) == len(parts)
        # By size and then by place, as the parts are listed.
        for part, key in zip(parts, mine.tolist(), strict=True):
            assert names.setdefault(part, key) == key
    assert len(set(names.values())) == len(names)
    assert keys.min() >= 0


def test_what_counts_say_is_naive_bayes_ratio_of_the_classes_an_item_was_seen_with():
    counts = np.array([[3.0, 0, 1], [0, 2, 0], [1, 1, 5], [0, 0, 0]])
    p, q = counts + SMOOTHING, counts.sum(axis=1, keepdims=True) - counts + SMOOTHING
    ratios = np.log(p / p.sum(axis=0)) - np.log(q / q.sum(axis=0))
    expected = np.where(counts > 0, np.maximum(ratios, 0), 0)
    table = tables.table_of(csr_matrix(counts))
    np.testing.assert_allclose(table.sums(np.arange(4), np.ones(4, np.int64)), expected, rtol=1e-6)
    for label in range(3):
        np.testing.assert_allclose(table.column(label), expected[:, label], rtol=1e-6)


def test_counts_are_summed_the_same_in_many_pieces_and_in_one(many, monkeypatch):
    expert, vocabulary = many
    texts = Texts.of([*topics(200)[0], [], *STRANGE], vocabulary)
    whole = expert.logits(texts)
    monkeypatch.setattr(tables, "MOST_ENTRIES", 5)
    assert expert.logits(texts).tobytes() == whole.tobytes()


@settings(max_examples=80, deadline=None)
@given(
    sentences=st.lists(st.lists(st.integers(0, 4), max_size=6), max_size=6),
    order=st.integers(2, 4),
)
def test_ngrams_are_those_within_a_sentence_and_never_of_unknown_words(sentences, order):
    words = np.array([word for sentence in sentences for word in sentence], np.int32)
    packed = PackedSentences(words, np.array([len(sentence) for sentence in sentences], np.int64))
    keys, lengths = ngram_keys(packed, order, 5)
    expected = [
        [sentence[start : start + order] for start in range(len(sentence) - order + 1)]
        for sentence in sentences
    ]
    assert lengths.tolist() == [len(ngrams) for ngrams in expected]
    digits = 5 ** np.arange(order)[::-1]
    assert keys.tolist() == [
        -1 if UNKNOWN in ngram else int(np.dot(ngram, digits))
        for ngrams in expected
        for ngram in ngrams
    ]
