-- How often entries were thrown away, and when all were; since extension 1.9.
SELECT /* headroom */ dealloc, stats_reset FROM {view}
