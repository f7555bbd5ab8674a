"""Published versions: the canonical writer, manifest, remotes and card."""
