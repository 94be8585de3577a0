-- Evictions and the time of the last full reset; since extension 1.9.
SELECT /* headroom */ dealloc, stats_reset FROM {view}
