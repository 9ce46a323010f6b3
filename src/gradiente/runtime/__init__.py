"""Running graphs: plan, compile, execute; the session."""
