"""What the clients in Python share: a round for each line of the input, and one line that tells how it went."""

import sys
import traceback

BUCKET = sys.argv[1]


def rounds(put, get):
    """Puts and gets what each line names, its name as content."""
    for line in sys.stdin:
        name = line.strip()
        try:
            put(name, name.encode())
            found = get(name)
            print("ok" if found == name.encode() else f"failed {found!r}", flush=True)
        except Exception:
            print("failed", traceback.format_exc().replace("\n", " "), flush=True)
