"""The two ends of `warm_python`: the process that forks, and the programs that ask it to.

As a script, ``warm_server.py SOCKET`` is the former; it ends when its standard input does. This file imports little,
since it is read at each start of a program.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from contextlib import suppress
from typing import Any

# What commands, examples and Pyserini's search import that is neither ours nor Pyserini's.
LIBRARIES = (
    "torch", "transformers.models.auto.modeling_auto", "transformers.models.bert.modeling_bert",
    "sentence_transformers", "pyarrow.parquet", "scipy.sparse", "scipy.stats", "sklearn.preprocessing", "pandas",
    "openai", "faiss", "numba", "pydantic", "rich.progress", "typer", "requests", "ir_measures",
)  # fmt: skip


def ask(address: str, executable: str, words: list[str]) -> None:
    """Run ``python WORDS`` in a fork with the files, folder and environment of this process, and end as it does."""
    if not (words and (words[0] in ("-m", "-c") or words[0].endswith(".py"))):  # options of the interpreter
        os.execv(executable, [executable, *words])
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(address)
        socket.send_fds(server, [b"."], [0, 1, 2])
        answers = server.makefile("rw")
        order = {
            "words": words,
            # What the program starts starts quickly, too.
            "executable": os.path.join(os.path.dirname(address), "python"),  # noqa: PTH118, PTH120
            "folder": os.getcwd(),  # noqa: PTH109
            "environment": dict(os.environ),
        }
        print(json.dumps(order), file=answers, flush=True)
        child = int(answers.readline())

        def forward(number: int, frame: object) -> None:
            with suppress(ProcessLookupError):
                os.kill(child, number)

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, forward)
        code = int(answers.readline())
    if code < 0:
        with suppress(OSError):  # SIGKILL has no handler
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


def serve(address: str) -> dict[str, Any]:
    """Answer orders until the standard input ends; in a fork, return the order that it has to carry out."""
    import gc
    import importlib
    import select
    import warnings

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the programs
    for library in LIBRARIES:
        with suppress(ImportError):
            importlib.import_module(library)
    gc.freeze()
    # pyarrow has started a thread that only gives memory back.
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        print("ready", flush=True)
        while sys.stdin not in (ready := select.select([sys.stdin, listener], [], [])[0]):
            if listener in ready:
                connection, _ = listener.accept()
                with connection:
                    if not os.fork():
                        order = _answer(connection)
                        listener.close()
                        return order
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
    sys.exit()


def _answer(connection: socket.socket) -> dict[str, Any]:
    """Fork again for the program; wait for it here, and say how it ended."""
    _, files, _, _ = socket.recv_fds(connection, 1, 3)
    answers = connection.makefile("rw")
    order: dict[str, Any] = json.loads(answers.readline())
    child = os.fork()
    if not child:
        for number, file in enumerate(files):
            os.dup2(file, number)
    for file in files:
        os.close(file)
    if not child:
        answers.close()
        return order
    with suppress(BrokenPipeError):  # who asked may have been killed
        print(child, file=answers, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=answers, flush=True)
    os._exit(0)


def run(order: dict[str, Any]) -> None:
    """Do what Python does with its arguments."""
    import runpy
    import site
    import types

    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.executable = order["executable"]
    kind, *arguments = order["words"]
    first = os.path.dirname(os.path.abspath(kind)) if kind.endswith(".py") else os.getcwd() if kind == "-m" else ""  # noqa: PTH100, PTH109, PTH120
    sys.path[:0] = [first, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    sys.modules.pop("sitecustomize", None)
    site.execsitecustomize()
    if kind == "-m":
        sys.argv = arguments
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    elif kind == "-c":
        sys.argv = ["-c", *arguments[1:]]
        main = sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(arguments[0], "<string>", "exec"), main.__dict__)
    else:
        sys.argv = [kind, *arguments]
        runpy.run_path(kind, run_name="__main__")


if __name__ == "__main__":
    run(serve(sys.argv[1]))
