"""The window: shows frozen values, and turns what a person does into requests."""
