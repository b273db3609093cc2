"""What the routes behind the page read and write, as pydantic models."""

from __future__ import annotations

from pydantic import BaseModel, Field

from disco_pyserini.serving.models import Question, Term


class ReadRequest(Question):
    """A question, and the encoder to read it with."""

    encoder: str | None = Field(None, description="A query encoder that is served; by default the server's first.")


class ExplainRequest(ReadRequest):
    """A question, and a document whose score is to be explained."""

    docid: str = Field(description="The id of any document in the index.")
    query_form: str = Field("conversation", description="How much of the messages to read, as for search.")


class ReadWord(BaseModel):
    """A word of a conversation, a punctuation mark, or all of an utterance that the encoder did not read."""

    text: str
    start: int = Field(description="Where it begins in the utterance, in characters.")
    weight: int = Field(description="The sum of its terms.")
    terms: dict[str, int] = Field(description="The terms of the query that come from this word, and their impacts.")
    kept: bool = Field(description="Whether the word itself is a term of the query.")
    read: bool = Field(description="Whether the encoder read it; what is beyond its maximum length is not read.")


class ReadMessage(BaseModel):
    """What somebody said, word by word."""

    turn: int = Field(description="The number of the turn, from 1 for the oldest.")
    speaker: str = Field(description="user or assistant")
    text: str = Field(description="The text on one line, as the encoder reads it.")
    weight: int
    words: list[ReadWord]


class ReadResponse(BaseModel):
    """How the encoder read a question: each term of the query comes from one word, or from no word."""

    utterances: list[ReadMessage] = Field(description="What was said, oldest first.")
    terms: dict[str, int] = Field(description="The query: impacts by token, highest first.")
    kept: dict[str, int] = Field(description="The terms that are words or word pieces of the conversation.")
    added: dict[str, int] = Field(description="The terms that are not: expansion.")
    elsewhere: dict[str, int] = Field(description="The terms that come from special tokens, not from words.")
    dropped: list[str] = Field(description="The words that were read and are not terms of the query.")
    ignored: list[str] = Field(description="What was not read, such as images in messages.")
    milliseconds: float


class ExplainResponse(BaseModel):
    """The score of a document: the sum of its terms, exactly."""

    docid: str
    score: int
    text: str | None
    terms: list[Term] = Field(description="Highest score first.")


class RewriteResponse(BaseModel):
    """A stand-alone question for the last turn, by the configured language model."""

    rewrite: str
    model: str
    milliseconds: float


class AboutIndex(BaseModel):
    """An index, in numbers."""

    index: str
    documents: int | None = Field(description="null for an index built by another tool")
    postings: int | None = Field(description="The number of (term, document) pairs; null if unknown.")
    megabytes: float = Field(description="The size of its folder.")
    texts: bool | None = Field(description="Whether texts are stored; null if unknown.")
    document_encoder: str | None
    encoders: list[str]
    max_length: int | None = Field(description="Tokens after which the default encoder cuts a conversation.")
    backend: str | None
    engines: list[str]
    most_hits: int = Field(description="Documents that one search can return at most.")
    rewriter: str | None = Field(description="The language model that rewrites; null if none is configured.")
    judged: bool = Field(description="Whether judged turns can be browsed.")


class JudgedTurn(BaseModel):
    """A judged turn, and how well both queries do on it."""

    qid: str
    conversation_id: str
    depth: int = Field(description="The number of the turn in its conversation, from 1.")
    utterance: str
    rewrite: str
    rewrite_score: float
    conversation_score: float
    difference: float
    messages: list[dict[str, str]] = Field(description="The conversation up to the turn, as chat messages.")
    relevant: list[str] = Field(description="The ids of relevant documents, the highest grade first.")


class JudgedTurns(BaseModel):
    """Judged turns, the greatest win of the conversation against the rewrite first."""

    name: str
    measure: str
    rewrite: str = Field(description="The name of the rewrite.")
    rewrite_mean: float
    conversation_mean: float
    p: float | None = Field(description="The p-value of a paired t-test; null if it is undefined.")
    turns: list[JudgedTurn]
