"""Speaking to an OpenAI-compatible endpoint: messages, replies, pace, retries. Backends share it."""
