"""What changed between two versions, in the words of people: identities, pictures, captions, answers, and why."""
