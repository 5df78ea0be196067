"""What ``--help`` says of a command besides what its options say: which are usual, and examples."""

USUAL_OPTIONS = frozenset(
    {
        *("data", "text_column", "label_column", "multilabel", "test_data", "tokenizer", "vectors"),
        *("init_from", "seed", "out", "resume", "checkpoint", "folds", "repeats", "baselines"),
        *("mistakes", "trials", "vary", "input_file", "form", "proba", "top_k", "limits", "output"),
        *("top", "changed", "html_file", "host", "as_json", "filters", "words", "width", "flipped"),
        *("sort", "encoding", "port", "predictions"),
    }
)
"""Names of the options that ``--help`` lists; ``--help-all`` lists the others, too."""

FEWER = {
    "train": {"encoding"},
    "cv": {"multilabel", "test_data", "vectors", "encoding", "seed", "tokenizer"},
    "search": {"multilabel", "test_data", "vectors", "encoding", "seed", "label_column"},
    "eval": {"multilabel"},
    "shrink": {"multilabel"},
    "export": {"multilabel"},
    "classify": {"vectors"},
}
"""The usual options that a command lists only under ``--help-all``."""

EXAMPLES = {
    "data": ("tickets.csv --text-column body --label-column team", "pos=good.txt neg=bad.txt"),
    "train": ("", "--data tickets.csv --text-column body --out runs/one"),
    "search": ("--data tickets.csv --trials 30", "--vary dropout=0.3:0.7 --trials 10"),
    "eval": ("runs/one", "runs/one --data new.csv --predictions out.csv"),
    "classify": ('"a fine film"', "runs/one --input new.csv > labelled.csv"),
    "explain": ('"a fine film"', "runs/one --input new.csv --html why.html"),
    "serve": ("runs/one", "runs/one --port 8080"),
    "inspect": ("runs/one", '--words "fine dull"'),
    "report": ("", "runs/one --out report.html"),
    "shrink": ("runs/one", "runs/one --quantize int8 --out small.h5"),
    "export": ("--to html --out page.html", "runs/one --to npz --out model.npz"),
    "cv": ("--baselines", "--data tickets.csv --text-column body --folds 5"),
    "runs": ("", "--sort accuracy"),
    "compare": ("runs/a runs/b", "runs/a runs/b --data new.csv --flipped 20"),
    "selfcheck": ("", "> report.txt"),
}
"""Two calls of each command: the words after its name."""


def is_usual(command: str, option: str) -> bool:
    """Whether ``--help`` of the command lists this option."""
    return option in USUAL_OPTIONS and option not in FEWER.get(command, ())
