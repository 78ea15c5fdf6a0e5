"""Images, weights and predictions; nothing about Qt."""

VERSION = "0.1.0"
