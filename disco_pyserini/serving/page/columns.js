// Three queries beside each other: the last utterance, the rewrite, the conversation.

import * as api from "./api.js";
import { byId, el, milliseconds, number, shown } from "./dom.js";
import { state } from "./state.js";

export const HITS = 5;
export const COLUMNS = [
  { id: "utterance", name: "Last utterance", short: "Utterance" },
  { id: "rewrite", name: "Rewrite", short: "Rewrite" },
  { id: "disco", name: "DiSCo on the conversation", short: "DiSCo" },
];

/**
 * Shows the answers by column id. An answer has `about` (the query in words), `question` (what explains a hit),
 * `found` (the answer of the server) and `before` (milliseconds of a rewrite); `note` stands where there is none.
 */
export function showColumns(answers, onAnswer) {
  const places = {};
  for (const { id } of COLUMNS) {
    places[id] = new Map((answers[id].found?.hits ?? []).map((hit) => [hit.docid, hit.rank]));
  }
  byId("columns").replaceChildren(...COLUMNS.map((column) => columnOf(column, answers[column.id], places, onAnswer)));
}

function columnOf(column, answer, places, onAnswer) {
  const title = `column-${column.id}`;
  const section = el("section", { class: `column ${column.id}`, "aria-labelledby": title },
    el("h3", { id: title }, column.name), el("p", { class: "asked" }, answer.about));
  if (!answer.found) {
    section.append(el("p", { class: "note" }, answer.note));
    return section;
  }
  const { encode, search } = answer.found.milliseconds;
  const times = [`encoding ${milliseconds(encode)}`, `searching ${milliseconds(search)}`];
  if (answer.before) times.unshift(`rewriting ${milliseconds(answer.before)}`);
  section.append(el("p", { class: "times" }, times.join(" · ")));
  const missing = answer.found.missing_shards ?? [];
  if (missing.length) {
    section.append(el("p", { class: "note" }, `Not all documents were searched: no answer from ${missing.join(", ")}.`));
  }
  const hits = answer.found.hits.slice(0, HITS);
  section.append(hits.length
    ? el("ol", { class: "hits" }, ...hits.map((hit) => hitOf(hit, column, answer, places, onAnswer)))
    : el("p", { class: "note" }, "No document shares a term with this query."));
  return section;
}

function hitOf(hit, column, answer, places, onAnswer) {
  const inside = el("div", { class: "inside", hidden: true });
  const relevant = state.relevant?.includes(hit.docid);
  const button = el("button", { type: "button", "aria-expanded": "false", class: "open" },
    el("span", { class: "rank" }, String(hit.rank)), el("span", { class: "docid" }, ...breakable(hit.docid)),
    el("span", { class: "score" }, number(Math.round(hit.score))));
  const snippet = el("p", { class: "text" }, hit.text ?? "The index stores no texts.");
  const item = el("li", { class: "hit", "data-docid": hit.docid }, button,
    el("p", { class: "places" }, relevant ? el("span", { class: "relevant" }, "relevant") : null,
      ...COLUMNS.filter((other) => places[other.id].size).map((other) => placeOf(other, column, places, hit.docid))),
    snippet, inside);
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
    item.classList.toggle("opened", open);
    inside.hidden = !open;
    if (open && !inside.hasChildNodes()) explainHit(hit, answer, inside, onAnswer);
  });
  const mark = (on) => () => {
    for (const one of document.querySelectorAll(".hit")) {
      one.classList.toggle("same", on && one.dataset.docid === hit.docid);
    }
  };
  item.addEventListener("mouseenter", mark(true));
  item.addEventListener("mouseleave", mark(false));
  item.addEventListener("focusin", mark(true));
  item.addEventListener("focusout", mark(false));
  return item;
}

/** An id that a narrow column breaks after a dot, a slash, … rather than within a name. */
function breakable(docid) {
  return docid.split(/(?<=[./_])/).flatMap((part, place) => (place ? [el("wbr"), part] : [part]));
}

function placeOf(other, column, places, docid) {
  const rank = places[other.id].get(docid);
  const label = rank ? `place ${rank}` : `not in the first ${places[other.id].size}`;
  return el("span", { class: `place ${other.id}${other === column ? " own" : ""}${rank ? "" : " none"}`,
    title: `${other.name}: ${label}` }, `${other.short} `, el("b", {}, rank ? String(rank) : "–"),
  el("span", { class: "hidden" }, ` (${label})`));
}

async function explainHit(hit, answer, inside, onAnswer) {
  inside.replaceChildren(el("p", { class: "note" }, "…"));
  let explained;
  try {
    explained = await api.explain(state.index, { ...answer.question, docid: hit.docid });
  } catch (problem) {
    inside.replaceChildren(el("p", { class: "wrong", role: "alert" }, problem.message));
    return;
  }
  const highest = Math.max(1, ...explained.terms.map((term) => term.score));
  const rows = explained.terms.map((term) => {
    const bar = el("span", { class: "bar", "aria-hidden": "true" });
    bar.style.setProperty("--part", (term.score / highest).toFixed(3));
    return el("tr", {}, el("th", { scope: "row" }, shown(term.token)),
      el("td", { class: "product" }, `${term.query_impact} × ${term.document_impact}`),
      el("td", { class: "sum" }, number(term.score), bar));
  });
  inside.replaceChildren(
    el("table", { class: "terms" },
      el("caption", {}, `Query weight × document impact of ${explained.terms.length} terms`),
      el("thead", {}, el("tr", {}, ...["Term", "Product", "Score"].map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, ...rows),
      el("tfoot", {}, el("tr", {}, el("th", { scope: "row", colspan: "2" }, "Sum: the score"),
        el("td", { class: "total" }, number(explained.score))))),
    explained.text ? el("button", { type: "button", onclick: () => onAnswer(explained.text) }, "Use as the answer") : "",
  );
}
