// The history, shaded by the weight of each word; and the terms of the query: kept, added, dropped.

import { byId, el, number, shown, tip } from "./dom.js";

const list = (terms) => Object.entries(terms).map(([token, impact]) => `${shown(token)} ${impact}`).join(", ");

/** Shows what was read, and below it what the assistant answered to the last question. */
export function showHistory(reading, answers) {
  const heaviest = Math.max(1, ...reading.utterances.flatMap((said) => said.words.map((word) => word.weight)));
  byId("history").replaceChildren(...reading.utterances.map((said) => {
    const text = el("p");
    let end = 0;
    for (const word of said.words) {
      text.append(said.text.slice(end, word.start), wordOf(word, said, heaviest));
      end = word.start + word.text.length;
    }
    text.append(said.text.slice(end));
    const weight = said.weight ? `weight ${number(said.weight)}` : "no weight";
    return el("li", { class: said.speaker },
      el("span", { class: "who" }, `${said.turn} · ${said.speaker}`, el("span", { class: "weight" }, weight)), text);
  }));
  byId("history").append(...answers.map((message) => messageOf(message, "the answer; not read, since it is searched for")));
  const unread = reading.utterances.some((said) => said.words.some((word) => !word.read));
  byId("read-note").textContent = [
    unread ? "Words in italics are beyond the encoder's maximum length: it did not read them." : "",
    ...reading.ignored.map((one) => `Not read: ${one}.`),
  ].filter(Boolean).join(" ");
}

/** Shows messages as they are while, or where, the encoder has not read them. */
export function showMessages(messages) {
  byId("history").replaceChildren(...messages.map((message) => messageOf(message, message.role)));
}

function messageOf(message, who) {
  const text = typeof message.content === "string" ? message.content : JSON.stringify(message.content ?? "");
  return el("li", { class: `${message.role === "user" ? "user" : "assistant"} later` },
    el("span", { class: "who" }, who), el("p", {}, text));
}

function wordOf(word, said, heaviest) {
  if (!word.read) return el("span", { class: "unread" }, word.text);
  if (!word.weight) return el("span", { class: word.kept ? "" : "dropped" }, word.text);
  const made = el("span", { class: "word", tabindex: "0", role: "note" }, word.text);
  made.style.setProperty("--part", (word.weight / heaviest).toFixed(3));
  return tip(made, `${word.text}: weight ${word.weight}, turn ${said.turn}, ${said.speaker}. Terms: ${list(word.terms)}`);
}

export function showQuery(reading) {
  const heaviest = Math.max(1, ...Object.values(reading.terms));
  const total = Object.values(reading.terms).reduce((sum, impact) => sum + impact, 0);
  const from = {};
  for (const said of reading.utterances) {
    for (const word of said.words) {
      for (const token of Object.keys(word.terms)) from[token] = `from “${word.text}”, turn ${said.turn}, ${said.speaker}`;
    }
  }
  const chips = (terms, kind) => el("ul", { class: `chips ${kind}` }, ...Object.entries(terms).map(([token, impact]) => {
    const bar = el("span", { class: "bar", "aria-hidden": "true" });
    bar.style.setProperty("--part", (impact / heaviest).toFixed(3));
    const chip = el("li", { tabindex: "0" }, el("span", {}, shown(token)), el("b", {}, String(impact)), bar);
    return tip(chip, `${token}: impact ${impact}, ${from[token] ?? "from a special token between utterances"}`);
  }));
  const group = (title, about, ...content) => el("div", { class: "group" },
    el("h3", {}, title, " ", el("small", {}, about)), ...content);
  const dropped = [...new Set(reading.dropped.map((word) => word.toLowerCase()))];
  const count = (terms) => Object.keys(terms).length;
  byId("query").replaceChildren(
    el("p", { class: "note" }, `${count(reading.terms)} terms with a total weight of ${number(total)}. `
      + "Each weight comes from one word: the token where the encoder's maximum is reached."),
    group(`Kept: ${count(reading.kept)}`, "words of the conversation", chips(reading.kept, "kept")),
    group(`Added: ${count(reading.added)}`, "expansion, in no message", chips(reading.added, "added")),
    group(`Dropped: ${dropped.length}`, "words not in the query",
      el("p", { class: "words" }, dropped.join(" · ") || "none")),
  );
}
