"""What the experiments of several sections share."""
