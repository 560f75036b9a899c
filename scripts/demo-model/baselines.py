"""Unigram and bigram models of the token stream, and a logistic regression: what the trained model has to beat."""

import numpy as np


class Bigram:
    """Interpolated bigram with Witten-Bell smoothing: rare histories lean on the unigram, frequent ones on their own counts."""

    def __init__(self, lines: list[np.ndarray], size: int):
        stream = np.concatenate(lines).astype(np.int64)
        self.unigram = (np.bincount(stream, minlength=size) + 0.5) / (len(stream) + 0.5 * size)
        self.counts = np.zeros((size, size), dtype=np.float64)
        for line in lines:
            np.add.at(self.counts, (line[:-1].astype(np.int64), line[1:].astype(np.int64)), 1)
        self.total = self.counts.sum(axis=1)
        self.kinds = (self.counts > 0).sum(axis=1)

    def next(self, history: int) -> np.ndarray:
        weight = self.total[history] + self.kinds[history]
        return (self.counts[history] + self.kinds[history] * self.unigram) / weight if weight else self.unigram

    def log_probabilities(self, line: np.ndarray) -> np.ndarray:
        """Of every token but the first."""
        past, present = line[:-1].astype(np.int64), line[1:].astype(np.int64)
        weight = self.total[past] + self.kinds[past]
        smooth = (self.counts[past, present] + self.kinds[past] * self.unigram[present]) / np.maximum(weight, 1)
        return np.log(np.where(weight > 0, smooth, self.unigram[present]))


def standardise(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean, spread = train.mean(axis=0), train.std(axis=0) + 1e-9
    return (train - mean) / spread, (test - mean) / spread


def logistic_scores(train: np.ndarray, labels: np.ndarray, test: np.ndarray, ridge: float = 1.0) -> np.ndarray:
    """Scores of an L2-regularised logistic regression, fitted by Newton's method (the intercept is free)."""
    train, test = standardise(train.astype(np.float64), test.astype(np.float64))
    x = np.hstack([train, np.ones((len(train), 1))])
    penalty = ridge * np.eye(x.shape[1])
    penalty[-1, -1] = 0
    w = np.zeros(x.shape[1])
    for _ in range(30):
        probability = 1 / (1 + np.exp(-np.clip(x @ w, -30, 30)))
        gradient = x.T @ (probability - labels) + penalty @ w
        hessian = (x * (probability * (1 - probability))[:, None]).T @ x + penalty
        update = np.linalg.solve(hessian + 1e-9 * np.eye(len(w)), gradient)
        w -= update
        if np.abs(update).max() < 1e-8:
            break
    return np.hstack([test, np.ones((len(test), 1))]) @ w


def auroc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Area under the ROC curve, ties counted half."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positive = int(labels.sum())
    return float((ranks[labels == 1].sum() - positive * (positive + 1) / 2) / (positive * (len(labels) - positive)))


def auroc_interval(scores: np.ndarray, labels: np.ndarray, rng: np.random.Generator, draws: int = 400) -> list[float]:
    """95 % bootstrap interval over patients."""
    values = []
    for _ in range(draws):
        i = rng.integers(len(labels), size=len(labels))
        values.append(auroc(scores[i], labels[i]))
    return [round(float(np.percentile(values, q)), 4) for q in (2.5, 97.5)]
