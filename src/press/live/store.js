// What a reader leaves in the browser: solved exercises and changed code. It stays there: nothing of
// it is ever sent. Keys begin with "book:v1:".
//   book:v1:solved         {"1.3": "2026-11-25", …}    exercise number → day
//   book:v1:edit:PAGE:KEY  {"book": hash, "code": …}   KEY is a block's number, or an exercise's
const NAME = "book:v1:";

function read(key, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(NAME + key)) ?? otherwise;
  } catch {
    return otherwise; // storage is off, or holds something that is not ours
  }
}

function write(key, value) {
  try {
    if (value === undefined) localStorage.removeItem(NAME + key);
    else localStorage.setItem(NAME + key, JSON.stringify(value));
    return true;
  } catch {
    return false; // storage is off, or full: the page works on without it
  }
}

/** A short name of a text, to see whether the book's code is still the one that was changed. */
export function hash(text) {
  let h = 0x811c9dc5;
  for (const letter of text) h = Math.imul(h ^ letter.codePointAt(0), 0x01000193) >>> 0;
  return h.toString(16);
}

export const solved = () => read("solved", {});

export function solve(number, day = new Date().toISOString().slice(0, 10)) {
  const all = solved();
  if (!all[number]) write("solved", { ...all, [number]: day });
  dispatchEvent(new Event("book:solved"));
}

/** The reader's text of a block, with the hash of the book's that it was made from; or null. */
export const edit = (page, key) => read(`edit:${page}:${key}`, null);

/** Keeps a text; takes it away where it is the book's own again. False where it could not be kept. */
export const keep = (page, key, book, code) =>
  write(`edit:${page}:${key}`, code === book ? undefined : { book: hash(book), code });

function keys() {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(NAME));
  } catch {
    return [];
  }
}

/** Everything, as the text of a file. */
export function exported() {
  const edits = {};
  for (const key of keys())
    if (key.startsWith(`${NAME}edit:`)) edits[key.slice(NAME.length + 5)] = read(key.slice(NAME.length));
  const all = { book: "Mathematical Foundations of Transformers", version: 1, solved: solved(), edits };
  return `${JSON.stringify(all, null, 1)}\n`;
}

/** Adds what such a file holds to what is there; gives the counts, or throws an Error for the reader. */
export function imported(text) {
  let all;
  try {
    all = JSON.parse(text);
  } catch {
    throw new Error("This file is not JSON: choose the file that “Export” gave you.");
  }
  const plain = (value) => value && typeof value === "object" && !Array.isArray(value);
  if (!plain(all) || all.version !== 1 || !plain(all.solved) || !plain(all.edits))
    throw new Error("This file does not hold work on this book: nothing was changed.");
  const done = Object.entries(all.solved).filter(
    ([number, day]) => /^\d+\.\d+$/.test(number) && /^\d{4}-\d\d-\d\d$/.test(day));
  const edits = Object.entries(all.edits).filter(
    ([, one]) => plain(one) && typeof one.code === "string" && typeof one.book === "string");
  write("solved", { ...Object.fromEntries(done), ...solved() });
  for (const [key, one] of edits) write(`edit:${key}`, { book: one.book, code: one.code });
  dispatchEvent(new Event("book:solved"));
  return { solved: done.length, edits: edits.length };
}

export function erase() {
  for (const key of keys()) localStorage.removeItem(key);
  dispatchEvent(new Event("book:solved"));
}
