"""Connects panels, actions and dialogs with the session."""
