"""What the model says: scores, rows, class names, and what is done with them."""
