"""The sentences of a cross-validation, divided into its folds."""

import dataclasses
from collections.abc import Callable

from textcnn.data.datasets.corpus import Corpora
from textcnn.data.label_sets import strata
from textcnn.data.tokenized_data import TokenizedData
from textcnn.evaluation.crossval.folds import Fold, fixed_folds, fold_with_test, make_folds
from textcnn.evaluation.crossval.plan import Plan
from textcnn.recipe.config import Config

Report = Callable[[str], None]


def read_corpora(
    config: Config, dev_data: tuple[str, ...], test_data: tuple[str, ...], report: Report
) -> Corpora:
    """Read what ``--data`` and the other parts name, the options of data being for all.

    Raises:
        UserError: the data cannot be used.
        RunError: the movie reviews could not be reached.
    """
    return Corpora.read(dataclasses.replace(config, dev_data=dev_data, test_data=test_data), report)


def divide_corpora(
    corpora: Corpora, config: Config, plan: Plan, report: Report
) -> tuple[TokenizedData, list[Fold]]:
    """Tokenise all sentences, those of the test part last, and divide them.

    Returns:
        The sentences, with no split of their own, and the folds in order.

    Raises:
        UserError: naming the option that cannot be, or a label with too few different sentences.
    """
    data = TokenizedData.undivided(corpora, config)
    data.check_tokens()
    data.check_labels()
    labels = strata(data.labels, max(plan.folds, 4)) if config.multilabel else data.labels
    how = (plan.repeats, config.dev_share, config.seed, plan.train_share)
    if corpora.test is None:
        return data, make_folds(data.keys, labels, plan.folds, *how)
    learnt, _, tested = corpora.rows
    if corpora.dev is None:
        folds, removed = fold_with_test(data.keys, labels, learnt, tested, *how)
    else:
        folds, removed = fixed_folds(data.keys, labels, corpora.rows, plan.repeats)
    if removed:
        report(f"left out of training, since they are tested: {removed:,} sentences")
    return data, folds
