-- The columns of the installed extension, which may be older than the server.
SELECT /* headroom */ * FROM {function}(false) LIMIT 0
