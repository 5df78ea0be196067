"""What a fixed small run scores on the real movie reviews."""

import pytest

from textcnn.core.decisions import is_correct
from textcnn.data.tokenized_data import TokenizedData
from textcnn.inference.model import Model
from textcnn.recipe.config import Config
from textcnn.recipe.ngrams.expert import Texts
from textcnn.training.run import train_in_memory


@pytest.mark.slow
def test_seven_hundred_reviews_teach_what_they_always_taught(some_movie_reviews):
    # With 100 numbers a word, this few sentences teach the network nothing.
    config = Config(seed=1, test_share=0.6, embedding_dim=300, refit=False)
    data = TokenizedData.prepare(some_movie_reviews, config)
    checkpoint, outcome = train_in_memory(config, data, lambda line: None)
    assert outcome.finished
    assert len(data.split.test) > 1000
    tokens = data.tokens.take(data.split.test)
    targets = data.targets(data.split.test, checkpoint.labels)
    experts = Model(checkpoint).expert_logits(Texts.of(tokens, checkpoint.vocabulary))
    found = {
        name: is_correct(logits.argmax(axis=1), targets).mean() for name, logits in experts.items()
    }
    fused = checkpoint.fusion.combine(list(experts.values()))
    found["together"] = is_correct(fused.argmax(axis=1), targets).mean()
    # The numbers are the same on every machine but for the last bits; of majority, 0.5.
    wanted = {"network": 0.605, "n-grams": 0.655, "together": 0.655}
    assert found == pytest.approx(wanted, abs=0.02)
