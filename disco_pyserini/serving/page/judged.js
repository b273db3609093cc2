// Judged turns: where the conversation wins and loses against the rewrite.

import { byId, el } from "./dom.js";

const STEP = 12;
const FILTERS = {
  All: () => true,
  "DiSCo wins": (turn) => turn.difference > 0,
  "DiSCo loses": (turn) => turn.difference < 0,
  Equal: (turn) => turn.difference === 0,
};

export function showJudged(judged, onOpen) {
  const section = byId("judged");
  section.hidden = !judged;
  if (!judged) return;
  const count = (filter) => judged.turns.filter(filter).length;
  const gain = judged.conversation_mean - judged.rewrite_mean;
  byId("judged-summary").textContent = `${judged.measure} over ${judged.turns.length} turns of ${judged.name}: `
    + `DiSCo ${judged.conversation_mean.toFixed(4)}, rewrite “${judged.rewrite}” ${judged.rewrite_mean.toFixed(4)} `
    + `(${signed(gain)}${judged.p === null ? "" : `, p = ${Number(judged.p.toPrecision(2))} by a paired t-test`}).`;
  const show = (name, limit) => {
    for (const button of byId("judged-filter").children) {
      button.setAttribute("aria-pressed", String(button.dataset.filter === name));
    }
    let turns = judged.turns.filter(FILTERS[name]);
    if (name === "DiSCo loses") turns = turns.reverse(); // the greatest loss first
    byId("judged-rows").replaceChildren(...turns.slice(0, limit).map((turn) => rowOf(turn, onOpen)));
    const more = byId("judged-more");
    more.hidden = turns.length <= limit;
    more.onclick = () => show(name, limit + STEP);
  };
  byId("judged-filter").replaceChildren(...Object.entries(FILTERS).map(([name, filter]) =>
    el("button", { type: "button", "data-filter": name, onclick: () => show(name, STEP) }, `${name} (${count(filter)})`)));
  show("All", STEP);
}

const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(4)}`;

function rowOf(turn, onOpen) {
  const kind = turn.difference > 0 ? "wins" : turn.difference < 0 ? "loses" : "equal";
  const bar = el("span", { class: `bar ${kind}`, "aria-hidden": "true" });
  bar.style.setProperty("--part", Math.min(1, Math.abs(turn.difference)).toFixed(3));
  return el("tr", {},
    el("td", { class: "difference" }, turn.difference ? signed(turn.difference) : "0", bar),
    el("td", {}, el("button", { type: "button", onclick: () => onOpen(turn) }, turn.qid), el("small", {}, `turn ${turn.depth}`)),
    el("td", {}, el("p", {}, turn.utterance), el("p", { class: "note" }, turn.rewrite)),
    el("td", {}, turn.rewrite_score.toFixed(4)), el("td", {}, turn.conversation_score.toFixed(4)));
}
