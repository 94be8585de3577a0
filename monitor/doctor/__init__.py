"""`headroom doctor`: looks at every source once, and tells what can be decided and what is broken."""
