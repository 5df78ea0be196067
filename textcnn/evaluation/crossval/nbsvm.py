"""A support vector machine on features weighted as naive Bayes would (Wang and Manning 2012)."""

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.svm import LinearSVC


class NBSVM(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types.
    """The classifier of "Baselines and Bigrams" (ACL 2012), section 2.3, for two classes.

    Each feature is multiplied by its log-count ratio, a linear SVM is trained on the products, and
    its weights ``w`` are drawn towards their mean magnitude, that is towards multinomial naive
    Bayes: ``(1 - beta) * mean(|w|) + beta * w``. The paper does not say what becomes of the bias.
    Here it is drawn towards naive Bayes' log-odds of the classes, on the same scale; with the SVM's
    bias left as it is, the shrunk weights lose to it wherever the classes are unbalanced.

    Args:
        C: the SVM's penalty on errors.
        alpha: added to every feature's count in either class.
        beta: 0 for naive Bayes alone, 1 for the SVM alone.

    Attributes:
        classes_: (2,) the classes, sorted; the second is the positive one.
        coef_: (1, V) weights of the plain features.
        intercept_: (1,) what is added to their sum.
    """

    def __init__(self, C: float = 1.0, alpha: float = 1.0, beta: float = 0.25):
        self.C = C
        self.alpha = alpha
        self.beta = beta

    def fit(self, X: csr_matrix, y: np.ndarray) -> "NBSVM":
        """Learn from (N, V) binary features and (N,) classes, of which there must be two.

        Raises:
            ValueError: there are not two classes.
        """
        self.classes_ = np.unique(y)
        if len(self.classes_) != 2:
            raise ValueError(f"NBSVM tells two classes apart, not {len(self.classes_)}")
        positive = y == self.classes_[1]
        ratio = log_count_ratio(X, positive, self.alpha)
        prior = np.log(positive.sum() / (~positive).sum())
        # The dual problem is the quicker one where features outnumber sentences. scikit-learn's
        # 1,000 rounds are too few for a large C.
        svm = LinearSVC(C=self.C, dual=True, max_iter=20_000, random_state=0)
        svm.fit(X.multiply(ratio).tocsr(), positive)
        mean = np.abs(svm.coef_).mean()
        self.coef_ = ratio * ((1 - self.beta) * mean + self.beta * svm.coef_)
        self.intercept_ = (1 - self.beta) * mean * prior + self.beta * svm.intercept_
        return self

    def decision_function(self, X: csr_matrix) -> np.ndarray:
        """(N,) how far each row is on the positive side."""
        return X @ self.coef_[0] + self.intercept_[0]

    def predict(self, X: csr_matrix) -> np.ndarray:
        """(N,) predicted classes."""
        return self.classes_[(self.decision_function(X) > 0).astype(np.int64)]


def log_count_ratio(X: csr_matrix, positive: np.ndarray, alpha: float) -> np.ndarray:
    """(V,) how much likelier each feature is in the positive class than in the negative, in logs.

    That is ``log((p / sum(p)) / (q / sum(q)))`` with ``p`` and ``q`` the features' counts in the
    positive and the negative class plus ``alpha`` (Wang and Manning 2012, section 2).

    Args:
        X: (N, V) binary features.
        positive: (N,) booleans.
        alpha: above 0.
    """
    p, q = (alpha + np.asarray(X[rows].sum(axis=0)).ravel() for rows in (positive, ~positive))
    return np.log(p / p.sum()) - np.log(q / q.sum())
