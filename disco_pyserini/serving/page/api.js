// Requests to the server that this page comes from.

let key = "";
export const useKey = (given) => { key = given; };

export class Refused extends Error {
  constructor(status, name, message) {
    super(message);
    this.status = status;
    this.name = name;
  }
}

/** Sends a request and returns the JSON of its answer; a body makes it a POST. */
export async function ask(path, body) {
  const headers = { "Content-Type": "application/json" };
  if (key) headers["X-API-Key"] = key;
  let response;
  try {
    response = await fetch(path, body ? { method: "POST", headers, body: JSON.stringify(body) } : { headers });
  } catch {
    throw new Refused(0, "no_server", "The server cannot be reached: is it still running?");
  }
  let answer = null;
  try { answer = await response.json(); } catch { /* an answer that is not ours */ }
  if (!response.ok || answer === null) {
    throw new Refused(response.status, answer?.name ?? "", answer?.error ?? `The server answered ${response.status}`);
  }
  return answer;
}

const at = (index, route) => `v1/${encodeURIComponent(index)}/${route}`;

export const ready = () => ask("ready");
export const about = (index) => ask(at(index, "about"));
export const read = (index, question) => ask(at(index, "read"), question);
export const search = (index, question) => ask(at(index, "search"), question);
export const explain = (index, question) => ask(at(index, "explain"), question);
export const rewrite = (index, question) => ask(at(index, "rewrite"), question);
export const judged = (index) => ask(at(index, "turns"));
