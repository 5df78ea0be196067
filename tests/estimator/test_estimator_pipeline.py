"""``TextCNNClassifier`` among scikit-learn's own tools, and by scikit-learn's own checks."""

from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks
from sklearn.utils.validation import check_is_fitted, validate_data

from tests.support.small_run import SMALL, labelled_sentences
from textcnn import TextCNNClassifier

CORPUS = labelled_sentences()
TEXTS, LABELS = CORPUS.texts, CORPUS.labels

QUICK = {"epochs": 4, "batch_size": 64, "learning_rate": 0.05}
"""Few, large steps learn what the checks ask for in a third of the time."""


def small(**parameters: Any) -> TextCNNClassifier:
    """An estimator of a network small enough for a test."""
    return TextCNNClassifier(**{**SMALL, **parameters})


def lowered(texts: list[str]) -> list[str]:
    """A step of a pipeline before the network."""
    return [text.lower() for text in texts]


def bag_of_words() -> Pipeline:
    """A rival on the same texts."""
    return make_pipeline(CountVectorizer(), LogisticRegression())


class OnNumbers(TextCNNClassifier):
    """Writes rows of numbers as sentences, so that checks which know numbers only can be run.

    Nothing else is changed: what is checked is the estimator that it stands on.
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags

    def _written(self, X: Any, reset: bool) -> list[str]:
        rows = validate_data(self, X, reset=reset)
        return [
            " ".join(f"column{column}is{number:.1f}" for column, number in enumerate(row))
            for row in rows
        ]

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "OnNumbers":
        return super().fit(self._written(X, True), y, sample_weight)

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> "OnNumbers":
        first = not self.__sklearn_is_fitted__()
        return super().partial_fit(self._written(X, first), y, classes, sample_weight)

    def _rows(self, X: Any, method: Any) -> np.ndarray:
        check_is_fitted(self)
        return super()._rows(self._written(X, False), method)


@parametrize_with_checks(
    [OnNumbers(**{**SMALL, **QUICK}, tokenizer=str.split)],
    expected_failed_checks=lambda estimator: {
        "check_sample_weight_equivalence_on_dense_data": (
            "weights are of the loss; vocabulary and counts are of all sentences alike"
        ),
    },
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def test_scikit_learn_is_told_that_it_reads_text():
    with pytest.warns(match="Can't test estimator TextCNNClassifier"):
        check_estimator(small())
    tags = small().__sklearn_tags__()
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
    assert tags.classifier_tags.multi_label
    assert tags.target_tags.required
    assert is_classifier(small())


def test_clones_have_the_parameters_and_nothing_else():
    classifier = small(dropout=0.25, filter_sizes=[2, 3], class_weight={"bad": 2}).fit(
        TEXTS, LABELS
    )
    again = clone(classifier)
    assert again.get_params() == classifier.get_params()
    assert vars(again).keys() == again.get_params().keys()
    assert again.set_params(dropout=0.1) is again
    assert (again.dropout, classifier.dropout) == (0.1, 0.25)
    with pytest.raises(ValueError, match="Invalid parameter 'dropouts'"):
        again.set_params(dropouts=0.1)
    assert repr(small(epochs=3)) == (
        "TextCNNClassifier(batch_size=16, embedding_dim=8, epochs=3, num_filters=4)"
    )
    assert "TextCNNClassifier" in classifier._repr_html_()


def test_a_grid_is_searched_in_two_processes():
    pipeline = Pipeline([("lower", FunctionTransformer(lowered)), ("network", small())])
    grid = {"network__num_filters": [4], "network__epochs": np.array([1, 6])}
    search = GridSearchCV(pipeline, grid, n_jobs=2, cv=2).fit(np.array(TEXTS), LABELS)
    assert search.best_score_ > 0.9
    assert search.predict(TEXTS[:2]).tolist() == LABELS[:2]
    alone = GridSearchCV(pipeline, grid, cv=2, refit=False).fit(TEXTS, LABELS)
    scores = alone.cv_results_["mean_test_score"]
    assert np.array_equal(scores, search.cv_results_["mean_test_score"])


def test_folds_are_scored():
    assert cross_val_score(small(), TEXTS, LABELS, cv=3).min() > 0.8
    proba = cross_val_predict(small(), TEXTS, LABELS, cv=2, method="predict_proba")
    assert proba.shape == (120, 2)


@pytest.mark.parametrize(
    "made_of_it",
    [
        CalibratedClassifierCV(small(), cv=2),
        VotingClassifier([("network", small()), ("words", bag_of_words())], voting="soft"),
        StackingClassifier([("network", small()), ("words", bag_of_words())], cv=2),
        OneVsRestClassifier(small()),
    ],
    ids=lambda model: type(model).__name__,
)
def test_other_models_are_made_of_it(made_of_it):
    assert made_of_it.fit(TEXTS, LABELS).score(TEXTS, LABELS) > 0.9
    assert made_of_it.predict_proba(TEXTS).shape == (120, 2)


def test_its_features_feed_other_models():
    model = make_pipeline(make_union(small(), CountVectorizer()), LogisticRegression())
    assert model.fit(TEXTS, LABELS).score(TEXTS, LABELS) > 0.9
    assert model[0].get_feature_names_out()[0] == "textcnnclassifier__height3_filter0"


def test_its_features_may_be_a_table():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"text": TEXTS, "length": range(120)}, index=range(7, 127))
    columns = make_column_transformer((small(), "text"), remainder="passthrough")
    columns.set_output(transform="pandas")
    features = columns.fit_transform(table, LABELS)
    assert features.shape == (120, 13)
    assert features.index.tolist() == table.index.tolist()
    assert features.columns[0] == "textcnnclassifier__height3_filter0"


def test_it_is_kept_by_joblib(tmp_path):
    pipeline = make_pipeline(FunctionTransformer(lowered), small()).fit(TEXTS, LABELS)
    expected = pipeline.predict_proba(TEXTS)
    joblib.dump(pipeline, tmp_path / "pipeline.joblib")
    for mode in (None, "r"):  # In memory, and read-only from the file.
        again = joblib.load(tmp_path / "pipeline.joblib", mmap_mode=mode)
        assert again.predict_proba(TEXTS).tobytes() == expected.tobytes()
        again[-1].partial_fit(["quite new"], ["good"])


def test_weights_reach_it_through_a_pipeline():
    weights = np.where(np.array(LABELS) == "good", 3.0, 1.0)
    pipeline = Pipeline([("lower", FunctionTransformer(lowered)), ("network", small())])
    pipeline.fit(TEXTS, LABELS, network__sample_weight=weights)
    direct = small().fit(TEXTS, LABELS, weights)
    assert pipeline.predict_proba(TEXTS).tobytes() == direct.predict_proba(TEXTS).tobytes()
