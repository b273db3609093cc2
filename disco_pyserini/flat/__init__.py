"""The exact engine in the process: postings in memory-mapped arrays, scanned by compiled code, without Java."""
