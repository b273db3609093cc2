// The page: connects the parts, and asks the server whenever the state changes.

import * as api from "./api.js";
import { HITS, showColumns } from "./columns.js";
import { byId, el, number } from "./dom.js";
import { EXAMPLES } from "./examples.js";
import { showJudged } from "./judged.js";
import { showHistory, showMessages, showQuery } from "./reading.js";
import { snippet } from "./snippets.js";
import {
  answersToIt, fromHash, messagesSoFar, say, state, toHash, turns, useMessages, useRewrite, useTurn, wrongMessages,
} from "./state.js";

const PLACES = 20; // how far down each result list a document's place is looked for
const TERMS = [4, 8, 16, 32];

let index = null; // what the server says about the index
let running = 0; // the newest run; older answers are ignored

async function start() {
  byId("key").hidden = true;
  try {
    const names = (await api.ready()).indexes.map((one) => one.index);
    fillSelect(byId("index"), names.map((name) => [name, name]));
    const linked = fromHash(location.hash);
    if (!names.includes(state.index)) state.index = names[0];
    await openIndex();
    if (!linked) useExample(Object.values(EXAMPLES)[0]);
    await run();
  } catch (problem) {
    showProblem(problem);
  }
}

async function openIndex() {
  index = await api.about(state.index);
  byId("index").value = state.index;
  if (!index.engines.includes(state.engine)) state.engine = null;
  fillSelect(byId("engine"), index.engines.map((name) => [name, name]));
  fillSelect(byId("terms"), [["", "all terms"], ...TERMS.map((count) => [count, `the ${count} heaviest terms`])]);
  byId("ask-model").hidden = !index.rewriter;
  byId("ask-model").textContent = `Ask ${index.rewriter ?? ""}`;
  showAbout();
  const judged = index.judged ? await api.judged(state.index) : null;
  showJudged(judged, openJudged);
  showExamples(judged);
}

function showAbout() {
  const perDocument = index.postings && index.documents ? Math.round(index.postings / index.documents) : null;
  const rows = [
    ["documents", index.documents === null ? "unknown" : number(index.documents)],
    ["terms per document", perDocument ?? "unknown"],
    ["size", `${index.megabytes < 10 ? index.megabytes.toFixed(1) : Math.round(index.megabytes)} MB`],
    ["document encoder", index.document_encoder ?? "unknown"],
    ["query encoder", [index.encoders[0], index.backend].filter(Boolean).join(", ")],
    ["reads", index.max_length ? `${index.max_length} tokens` : "unknown"],
  ];
  byId("about").replaceChildren(...rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, String(value)))));
}

function showExamples(judged) {
  const chips = Object.entries(EXAMPLES).map(([name, example]) => [name, () => { useExample(example); run(); }]);
  for (const turn of (judged?.turns ?? []).filter((one) => one.depth > 1).slice(0, 2)) {
    chips.unshift([`Turn ${turn.qid}`, () => openJudged(turn)]);
  }
  byId("examples").replaceChildren(...chips.map(([name, onclick]) => el("button", { type: "button", onclick }, name)));
}

function useExample(example) {
  useMessages(example.messages);
  useRewrite(example.rewrite);
}

function openJudged(turn) {
  useMessages(turn.messages);
  useRewrite(turn.rewrite);
  state.relevant = turn.relevant;
  run();
  byId("chat").scrollIntoView({ block: "start" });
  byId("results").focus({ preventScroll: true });
}

/** Asks for everything that the state needs, one request after the other: so the times are those of one query. */
async function run() {
  const mine = ++running;
  showProblem(null);
  showControls();
  const messages = messagesSoFar();
  if (!messages.length) {
    for (const id of ["history", "query", "columns"]) byId(id).replaceChildren();
    byId("read-note").textContent = "Ask something, or choose an example.";
    return;
  }
  history.replaceState(null, "", toHash());
  byId("busy").textContent = "Searching";
  document.body.classList.add("waiting");
  if (!byId("history").hasChildNodes()) showMessages(messages);
  try {
    const hits = Math.min(PLACES, index.most_hits);
    const how = { hits, ...(state.engine && { engine: state.engine }), ...(state.terms && { query_terms: state.terms }) };
    const answers = {
      utterance: asked({ messages, query_form: "utterance" }, `“${textOf(messages.at(-1))}”`),
      rewrite: state.rewrite.trim()
        ? { ...asked({ query: state.rewrite }, `“${state.rewrite}”`), before: state.rewriteMilliseconds }
        : { about: "The question, rewritten to stand alone", note: "Type a rewrite above to compare it." },
      disco: asked({ messages }, messages.length > 1 ? `All ${messages.length} messages` : "The only message"),
    };
    for (const answer of Object.values(answers)) {
      if (answer.question) answer.found = await api.search(state.index, { ...answer.question, ...how });
      if (mine !== running) return;
    }
    const reading = await api.read(state.index, { messages });
    if (mine !== running) return;
    showHistory(reading, answersToIt());
    showQuery(reading);
    showColumns(answers, useAnswer);
    byId("busy").textContent = "Results are shown";
  } catch (problem) {
    if (mine !== running) return;
    showMessages(messages);
    for (const id of ["query", "columns"]) byId(id).replaceChildren();
    showProblem(problem);
  } finally {
    if (mine === running) document.body.classList.remove("waiting");
  }
}

const asked = (question, about) => ({ question, about });

function textOf(message) {
  return typeof message.content === "string" ? message.content : JSON.stringify(message.content ?? "");
}

function useAnswer(text) {
  say("assistant", text.replace(/\s+/g, " ").slice(0, 400));
  byId("said").focus();
  run();
}

function showControls() {
  const all = turns();
  const slider = byId("turn");
  slider.max = String(Math.max(1, all));
  slider.value = String(state.turn);
  slider.disabled = all < 2;
  byId("turn-shown").textContent = all ? `${state.turn} of ${all}` : "none";
  slider.setAttribute("aria-valuetext", `turn ${state.turn} of ${all}`);
  const fork = byId("fork");
  fork.hidden = state.turn >= all;
  fork.textContent = `What you say here continues turn ${state.turn}; the later turns are removed.`;
  byId("rewrite").value = state.rewrite;
  byId("terms").value = state.terms ?? "";
  byId("engine").value = state.engine ?? index.engines[0];
  if (document.activeElement !== byId("json")) byId("json").value = JSON.stringify(state.messages, null, 2);
  byId("snippet").hidden = true;
  byId("copied").textContent = "";
}

function showProblem(problem) {
  const place = byId("problem");
  place.hidden = !problem;
  place.textContent = problem ? problem.message : "";
  byId("busy").textContent = "";
  if (problem?.status === 401) byId("key").hidden = false;
}

function fillSelect(select, options) {
  select.replaceChildren(...options.map(([value, name]) => el("option", { value }, String(name))));
}

async function copy(kind) {
  const text = kind === "link" ? location.href : snippet(kind, state, messagesSoFar(), HITS);
  byId("snippet").textContent = text;
  byId("snippet").hidden = false;
  try {
    await navigator.clipboard.writeText(text);
    byId("copied").textContent = `${kind} copied`;
  } catch {
    byId("copied").textContent = "Select the text below to copy it";
  }
}

byId("index").addEventListener("change", async (event) => {
  state.index = event.target.value;
  state.relevant = null;
  try {
    await openIndex();
  } catch (problem) {
    showProblem(problem);
    return;
  }
  run();
});
byId("turn").addEventListener("input", (event) => {
  useTurn(Number(event.target.value));
  run();
});
byId("terms").addEventListener("change", (event) => { state.terms = Number(event.target.value) || null; run(); });
byId("engine").addEventListener("change", (event) => {
  state.engine = event.target.value === index.engines[0] ? null : event.target.value;
  run();
});
byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = byId("said").value.trim();
  if (!text) return;
  const role = turns() ? byId("speaker").value : "user";
  say(role, text);
  byId("said").value = "";
  byId("speaker").value = "user";
  run();
});
byId("said").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    byId("composer").requestSubmit();
  }
});
byId("clear").addEventListener("click", () => { useMessages([]); run(); byId("said").focus(); });
byId("apply").addEventListener("click", () => {
  let messages = null;
  let problem;
  try {
    messages = JSON.parse(byId("json").value);
    messages = messages?.messages ?? messages;
    problem = wrongMessages(messages);
  } catch (failure) {
    problem = `Not JSON: ${failure.message}`;
  }
  byId("json-problem").textContent = problem;
  if (problem) return;
  useMessages(messages);
  run();
});
byId("rewriting").addEventListener("submit", (event) => {
  event.preventDefault();
  useRewrite(byId("rewrite").value);
  run();
});
byId("ask-model").addEventListener("click", async () => {
  const button = byId("ask-model");
  button.disabled = true;
  try {
    const answer = await api.rewrite(state.index, { messages: messagesSoFar() });
    useRewrite(answer.rewrite, answer.milliseconds);
    await run();
  } catch (problem) {
    showProblem(problem);
  } finally {
    button.disabled = false;
  }
});
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => copy(button.dataset.copy));
}
byId("key").addEventListener("submit", (event) => {
  event.preventDefault();
  api.useKey(byId("key-text").value.trim());
  byId("key-text").value = "";
  start();
});
window.addEventListener("hashchange", async () => {
  const before = state.index;
  if (!fromHash(location.hash)) return;
  try {
    if (state.index !== before) await openIndex();
    await run();
  } catch (problem) {
    showProblem(problem);
  }
});

start();
