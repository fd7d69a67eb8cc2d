"""The only place that touches the world: one module a stage or command, each a thin shell."""
