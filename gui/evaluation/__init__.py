"""Testing the model: data, alignment, measures, and the images behind each number."""
