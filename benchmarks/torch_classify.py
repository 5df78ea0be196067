"""The least that a PyTorch user could write: ``torch_classify.py MODEL SENTENCE``.

The state dict holds no vocabulary and no labels, so they stand in the same file beside it.
"""

import re
import sys

import torch
from torch.nn import functional


def main(model: str, sentence: str) -> None:
    """Print the label of ``sentence`` and its probability."""
    saved = torch.load(model, weights_only=True, mmap=True)
    state = saved["state"]
    number = {word: index for index, word in enumerate(saved["words"])}
    words = [number.get(word, 0) for word in re.findall(r"[\w']+|[(),!?]", sentence.lower())]
    with torch.inference_mode():
        X = state["embedding.weight"][torch.tensor(words)].T
        pooled = []
        for index in range(3):
            W, b = state[f"convolutions.{index}.weight"], state[f"convolutions.{index}.bias"]
            Z = functional.conv1d(X[None], W, b, padding=W.shape[2] - 1)
            pooled.append(functional.relu(Z).amax(dim=2))
        logits = torch.cat(pooled, dim=1) @ state["dense.weight"].T + state["dense.bias"]
        (shares,) = torch.softmax(logits, dim=1)
    best = int(shares.argmax())
    print(f"{saved['labels'][best]}\t{float(shares[best]):.4f}\t{sentence}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
