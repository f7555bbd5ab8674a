"""Running the contracts and gates on a staged or published version, and what the gates have in common."""
