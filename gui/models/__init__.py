"""The model: choosing, opening, trusting and describing it."""
