"""The raw layouts the sample is written in: one file each, with a constant `LAYOUT`."""
