"""A first look at data: each fact on rows small enough to count by hand, and what to do then."""

import numpy as np
import pytest

from textcnn.data.datasets.labelled_texts import BadRow, LabelledTexts
from textcnn.data.datasets.suggestions import suggestions
from textcnn.data.datasets.survey import Coverage, Lengths, Survey, survey
from textcnn.data.datasets.text_faults import dropped_letters, text_faults
from textcnn.data.labels import join_labels
from textcnn.recipe.config import Config
from textcnn.support.errors import UserError


def look(rows: list[tuple[str, str]], tokenizer: str = "kim", **options) -> Survey:
    """A survey of ``(label, text)`` rows."""
    corpus = LabelledTexts([text for _, text in rows], [label for label, _ in rows], "test")
    return survey(corpus, tokenizer, **options)


def advice(found: Survey, **options) -> dict[str, str]:
    """What is suggested, and why."""
    return {s.do: s.why for s in suggestions(found, Config(data=("x",), **options))}


def distinct(label: str, count: int) -> list[tuple[str, str]]:
    """Rows of one label, each with a word of its own."""
    return [(label, f"{label} word{row}") for row in range(count)]


class TestLabels:
    def test_counted_and_ordered(self):
        found = look([("b", "x"), ("a", "y"), ("b", "z"), ("a", "x")])
        assert [(label.name, label.rows, label.share) for label in found.labels] == [
            ("a", 2, 0.5),
            ("b", 2, 0.5),
        ]
        assert found.imbalance == 1
        assert (found.majority.labels, found.majority.accuracy) == (("a",), 0.5)

    def test_different_sentences_as_a_split_counts_them(self):
        # "x" belongs to b, where it stands first; rows without a token are told apart by text.
        rows = [("b", "x"), ("a", "X"), ("b", "x"), ("a", "."), ("a", "-"), ("b", "-")]
        found = look(rows)
        assert {label.name: label.sentences for label in found.labels} == {"a": 2, "b": 1}

    def test_several_a_row(self):
        rows = [(["a", "b"], "one"), (["a"], "two"), ([], "three"), (["a", "b"], "four")]
        found = look([(join_labels(names), text) for names, text in rows], multilabel=True)
        assert [(label.name, label.rows) for label in found.labels] == [("a", 3), ("b", 2)]
        assert found.unlabelled == 1
        assert (found.majority.labels, found.majority.accuracy) == (("a", "b"), 0.5)

    def test_no_labels_at_all(self):
        found = look([("", "one"), ("", "two")], multilabel=True)
        assert found.labels == ()
        assert advice(found, multilabel=True) == {
            "--label-column, another one": "no row has a label"
        }

    def test_no_rows(self):
        with pytest.raises(UserError, match="no sentences"):
            look([])


class TestSentences:
    def test_lengths_are_ones_that_occur(self):
        found = look([("a", "word " * count) for count in range(1, 21)])
        assert found.lengths == Lengths(1, 10, 19, 20, 210)

    def test_next_to_nothing_in_them(self):
        found = look([("a", "..."), ("a", "fine"), ("b", "a film"), ("b", "")])
        assert found.no_token == (1, 4)
        assert found.one_token == (2,)

    def test_equal_tokens_are_equal_sentences(self):
        found = look([("a", "A film."), ("b", "good"), ("a", "a  film"), ("b", "a film")])
        (repeated,) = found.repeated
        assert (repeated.text, repeated.rows) == ("A film.", (1, 3, 4))
        assert repeated.labels == (("a",), ("a",), ("b",))
        assert found.surplus_rows == 2
        assert found.conflicts == [repeated]

    def test_rows_without_a_token_are_not_duplicates(self):
        assert look([("a", "."), ("b", "-"), ("b", "x")]).repeated == ()

    def test_most_repeated_first(self):
        found = look([("a", text) for text in ("x", "y", "y", "x", "y")])
        assert [sentence.text for sentence in found.repeated] == ["y", "x"]
        assert found.conflicts == []


class TestBadRows:
    def test_counted_beside_the_others(self):
        bad = [BadRow("r.csv, line 3", "the label is missing", "the label is missing")]
        found = survey(LabelledTexts(["one", ""], ["a", "b"], "test", bad), "kim")
        assert (found.rows, found.rows_given, found.bad_rows) == (2, 3, tuple(bad))
        assert found.no_text == (2,)
        assert advice(found)["--skip-bad-rows"].startswith("1 of 3 rows cannot be used")

    def test_rows_without_text(self):
        found = look([*distinct("a", 9), *distinct("b", 9), ("b", "")])
        assert advice(found)["--skip-bad-rows"] == "rows without text: 1"

    def test_several_labels(self):
        fault = "has several labels; give --multilabel"
        bad = [BadRow("r.txt, line 1", "has several labels", fault)]
        found = survey(LabelledTexts(["one"], ["a"], "test", bad), "kim")
        assert "--multilabel" in advice(found)


class TestWords:
    def test_counted(self):
        words = look([("a", "a film a story"), ("b", "a plot")]).words
        assert (words.count, words.once) == (4, 3)

    def test_covered_by_vectors(self):
        def find(words):
            return np.array([word == "a" for word in words])

        found = look([("x", "a film a story"), ("y", "a plot")], find=find)
        assert found.coverage == Coverage(words=0.25, tokens=0.5)


class TestCharacters:
    def test_mojibake(self):
        sound = "café naïve – ‘CAFÉ…’ “À” Ünal Привет 日本語 😀 â a 20° Â b"
        for encoding in ("cp1252", "latin-1"):
            for word in ("é", "’", "Привет", "日本", "😀", "°"):
                try:
                    wrong = word.encode().decode(encoding)
                except UnicodeDecodeError:  # cp1252 has no sign for five bytes.
                    continue
                faults = text_faults([sound, f"a {wrong} b"])
                assert faults.mojibake.rows == (2,), word
                assert faults.mojibake.seen == (wrong,)

    def test_lost_and_control_characters(self):
        faults = text_faults(["a\tb\r\nc", "\ufffd", "\x1b[0m", "one\x85two"])
        assert faults.replaced.rows == (2,)
        assert faults.control.rows == (3, 4)
        assert faults.control.seen == ("\x1b", "\x85")
        assert not faults.mojibake

    def test_what_the_tokenizer_drops(self):
        dropped = dropped_letters(["das schöne Café – 5 €", "plain"], "kim")
        assert dropped.letters == 2 / 18
        assert dropped.words == 2 / 7
        assert dropped_letters(["日本語"], "kim").letters == 1
        assert dropped_letters(["日本語"], "unicode").letters == 0
        assert dropped_letters([""], "kim").words == 0


class TestSuggestions:
    def test_nothing_to_do(self):
        assert advice(look(distinct("a", 30) + distinct("b", 30))) == {}

    def test_imbalance(self):
        option = "--class-weight balanced --best-by macro-f1"
        assert option not in advice(look(distinct("a", 50) + distinct("b", 5)))
        assert "a has 51 rows and b 5" in advice(look(distinct("a", 51) + distinct("b", 5)))[option]

    def test_labels_too_rare_to_split(self):
        found = look(distinct("a", 9) + distinct("b", 2))
        assert "b, if none can be added" in advice(found)["--test-share 0"]
        found = look(distinct("a", 9) + distinct("b", 1))
        assert "b" in advice(found)["add sentences, or take the label out"]

    def test_one_label(self):
        assert "add --data of another label" in advice(look(distinct("a", 9)))

    def test_no_labels_in_the_column(self):
        found = look([(str(row), f"word{row} and more") for row in range(30)])
        assert list(advice(found)) == ["--label-column, another one"]

    @pytest.mark.parametrize(
        ("between", "option"),
        [("|", "--multilabel"), (", ", '--multilabel --label-separator ","')],
    )
    def test_labels_that_are_several(self, between, option):
        names = ["a", "b", f"a{between}b"] * 5
        found = look([(name, f"some words {row}") for row, name in enumerate(names)])
        assert option in advice(found)
        sound = ["Health, Care", "Sports"] * 5
        assert advice(look([(n, f"some words {row}") for row, n in enumerate(sound)])) == {}

    def test_another_separator(self):
        names = ["a", "b", "a;b"] * 5
        rows = [(name, f"some words {row}") for row, name in enumerate(names)]
        found = look(rows, multilabel=True)
        assert '--label-separator ";"' in advice(found, multilabel=True)

    @pytest.mark.parametrize(
        ("other", "written"),
        [
            ("A", "'A' (9)"),
            ("a\u200b", r"'a\u200b' (9)"),
        ],
    )
    def test_labels_that_look_alike(self, other, written):
        why = advice(look(distinct("a", 10) + distinct(other, 9) + distinct("b", 9)))
        assert why["--merge-labels"] == (
            f"labels look alike (with how many rows each has): 'a' (10), {written}"
        )

    def test_composed_and_decomposed_labels_can_be_told_apart(self):
        why = advice(look(distinct("\u00e9", 9) + distinct("e\u0301", 9)))["--merge-labels"]
        assert r"'e\u0301' (9)" in why
        assert r"'\xe9' (9)" in why

    def test_only_the_first_of_many_look_alikes_are_shown(self):
        names = [form for name in "abcde" for form in (name, name.upper())]
        why = advice(look([row for name in names for row in distinct(name, 3)]))["--merge-labels"]
        assert why.endswith("'C' (3), 'c' (3); 2 more")

    def test_lists_written_as_text(self):
        rows = distinct("['a', 'b']", 9) + distinct("['a']", 9)
        assert "--multilabel, or write each label without brackets" in advice(look(rows))

    def test_labels_that_look_alike_are_neither_rare_nor_outnumbered(self):
        found = look(distinct("Good", 12) + distinct("good ", 1) + distinct("bad", 9))
        given = " ".join(advice(found))
        assert "--merge-labels" in given
        assert "add sentences" not in given
        assert "--class-weight" not in given

    def test_marks_of_missing_values(self):
        found = look(distinct("a", 9) + distinct("NaN", 9))
        assert len(advice(look(distinct("a", 9) + distinct("None", 9)))) == 1
        assert advice(look(distinct("a", 9) + distinct("none", 9))) == {}
        why = advice(found)["leave their cells empty and give --skip-bad-rows"]
        assert why == "labels that may stand for a missing one: NaN (9)"

    def test_another_tokenizer(self):
        rows = [(label, f"{text} Straße früh") for label, text in distinct("a", 9)]
        rows += distinct("b", 9)
        assert "--tokenizer unicode" in advice(look(rows))
        assert advice(look(rows, "unicode"), tokenizer="unicode") == {}
        # Where nothing is left, that is the whole of the matter.
        rows = [("a", "日本"), ("b", "中国")]
        assert list(advice(look(rows))) == ["--tokenizer unicode"]

    def test_another_encoding(self):
        rows = distinct("a", 9) + distinct("b", 9)
        wrong = look([*rows, ("a", "it was a very nice cafÃ©")])
        assert "--encoding utf-8" in advice(wrong, encoding="cp1252")
        assert any(do.startswith("repair the file") for do in advice(wrong))
        control = look([*rows, ("a", "well\x85")])
        assert "--encoding cp1252" in advice(control, encoding="latin-1")
        assert advice(control) == {}
        lost = look([*rows, ("a", "it was a very nice caf\ufffd")])
        assert "1 rows" in advice(lost)["make the file anew from its source, in the right encoding"]

    def test_few_vectors(self):
        found = look(distinct("a", 9) + distinct("b", 9), find=lambda words: np.zeros(len(words)))
        why = advice(found, vectors="v.txt")["other --vectors, or --vectors train"]
        assert why == "v.txt has only 0.0 % of the tokens"

    def test_conflicts(self):
        found = look([*distinct("a", 9), *distinct("b", 9), ("a", "b word3")])
        assert advice(found) == {
            "correct the labels, in the rows that --json lists": (
                "equal sentences have different labels (1 of them)"
            )
        }


def test_the_movie_reviews_are_what_they_are_known_to_be(movie_reviews):
    found = survey(movie_reviews, "kim")
    assert (found.rows, found.words.count, found.words.once) == (10_662, 18_764, 8_654)
    assert (found.lengths.shortest, found.lengths.longest, found.surplus_rows) == (1, 56, 1)
    assert found.lengths.total / found.rows == pytest.approx(20.4, abs=0.05)
    assert not list(suggestions(found, Config()))
