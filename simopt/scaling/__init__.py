"""Steps to a target against batch size, with the hyperparameters tuned at every batch size."""
