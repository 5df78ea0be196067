"""The two tokenizers: Kim's against the published chain of substitutions, and every script."""

import re
import sys
import time
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textcnn.core.tokenizers import (
    TOKENIZERS,
    _long_runs,
    characters,
    find_tokenizer,
    kim,
    mark_spans,
    unicode,
)
from textcnn.support.errors import UserError

CLITICS = ("'s", "'ve", "n't", "'re", "'d", "'ll")
MARKS = (",", "!", "(", ")", "?")


def chain(text: str) -> list[str]:
    """What Kim describes, step by step: drop, split off clitics, set off marks, lower."""
    text = re.sub(r"[^A-Za-z0-9(),!?'`]", " ", text)
    for clitic in CLITICS:
        text = text.replace(clitic, " " + clitic)
    for mark in MARKS:
        text = text.replace(mark, f" {mark} ")
    return re.sub(r"\s{2,}", " ", text).strip().lower().split()


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="nt'sverdlL NT,!?().`-1é\u0130\u212a\x85\x00"))
@example("isn't it's they've we're I'd you'll IT'S DON'T n't't 'll'd n'tn't")
@example("")
def test_kim_equals_the_published_chain(text):
    assert kim(text) == chain(text)


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_kim_equals_the_published_chain_on_any_text(text):
    assert kim(text) == chain(text)


def test_kim_on_a_sentence():
    text = "It's a \"gorgeous\" (if overlong) film -- isn't it?"
    words = "it 's a gorgeous ( if overlong ) film is n't it ?"
    assert kim(text) == words.split()


def test_kim_on_every_movie_review(movie_reviews):
    types = set()
    for text in movie_reviews.texts:
        tokens = kim(text)
        assert tokens == chain(text)
        types.update(tokens)
    assert len(types) == 18_764


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("C'est l'été, déjà !", ["c'est", "l'été", ",", "déjà", "!"]),
        ("L’été", ["l’été"]),
        ("cafe\u0301", ["café"]),  # the accent as a mark of its own becomes part of the letter
        ("q\u0307uick", ["q\u0307uick"]),  # a letter and accent that have no joint character
        ("यह फ़िल्म बहुत अच्छी है।", ["यह", "फ़िल्म", "बहुत", "अच्छी", "है", "।"]),
        ("这部电影很好。", ["这", "部", "电", "影", "很", "好", "。"]),
        ("หนังดี", ["ห", "นั", "ง", "ดี"]),
        ("GROSSE Straße", ["grosse", "strasse"]),
        ("ＡＢＣ １２", ["abc", "12"]),
        ("don't 'quoted'", ["don't", "'", "quoted", "'"]),
        ("日本語 text 3", ["日", "本", "語", "text", "3"]),
        (" \t\n\u3000", []),
        ("a\0b\0", ["a", "b"]),
    ],
)
def test_unicode_on_many_scripts(text, tokens):
    import unicodedata

    assert unicode(text) == [unicodedata.normalize("NFKC", token) for token in tokens]


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_unicode_tokens_are_never_blank_and_lose_no_letter(text):
    import unicodedata

    tokens = unicode(text)
    assert all(token and token == token.strip() and "\0" not in token for token in tokens)
    joined = "".join(tokens)
    for character in unicodedata.normalize("NFKC", text).casefold():
        assert character.isalnum() <= (character in joined)


def test_the_tokenizers_have_the_names_of_the_option():
    assert {"kim": kim, "unicode": unicode, "characters": characters} == TOKENIZERS


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("I am", ["i", "a", "m"]),
        ("電影 不錯！", ["電", "影", "不", "錯", "!"]),
        ("cafe\u0301", ["c", "a", "f", "é"]),  # Normalised first.
        ("हिन्दी", ["हि", "न्", "दी"]),  # Marks stay with their letter.
        ("\u0301 \0\t", []),  # A mark of nothing, and no characters.
    ],
)
def test_characters_are_tokens_in_any_script(text, tokens):
    assert characters(text) == tokens


def test_a_custom_tokenizer_has_to_be_at_hand():
    assert find_tokenizer("custom", str.split) == str.split
    assert find_tokenizer("kim") is kim
    with pytest.raises(UserError, match="TextCNNClassifier"):
        find_tokenizer("custom")


@pytest.mark.parametrize("marks", ["\u0301\u0316", "\uff9e\u0301", "\u0f73\u0f71", "\u0344\u0316"])
def test_a_letter_with_very_many_marks_takes_no_time(marks):
    """Normalising sorts them, in a time that grows with the square of their number."""
    started = time.process_time()
    for tokenize in (unicode, characters):
        assert len("".join(tokenize("a" + marks * 200_000 + " b"))) < 100
    assert time.process_time() - started < 5


def test_no_plane_that_has_marks_is_left_out():
    kinds = "".join(unicodedata.category(chr(code))[0] for code in range(sys.maxunicode + 1))
    assert mark_spans() == [row.span() for row in re.finditer("M+", kinds)]


def test_no_other_character_begins_with_a_mark_once_it_is_normalised():
    """So that no other can make a long run of them."""
    for code in range(sys.maxunicode + 1):
        first = unicodedata.normalize("NFKD", chr(code))[:1]
        if first and unicodedata.combining(first):
            assert _long_runs().sub(r"\1", chr(code) * 31) == chr(code) * 30


def test_marks_as_any_language_writes_them_are_kept():
    text = "a" + "\u0301\u0316" * 15
    assert unicodedata.normalize("NFKC", unicode(text)[0]) == unicodedata.normalize("NFKC", text)
