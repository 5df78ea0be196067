"""The set-up of a cross-validation: its sentences, divided into folds, and its folder."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textcnn.data.datasets.corpus import Corpora, locate
from textcnn.data.remarks import text_remarks
from textcnn.data.tokenized_data import Report, TokenizedData, fingerprint
from textcnn.evaluation.crossval.fold_run import keep_vectors
from textcnn.evaluation.crossval.folder import CrossValidationFolder, Plan
from textcnn.evaluation.crossval.folds import Fold, fold_with_test, make_folds
from textcnn.recipe.config import Config, read_toml, write_toml
from textcnn.support.errors import SAY_WHERE, if_missing


def read_corpora(config: Config, plan: Plan, report: Report) -> Corpora:
    """Read what ``--data`` and the plan's parts name, the options of data being for all.

    Raises:
        UserError: the data cannot be used.
        RunError: the movie reviews could not be reached.
    """
    config = dataclasses.replace(config, dev_data=plan.dev_data, test_data=plan.test_data)
    corpora = Corpora.read(config, report)
    return corpora.merged() if config.merge_labels else corpora


def divide_corpora(
    corpora: Corpora, config: Config, plan: Plan, report: Report
) -> tuple[TokenizedData, list[Fold]]:
    """Tokenise all sentences, those of the test part last, and divide them.

    Returns:
        The sentences, whose own split plays no role, and the folds in order.

    Raises:
        UserError: naming the option that cannot be, or a label with too few different sentences.
    """
    if corpora.dev is not None:  # Nothing is drawn, and repeats differ in the networks' seeds only.
        data = TokenizedData.prepare(corpora, config)
        data.check_labels()
        folds, removed = [Fold(it, 0, data.split) for it in range(plan.repeats)], data.removed
    else:
        data = TokenizedData.undivided(corpora, config)
        data.check_tokens()
        data.check_labels()
        how = (plan.repeats, config.dev_share, config.seed, plan.train_share, data.multilabel)
        if corpora.test is None:
            return data, make_folds(data.keys, data.labels, plan.folds, *how)
        learnt, _, tested = corpora.rows
        folds, removed = fold_with_test(data.keys, data.labels, learnt, tested, *how)
    if removed:
        report(f"left out of training, since they are tested: {removed:,} sentences")
    return data, folds


@dataclass(frozen=True)
class CrossValidation:
    """A cross-validation about to begin, or to go on.

    Attributes:
        folder: where results go.
        config: the options of training.
        plan: the options of the cross-validation.
        data: the sentences.
        folds: all of them, in order.
    """

    folder: CrossValidationFolder
    config: Config
    plan: Plan
    data: TokenizedData
    folds: list[Fold]

    @property
    def labels(self) -> list[str]:
        """Names of the classes, in class order."""
        return self.data.label_names


def new_cross_validation(
    config: Config, parts: dict[str, Any], folder: CrossValidationFolder, report: Report
) -> CrossValidation:
    """Read and divide the sentences, and write down in the folder what is to be done.

    Args:
        config: the options of training.
        parts: those of :class:`Plan` that were given.
        folder: where results go.
        report: told, in one line, what was found.

    Raises:
        UserError: the data or the vectors cannot be used.
        RunError: the data or the vectors cannot be reached.
    """
    config = locate(config)
    plan = Plan(**parts)
    plan.check()
    corpora = read_corpora(config, plan, report)
    plan = dataclasses.replace(plan, fingerprint=fingerprint(corpora))
    data, folds = divide_corpora(corpora, config, plan, report)
    for line in text_remarks(data):
        report(line)
    config = data.completed(config)
    write_toml(folder.config, config.resolved())
    keep_vectors(folder.vectors, config, data, report)
    plan.save(folder.plan)
    return CrossValidation(folder, config, plan, data, folds)


def resumed_cross_validation(
    moved: Mapping[str, tuple[str, ...]], folder: CrossValidationFolder, report: Report
) -> CrossValidation:
    """Read again what a cross-validation was started with.

    Args:
        moved: of "data", "dev_data" and "test_data", those that are not where they were.
        folder: of the cross-validation.
        report: told, in one line, what was found.

    Raises:
        UserError: it is damaged, or its data has changed.
    """
    config = Config.from_mapping(read_toml(folder.config), str(folder.config))
    config = locate(dataclasses.replace(config, data=moved.get("data", config.data)))
    parts = {name: value for name, value in moved.items() if name != "data"}
    plan = dataclasses.replace(Plan.load(folder.plan), **parts)  # type: ignore[arg-type]
    with if_missing(SAY_WHERE):
        corpora = read_corpora(config, plan, report)
    folder.check_same_data(fingerprint(corpora), plan.fingerprint, corpora.learnt.source)
    if moved:
        write_toml(folder.config, config)
        plan.save(folder.plan)
    data, folds = divide_corpora(corpora, config, plan, report)
    # Last of all, since it takes longest: whoever is killed within it can go on.
    keep_vectors(folder.vectors, config, data, report)
    return CrossValidation(folder, config, plan, data, folds)
