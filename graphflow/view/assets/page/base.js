// What the page holds. Everything from data reaches the page through textContent or a canvas, never as HTML.

const element = (id) => document.getElementById(id);
const read = (id) => JSON.parse(element(id).textContent);
const facts = read("facts"), words = read("words"), drawnNodes = read("nodes"), drawnEdges = read("edges");
const box = element("graph");
const night = matchMedia("(prefers-color-scheme: dark)"), narrow = matchMedia("(max-width: 639px)");
const traced = facts.rules.length > 0;

// A fixed text in the reader's language. Placeholders are filled in one pass: a name with {n} in it stays a name.
function t(text, values = {}) {
  const said = Object.hasOwn(words, text) ? words[text] : text;
  return said.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(values, name) ? String(values[name]) : whole));
}

const count = (number) => number.toLocaleString("en");
const many = (number, one, more) => t(number === 1 ? one : more, { n: count(number) });

function make(tag, text, kind) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function drawn(tag, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}

// The value of a function of the page's state, kept until what it depends on changes.
function kept(keyOf, made) {
  let key = null, value;
  return () => {
    const now = keyOf();
    if (now !== key) [key, value] = [now, made()];
    return value;
  };
}

// Colours come from the style sheet, so that print and dark mode need one definition.
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
