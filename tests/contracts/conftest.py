"""What the mutation tests share stands beside them; tests are imported by path, so the folder is put on it here."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
