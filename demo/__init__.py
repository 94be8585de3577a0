"""The sample ERP of `headroom demo` and its servers; it knows nothing of the packages beside it."""
