"""Serving an index with Ray Serve: each shard is searched by replicas on the nodes of a cluster.

The server itself (conversations, encoding, merging, HTTP) is the one of ``disco serve``. Only the shards are elsewhere.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.errors import DiscoError
from disco_pyserini.extras import check_extra
from disco_pyserini.search.engine import ImpactQuery, lower_ties
from disco_pyserini.search.hits import Hits
from disco_pyserini.search.sharded import ShardedSearcher, open_shard, open_shards

logger = logging.getLogger(__name__)

_PAUSE = 0.05
"""Seconds until a call is sent again after its replica died."""

_DIED = ("ActorDiedError", "ActorUnavailableError")
"""What Ray calls the end of a replica that raised no error itself."""

type Answer = tuple[NDArray[np.float32], list[str]]
"""The scores of a query's hits, equal ones left equal, and their ids."""


@dataclass(frozen=True, slots=True)
class Replicas:
    """How the shards of an index are served.

    Attributes:
        number: replicas of each shard.
        seconds: how long a shard may take to answer, and to answer again after a replica died.
    """

    number: int = 1
    seconds: float = 30.0

    def open(self, index: Path, shards: Sequence[Path], engine: str, allow_partial: bool) -> ShardedSearcher:
        """Start the replicas of an index, and open it: a `disco_pyserini.search.sharded.OpenSearcher`.

        Every call starts new replicas, so that an index is replaced without a lost request: the old ones end when the
        old searcher is closed. The folders must be there under the same path on all nodes.

        Raises:
            InputError: a folder is not an index.
            DiscoError: Ray cannot start a replica, or a shard cannot be opened by it.
        """
        check_extra("ray", "disco serve --ray")
        from ray import serve

        folders = list(shards) or [index]
        name = f"disco-{uuid.uuid4().hex[:8]}"
        applications = {folder: f"{name}-{number}" for number, folder in enumerate(folders)}
        serve.start(proxy_location="Disabled")  # the server in front of the shards answers HTTP
        try:
            self._start(applications, engine, allow_partial)
            return open_shards(
                index, folders, lambda folder: RemoteShard(applications[folder], self.seconds), allow_partial
            )
        except BaseException:
            for application in applications.values():
                serve.delete(application, _blocking=False)
            raise

    def _start(self, applications: Mapping[Path, str], engine: str, allow_partial: bool) -> None:
        """Start the replicas of all shards at once, and wait for them.

        Replicas that died are started again for some time: Ray also starts them on a node that is gone, until it finds
        out.
        """
        from ray import serve

        deployment = serve.deployment(ShardReplica).options(
            num_replicas=self.number,
            ray_actor_options={"num_cpus": 0},  # reserving cores would wait forever where there are too few
            max_ongoing_requests=8,
            health_check_period_s=2,
            max_constructor_retry_count=3,
        )
        waiting = {
            folder: serve.RunTarget(deployment.bind(str(folder.absolute()), engine), application, None)
            for folder, application in applications.items()
        }
        serve.run_many(list(waiting.values()), wait_for_applications_running=False)
        deadline = monotonic() + self.seconds
        while waiting:
            sleep(_PAUSE)
            states = serve.status().applications
            for folder, target in list(waiting.items()):
                state = states[applications[folder]]
                reason = "\n".join(each.message for each in state.deployments.values()).strip()
                died = any(name in reason for name in _DIED)
                if state.status == "RUNNING":
                    del waiting[folder]
                elif state.status == "DEPLOY_FAILED" and died and monotonic() < deadline:
                    serve.run_many([target], wait_for_applications_running=False)
                elif state.status == "DEPLOY_FAILED":
                    *_, last = ["Ray gives no reason", *reason.splitlines()]  # what a traceback ends with
                    error = DiscoError(f"Ray cannot serve a shard: {folder}: {last.strip()}")
                    if not allow_partial:
                        raise error
                    logger.warning("%s", error)
                    del waiting[folder]


class ShardReplica:
    """Searches one shard on a node of the cluster."""

    def __init__(self, folder: str, engine: str) -> None:
        self._shard = open_shard(Path(folder), engine)

    def documents(self) -> int:
        """See `disco_pyserini.search.engine.Shard`, also for the other methods."""
        return self._shard.documents

    def frequencies(self, tokens: Sequence[str]) -> list[int]:
        return self._shard.frequencies(tokens)

    def search(self, vectors: Sequence[ImpactQuery], k: int, threads: int, query_terms: int | None) -> list[Answer]:
        found = self._shard.search(vectors, k, threads=threads, query_terms=query_terms, all_terms=True)
        return [(np.asarray(hits.tied_scores), list(hits.docids)) for hits in found]

    def explain(self, vector: ImpactQuery, docid: str) -> dict[str, tuple[int, int]] | None:
        return self._shard.explain(vector, docid, all_terms=True)

    def text(self, docid: str) -> str | None:
        return self._shard.text(docid)


class RemoteShard:
    """A shard behind Ray Serve: a `disco_pyserini.search.engine.Shard`.

    A call whose replica dies is sent to another one, or to the one that Ray starts in its place: searching again
    changes nothing.

    Args:
        application: the name of its application, which `close` deletes.
        seconds: how long it may take to answer.

    Raises:
        DiscoError: the shard does not answer.
    """

    def __init__(self, application: str, seconds: float) -> None:
        self._application = application
        self._seconds = seconds
        self.documents: int = self._call("documents")

    def frequencies(self, tokens: Sequence[str]) -> list[int]:
        """See `disco_pyserini.search.engine.Shard.frequencies`."""
        found: list[int] = self._call("frequencies", list(tokens))
        return found

    def search(
        self,
        vectors: Sequence[ImpactQuery],
        k: int,
        *,
        threads: int = 1,
        query_terms: int | None = None,
        all_terms: bool = False,
    ) -> list[Hits]:
        """See `disco_pyserini.search.engine.Shard.search`. All terms count: a `ShardedSearcher` drops the others."""
        answers: list[Answer] = self._call("search", list(vectors), k, threads, query_terms)
        return [Hits(partial(list, ids), lower_ties(tied), self, tied) for tied, ids in answers]

    def explain(self, vector: ImpactQuery, docid: str, *, all_terms: bool = False) -> dict[str, tuple[int, int]] | None:
        """See `disco_pyserini.search.engine.Shard.explain`, and `search`."""
        found: dict[str, tuple[int, int]] | None = self._call("explain", dict(vector), docid)
        return found

    def text(self, docid: str) -> str | None:
        """See `disco_pyserini.search.engine.Shard.text`."""
        found: str | None = self._call("text", docid)
        return found

    def close(self) -> None:
        """Stop the replicas."""
        from ray import serve

        serve.delete(self._application)

    @cached_property
    def _handle(self) -> Any:
        from ray import serve

        return serve.get_app_handle(self._application)

    def _call(self, method: str, *arguments: Any) -> Any:
        from ray.exceptions import RayActorError
        from ray.serve.exceptions import RayServeException, ReplicaUnavailableError

        deadline = monotonic() + self._seconds
        while True:
            try:
                response = getattr(self._handle, method).remote(*arguments)
                return response.result(timeout_s=max(0.0, deadline - monotonic()))
            except (RayActorError, ReplicaUnavailableError) as problem:
                if monotonic() >= deadline:
                    raise DiscoError(f"its replicas died: {problem}") from problem
                sleep(_PAUSE)
            except TimeoutError as problem:
                raise DiscoError(f"found no answer within {self._seconds:g} s") from problem
            except RayServeException as problem:
                raise DiscoError(f"Ray Serve cannot reach it: {problem}") from problem
