// What the page shows: a conversation, the turn to answer, and how to search. A link holds all of it.

export const state = {
  index: "",
  messages: [],
  turn: 1,
  rewrite: "",
  rewriteMilliseconds: 0, // how long the language model took; 0 for a rewrite that was typed
  terms: null,
  engine: null,
  relevant: null, // ids of relevant documents, when a judged turn is open
};

const KEPT = ["index", "messages", "turn", "rewrite", "terms", "engine"];

const isQuestion = (message) => ["user", "human"].includes(String(message?.role).toLowerCase());

/** The number of turns: each message of the user begins one. */
export const turns = () => state.messages.filter(isQuestion).length;

/** The messages up to the question of the chosen turn. */
export function messagesSoFar() {
  let left = state.turn;
  const end = state.messages.findIndex((message) => isQuestion(message) && --left === 0);
  return state.messages.slice(0, end + 1);
}

/** What the assistant answered to the question of the chosen turn: the search does not see it. */
export function answersToIt() {
  const after = state.messages.slice(messagesSoFar().length);
  const next = after.findIndex(isQuestion);
  return next < 0 ? after : after.slice(0, next);
}

export function useMessages(messages, turn) {
  state.messages = messages;
  state.turn = Math.max(1, Math.min(turn ?? turns(), turns()));
  useRewrite("");
  state.relevant = null;
}

export function useRewrite(text, milliseconds = 0) {
  state.rewrite = text;
  state.rewriteMilliseconds = milliseconds;
}

/** Goes to another turn of the same conversation. */
export const useTurn = (turn) => useMessages(state.messages, turn);

/** Adds a message after the chosen turn; what came later is removed. */
export function say(role, content) {
  const kept = state.turn < turns() ? messagesSoFar() : state.messages;
  useMessages([...kept, { role, content }]);
}

/** The part of the address that holds the state. It is not sent to the server. */
export function toHash() {
  const kept = Object.fromEntries(KEPT.map((name) => [name, state[name]]));
  return `#${encodeURIComponent(JSON.stringify(kept))}`;
}

/** Takes the state from an address; returns whether there was one. */
export function fromHash(hash) {
  if (hash.length < 2) return false;
  try {
    const found = JSON.parse(decodeURIComponent(hash.slice(1)));
    const problem = wrongMessages(found.messages);
    if (problem) return false;
    useMessages(found.messages, Number(found.turn) || undefined);
    state.index = String(found.index ?? "");
    useRewrite(String(found.rewrite ?? ""));
    state.terms = Number.isInteger(found.terms) && found.terms > 0 ? found.terms : null;
    state.engine = found.engine ? String(found.engine) : null;
    return true;
  } catch {
    return false;
  }
}

/** Says what is wrong with messages; nothing if they can be used. */
export function wrongMessages(messages) {
  if (!Array.isArray(messages)) return "Expected a list: [{\"role\": \"user\", \"content\": \"…\"}, …].";
  const bad = messages.findIndex((one) => one === null || typeof one !== "object" || typeof one.role !== "string");
  if (bad >= 0) return `Message ${bad + 1}: expected an object with role and content.`;
  return messages.some(isQuestion) ? "" : "Expected at least one message with the role user.";
}
