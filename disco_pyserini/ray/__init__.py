"""The heavy work on a Ray cluster: encoding a corpus, building the shards of an index."""
