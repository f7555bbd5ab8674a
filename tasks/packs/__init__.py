"""Image packs: strict decoding, hashes, and immutable Parquet packs per source."""
