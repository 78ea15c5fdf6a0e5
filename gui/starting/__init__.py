"""What runs before Qt, or without it."""
