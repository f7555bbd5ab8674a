"""Forms that trainers read, one file each; discovered by name, `llama-factory` being llama_factory.py."""
