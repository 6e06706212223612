"""Large, and the same for years."""
