"""The graph: operations, tensors, shapes, types, scopes, and the registry of op definitions."""
