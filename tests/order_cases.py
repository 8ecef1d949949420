"""The points that loaders' orders are recorded with, and PyTorch's training on them."""

import numpy as np

ETA, D, N, EPOCHS = 0.05, 3, 14, 3


def points(n=N):
    """Points and noisy targets."""
    numbers = np.random.default_rng(0)
    x = numbers.normal(size=(n, D))
    return x, x @ numbers.normal(size=D) + 0.3 * numbers.normal(size=n) + 1.0


class Numbered:
    """The points as a dataset: number, point, target."""

    def __init__(self, n=N):
        import torch

        x, y = points(n)
        self.rows = [(i, torch.tensor(x[i]), torch.tensor(y[i])) for i in range(n)]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


def case(function, given, batch_size, visited, ends):
    return {
        "function": function,
        "arguments": given,
        "batch_size": batch_size,
        "visited": visited,
        "ends": ends,
    }


def trained(epochs):
    """What was visited in each epoch, and PyTorch's weights behind it; batches of such rows."""
    import torch

    w = torch.zeros(D, dtype=torch.float64, requires_grad=True)
    optimizer, visited, ends = torch.optim.SGD([w], lr=ETA), [], []
    for batches in epochs:
        visited.append([])
        for numbers, x, y in batches:
            visited[-1] += [int(each) for each in numbers]
            optimizer.zero_grad()
            torch.mean((x @ w - y) ** 2).backward()
            optimizer.step()
        ends.append(w.detach().tolist())
    return visited, ends


def batched(numbers, size, n=N):
    """The batches of an order."""
    import torch

    rows = Numbered(n).rows
    for start in range(0, len(numbers), size):
        picked = [rows[i] for i in numbers[start : start + size]]
        yield [each[0] for each in picked], *(torch.stack([r[k] for r in picked]) for k in (1, 2))
