"""Kim's sentence CNN on the movie reviews, with nothing but ``textcnn.core``.

``python -m examples.kim FOLDER`` trains on four fifths of the sentences in FOLDER's files
``rt-polarity.neg`` and ``rt-polarity.pos``, and tests on a tenth. The two come in the archive
rt-polaritydata.tar.gz of https://www.cs.cornell.edu/people/pabo/movie-review-data; two files of
your own do as well.
"""

import sys
from pathlib import Path

import numpy as np

from examples import end_with_the_reader
from textcnn.core.architecture import Architecture, initial_parameters
from textcnn.core.network import Network
from textcnn.core.optimizers import Adam
from textcnn.core.progress import EvaluationDone, evaluation_line
from textcnn.core.sentences import Examples
from textcnn.core.step import kim_step
from textcnn.core.tokenizers import kim
from textcnn.core.trainer import Schedule, Trainer
from textcnn.core.vocabulary import Vocabulary

LABELS = ("neg", "pos")


def read(folder: Path) -> tuple[list[list[str]], np.ndarray]:
    """The tokens and the class of every sentence."""
    tokens, classes = [], []
    for number, label in enumerate(LABELS):
        for line in (folder / f"rt-polarity.{label}").read_text("utf-8").split("\n"):
            if line:
                tokens.append(kim(line))
                classes.append(number)
    return tokens, np.array(classes)


def main(folder: Path, epochs: int = 4) -> float:
    """Train, print the progress, and return the test accuracy."""
    rng = np.random.default_rng(0)
    tokens, classes = read(folder)
    tenth, order = len(tokens) // 10, rng.permutation(len(tokens))
    rows = {"test": order[:tenth], "dev": order[tenth : 2 * tenth], "train": order[2 * tenth :]}
    vocabulary = Vocabulary.fit([tokens[row] for row in rows["train"]])
    train, dev, test = (
        Examples(vocabulary.pack([tokens[row] for row in rows[part]]), classes[rows[part]])
        for part in ("train", "dev", "test")
    )
    V, C = len(vocabulary), len(LABELS)
    architecture = Architecture(
        "rand", V, embedding_dim=300, filter_sizes=(3, 4, 5), num_filters=100, num_classes=C
    )
    network = Network(architecture, initial_parameters(architecture, rng))
    schedule = Schedule(batch_size=50, epochs=epochs, row_norm=3.0)
    step = kim_step(architecture, dropout_rate=0.5)
    trainer = Trainer(step, network, Adam(learning_rate=1e-3), rng, schedule)
    for event in trainer.run(train, dev):
        if isinstance(event, EvaluationDone):
            print(evaluation_line(event.evaluation, event.is_best))
    correct = network.logits(test.sentences).argmax(axis=1) == test.targets
    print(f"test accuracy {100 * correct.mean():.1f} %")
    return float(correct.mean())


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    end_with_the_reader()
    main(Path(sys.argv[1]))
