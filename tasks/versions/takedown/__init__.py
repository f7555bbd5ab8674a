"""Taking one person out of published versions and of the build store, so that nothing of them is left."""
