"""Images on their way in: dropping, loading, the photo and the filmstrip."""
