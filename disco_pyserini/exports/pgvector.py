"""PostgreSQL with pgvector: a table with a column of type ``sparsevec``, compared by inner product.

Weights are 32-bit floats, so impacts are stored exactly. A vector has at most 16,000 terms; for an HNSW index, 1,000.
``pgvector`` compares a query with every vector; ``pgvector-hnsw`` builds and uses an HNSW index: fast, and not exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from disco_pyserini.errors import InputError
from disco_pyserini.exports.search_service import Place, Service
from disco_pyserini.exports.service_searcher import engine
from disco_pyserini.exports.survey import Survey
from disco_pyserini.vectors import VectorBatch

if TYPE_CHECKING:
    import psycopg

MOST_TERMS = 16_000
MOST_TERMS_HNSW = 1_000
PASSWORD = "PGPASSWORD"
_CANDIDATES = 1_000
"""The largest ``hnsw.ef_search``; iterative scans go on beyond it."""


class Pgvector:
    """A table. Queries of several threads go one after the other: each is a transaction of the one connection."""

    most: int | None = None

    def __init__(self, place: Place, hnsw: bool = False) -> None:
        from psycopg import sql

        self._hnsw = hnsw
        self._name = place.collection
        self._terms = max(place.terms, 1)
        self._names = {
            "table": sql.Identifier(place.collection),
            "index": sql.Identifier(f"{place.collection}_impacts"),
            "size": sql.Literal(self._terms),
        }
        self._url = place.url
        self._open = self._connect()
        self._searching = Lock()

    def check(self, found: Survey) -> None:
        """See `Writer.check`: a vector has a largest number of terms."""
        most = MOST_TERMS_HNSW if self._hnsw else MOST_TERMS
        if found.longest_vector > most:
            kind = "an HNSW index of pgvector" if self._hnsw else "pgvector"
            raise InputError(
                f"{kind} holds vectors of at most {most:,} terms, the longest one has {found.longest_vector:,}: "
                + ("use --to pgvector" if self._hnsw else "split the documents, or use another service")
            )

    def exists(self) -> bool:
        """See `Writer.exists`."""
        found = self._connection.execute("SELECT to_regclass(quote_ident(%s))", (self._name,)).fetchone()
        return found is not None and found[0] is not None

    def create(self) -> None:
        """See `Writer.create`. The extension is created unless the database has it."""
        self._run("CREATE EXTENSION IF NOT EXISTS vector")
        self._run(
            'CREATE TABLE {table} (docid text COLLATE "C" PRIMARY KEY, impacts sparsevec({size}) NOT NULL, text text)'
        )

    def add(self, first: int, batch: VectorBatch) -> None:
        """See `Writer.add`."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute(self._sql("DELETE FROM {table} WHERE docid = ANY(%s)"), (batch.ids,))
            with cursor.copy(self._sql("COPY {table} (docid, impacts, text) FROM STDIN")) as copy:
                for (docid, terms, impacts), text in zip(batch, batch.raw or [""] * len(batch), strict=True):
                    copy.write_row((docid, self._sparse(terms.tolist(), impacts.tolist()), text or None))

    def finish(self) -> None:
        """See `Writer.finish`."""
        if self._hnsw:
            self._run("CREATE INDEX IF NOT EXISTS {index} ON {table} USING hnsw (impacts sparsevec_ip_ops)")
        self._run("ANALYZE {table}")

    def best(self, query: Mapping[int, int], limit: int) -> list[tuple[str, float]]:
        """See `Reader.best`."""
        wanted = self._sparse(*zip(*sorted(query.items()), strict=True))
        statement = "SELECT docid, -(impacts <#> %(query)s::sparsevec) FROM {table} "
        statement += "WHERE impacts <#> %(query)s::sparsevec < 0 ORDER BY impacts <#> %(query)s::sparsevec"
        with self._searching, self._connection.transaction(), self._connection.cursor() as cursor:
            if self._hnsw:
                cursor.execute(f"SET LOCAL hnsw.ef_search = {min(max(limit, 40), _CANDIDATES)}")
                cursor.execute("SET LOCAL hnsw.iterative_scan = strict_order")
                cursor.execute("SET LOCAL enable_seqscan = off")
            else:
                cursor.execute("SET LOCAL enable_indexscan = off")
                statement += ", docid"
            cursor.execute(self._sql(statement + " LIMIT %(limit)s"), {"query": wanted, "limit": limit})
            return cursor.fetchall()

    def vector(self, docid: str) -> dict[int, int] | None:
        """See `Reader.vector`."""
        stored = self._column("impacts::text", docid)
        if stored is None:
            return None
        pairs = (pair.split(":") for pair in stored.partition("}")[0][1:].split(","))
        return {int(place) - 1: round(float(weight)) for place, weight in pairs}

    def text(self, docid: str) -> str | None:
        """See `Reader.text`."""
        return self._column("text", docid)

    def close(self) -> None:
        """Close the connection."""
        self._open.close()

    def _connect(self) -> psycopg.Connection:
        import psycopg

        return psycopg.connect(self._url, autocommit=True)

    @property
    def _connection(self) -> psycopg.Connection:
        """The connection; a new one if the server ended the last one, as it does when it restarts."""
        if self._open.closed:
            self._open = self._connect()
        return self._open

    def _column(self, column: str, docid: str) -> str | None:
        statement = self._sql(f"SELECT {column} FROM {{table}} WHERE docid = %s")
        found = self._connection.execute(statement, (docid,)).fetchone()
        return found[0] if found else None

    def _run(self, statement: str) -> None:
        self._connection.execute(self._sql(statement))

    def _sql(self, statement: str) -> Any:
        from psycopg import sql

        return sql.SQL(statement).format(**self._names)

    def _sparse(self, terms: Any, impacts: Any) -> str:
        """Return a vector as pgvector reads it; it counts terms from 1."""
        pairs = ",".join(f"{term + 1}:{impact}" for term, impact in zip(terms, impacts, strict=True))
        return f"{{{pairs}}}/{self._terms}"


def _errors() -> tuple[type[Exception], ...]:
    import psycopg

    return (psycopg.Error, OSError)


_HNSW = partial(Pgvector, hnsw=True)
EXPORT = Service("pgvector", "postgres", PASSWORD, Pgvector, _errors, "postgresql://localhost:5432/postgres", 1_000)
EXPORT_HNSW = Service("pgvector-hnsw", "postgres", PASSWORD, _HNSW, _errors, EXPORT.url, 1_000)
ENGINE = engine(EXPORT, Pgvector)
ENGINE_HNSW = engine(EXPORT_HNSW, _HNSW)
