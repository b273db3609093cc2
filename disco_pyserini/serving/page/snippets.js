// The search of the page as a command or a program.

function python(value, indent = "") {
  const inner = `${indent}    `;
  if (value === null || value === undefined) return "None";
  if (value === true || value === false) return value ? "True" : "False";
  if (Array.isArray(value)) {
    return `[\n${value.map((one) => `${inner}${python(one, inner)},\n`).join("")}${indent}]`;
  }
  if (typeof value === "object") {
    return `{${Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${python(one, inner)}`).join(", ")}}`;
  }
  return JSON.stringify(value);
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

export function snippet(kind, state, messages, hits) {
  const folder = python(state.index);
  const engine = state.engine ? `, engine=${python(state.engine)}` : "";
  if (kind === "curl") {
    const body = { messages, hits };
    if (state.engine) body.engine = state.engine;
    if (state.terms) body.query_terms = state.terms;
    const url = new URL(`v1/${encodeURIComponent(state.index)}/search`, document.baseURI.split("#")[0]);
    return `curl ${quoted(url.href)} -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))}`;
  }
  const chat = `messages = ${python(messages)}`;
  if (kind === "Python") {
    const terms = state.terms ? `, query_terms=${state.terms}` : "";
    return [
      "from disco_pyserini import Conversation, DiscoSearcher",
      "",
      chat,
      `with DiscoSearcher(${folder}${engine}) as searcher:  # the folder of the index`,
      `    for hit in searcher.search(Conversation.from_messages(messages), k=${hits}${terms}):`,
      "        print(hit.docid, hit.score, hit.text)",
    ].join("\n");
  }
  const note = state.terms ? ["# DiscoRetriever always searches with all terms of the query."] : [];
  return [
    ...note,
    "from disco_pyserini import DiscoSearcher",
    "from disco_pyserini.integrations.langchain import DiscoRetriever",
    "",
    chat,
    `with DiscoSearcher(${folder}${engine}) as searcher:  # the folder of the index`,
    `    for document in DiscoRetriever(searcher=searcher, k=${hits}).invoke(messages):`,
    "        print(document.id, document.metadata[\"score\"], document.page_content)",
  ].join("\n");
}
