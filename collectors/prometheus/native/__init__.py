"""Native histograms, made into the same shape as classic ones."""
