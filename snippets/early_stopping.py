"""Early stopping for any framework: keep the best weights, stop in time."""

import copy
import math


class EarlyStopping:
    """Remembers the best state; says when `patience` checks brought nothing better.

    >>> stopper = EarlyStopping(patience=5)
    >>> for epoch in range(1_000):
    ...     train_one_epoch(model)
    ...     if stopper.should_stop(validation_loss(model), model.state_dict()):
    ...         break
    >>> model.load_state_dict(stopper.best_state)
    """

    def __init__(self, patience: int, min_gain: float = 0.0):
        if patience < 1:
            raise ValueError(f"EarlyStopping: patience is at least 1, not {patience}")
        self.patience, self.min_gain = patience, min_gain
        self.best_loss, self.best_check, self.best_state = math.inf, None, None
        self.checks = self.waited = 0

    def should_stop(self, loss: float, state: object = None) -> bool:
        """True once `patience` checks in a row did not lower the loss by `min_gain`.

        The best `state` is copied, so that training on does not change it. Raises
        ValueError where the loss is not a number: then waiting is no use.
        """
        if math.isnan(loss):
            raise ValueError("EarlyStopping: the loss is not a number (NaN)")
        if loss < self.best_loss - self.min_gain:
            self.best_loss, self.best_check = loss, self.checks
            self.best_state = copy.deepcopy(state)
            self.waited = 0
        else:
            self.waited += 1
        self.checks += 1
        return self.waited >= self.patience


if __name__ == "__main__":
    stopper = EarlyStopping(patience=3)
    for epoch, loss in enumerate([0.9, 0.6, 0.5, 0.52, 0.48, 0.5, 0.55, 0.61, 0.4]):
        if stopper.should_stop(loss, state={"epoch": epoch}):
            print("stopped after epoch", epoch)
            break
    print("best:", stopper.best_loss, stopper.best_state)
