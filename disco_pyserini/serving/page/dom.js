// Making elements. Texts are set as text, never read as HTML.

/** Makes an element: `el("li", {class: "hit", onclick: f}, "text", child)`. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const byId = (id) => document.getElementById(id);

/** Shows a word piece without the tokenizer's marks. */
export function shown(token) {
  return token.startsWith("##") ? `…${token.slice(2)}` : token.replace(/^[▁Ġ]/, "");
}

export const number = (value) => value.toLocaleString("en-US");

export function milliseconds(value) {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

/** Tells what a word's or a chip's tooltip says, on hover and on focus. */
export function tip(target, text) {
  target.setAttribute("aria-label", text);
  const box = byId("tip");
  const show = () => {
    box.textContent = text;
    box.hidden = false;
    const place = target.getBoundingClientRect();
    const width = document.documentElement.clientWidth;
    box.style.left = `${Math.max(8, Math.min(place.left, width - box.offsetWidth - 8))}px`;
    const below = place.bottom + 6;
    const fits = below + box.offsetHeight < window.innerHeight;
    box.style.top = `${fits ? below : place.top - box.offsetHeight - 6}px`;
  };
  const hide = () => { box.hidden = true; };
  target.addEventListener("mouseenter", show);
  target.addEventListener("mouseleave", hide);
  target.addEventListener("focus", show);
  target.addEventListener("blur", hide);
  target.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  return target;
}
