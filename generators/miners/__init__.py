"""One file per way to choose negatives."""
