"""How images are prepared: the editor, what the model sees, and the probe that finds it."""
