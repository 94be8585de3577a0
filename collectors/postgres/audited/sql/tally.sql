-- How many entries there are, and of how many this role may not see what they are.
SELECT /* headroom */ count(*), count(*) FILTER (WHERE queryid IS NULL) FROM {function}(false)
