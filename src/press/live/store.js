// What a reader leaves in the browser: solved exercises and changed code. It stays there: nothing of
// it is ever sent. Keys begin with "book:v1:".
//   book:v1:solved         {"1.3": "2026-11-25", …}    exercise number → day
//   book:v1:edit:PAGE:KEY  {"book": hash, "code": …}   KEY is a block's number, or an exercise's
// The window hears "book:solved" after each change of what is solved.
const NAME = "book:v1:";
const TITLE = "Mathematical Foundations of Transformers";

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

const NUMBER = /^\d{1,3}\.\d{1,3}$/;
const EDIT = /^[\w-]+\/[\w-]+:(\d{1,3}|\d{1,3}\.\d{1,3})$/;
const plain = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const isDay = (day) =>
  /^\d{4}-\d\d-\d\d$/.test(day) && new Date(`${day}T12:00Z`).toJSON()?.slice(0, 10) === day;
const isEdit = (one) => plain(one) && typeof one.code === "string" && typeof one.book === "string";
const good = (all, fits) =>
  Object.fromEntries(Object.entries(plain(all) ? all : {}).filter(([key, value]) => fits(key, value)));
const today = () => new Date().toLocaleDateString("sv-SE"); // the reader's own day, as 2026-11-25
const changed = () => dispatchEvent(new Event("book:solved"));

/** The solved exercises: {"1.3": "2026-11-25", …}. */
export const solved = () => good(read("solved", {}), (number, day) => NUMBER.test(number) && isDay(day));

/** Notes that an exercise is solved; the first day stays. False where it could not be kept. */
export function solve(number, day = today()) {
  const all = solved();
  const kept = number in all || write("solved", { ...all, [number]: day });
  changed();
  return kept;
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

/** Every changed code: {"foundations/vectors:3": {"book": hash, "code": …}, …}. */
export function edits() {
  const found = {};
  for (const key of keys())
    if (key.startsWith(`${NAME}edit:`)) found[key.slice(NAME.length + 5)] = read(key.slice(NAME.length));
  return good(found, (key, one) => EDIT.test(key) && isEdit(one));
}

/** Everything, as the text of a file. */
export function exported() {
  const all = { book: TITLE, version: 1, solved: solved(), edits: edits() };
  return `${JSON.stringify(all, null, 1)}\n`;
}

/**
 * Adds what such a file holds to what is there; where both have something, the earlier day and the
 * text that is here stay. Gives counts of what was added; throws an Error in words for the reader,
 * and then nothing was changed.
 */
export function imported(text) {
  let all;
  try {
    all = JSON.parse(text);
  } catch {
    throw new Error("This file is not JSON. Choose a file that Export wrote. Nothing was changed.");
  }
  if (!plain(all) || all.book !== TITLE || !plain(all.solved) || !plain(all.edits))
    throw new Error("This file does not hold work on this book. Nothing was changed.");
  if (all.version !== 1)
    throw new Error("This file was written by a later version of the book. Nothing was changed.");
  const damaged = [
    ...Object.entries(all.solved).filter(([number, day]) => !NUMBER.test(number) || !isDay(day)),
    ...Object.entries(all.edits).filter(([key, one]) => !EDIT.test(key) || !isEdit(one)),
  ];
  if (damaged.length)
    throw new Error(`This file is damaged, at “${damaged[0][0].slice(0, 40)}”. Nothing was changed.`);

  const [days, texts] = [solved(), edits()];
  const before = JSON.stringify(days);
  const count = { solved: 0, edits: 0, left: 0 };
  for (const [number, day] of Object.entries(all.solved)) {
    if (!(number in days)) count.solved += 1;
    if (!(days[number] <= day)) days[number] = day;
  }
  const written = [];
  let kept = JSON.stringify(days) === before || write("solved", days);
  for (const [key, { book, code }] of Object.entries(all.edits)) {
    if (key in texts) {
      if (texts[key].code !== code) count.left += 1;
      continue;
    }
    kept &&= write(`edit:${key}`, { book, code });
    written.push(`edit:${key}`);
    count.edits += 1;
  }
  if (!kept) {
    written.forEach((key) => write(key, undefined));
    write("solved", JSON.parse(before));
    throw new Error("This browser has no room for it, or keeps nothing. Nothing was changed.");
  }
  changed();
  return count;
}

/** Takes everything away. */
export function erase() {
  for (const key of keys()) write(key.slice(NAME.length), undefined);
  changed();
}
