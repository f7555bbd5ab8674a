"""The MLLM generation store: request keys, stored answers, the client that asks once."""
