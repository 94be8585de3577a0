"""The audit of the whole guide: its catalogue, its coverage, and what people confirm."""
