// The reader's turn, in the page: runs blocks in a worker and shows what came of them. Loaded at the
// first press of a button that book.js made.
import * as store from "./store.js";

const page = new URL(".", location.href).pathname.split("/").slice(-3, -1).join("/");
const own = [...document.querySelectorAll("[data-live]")];
const codeOf = (block) => block.querySelector("pre > code");
const texts = new Map(); // the book's code, as the page came
for (const block of document.querySelectorAll("[data-live], [data-role]"))
  texts.set(block, `${codeOf(block).textContent.replace(/\n+$/, "")}\n`);
const changed = new Map(); // the reader's code, where it is another
const editors = new Map();
const present = (block) => changed.get(block) ?? texts.get(block);
const keyOf = (block) => block.dataset.live ?? block.dataset.exercise;

// --- the worker ---------------------------------------------------------------------------------

let worker = null;
let ready = false;
let job = null; // what runs now: {block, button, status, done, parts}
const waiting = [];

function start() {
  ready = false;
  worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }) => hear(data);
  worker.onerror = () => hear({ type: "broken", text: "the worker could not be started" });
  worker.postMessage({
    type: "page",
    blocks: own.map(present),
    live: own.map((block) => !block.dataset.still),
    raises: own.map((block) => block.classList.contains("raises")),
  });
}

function next() {
  if (job || !waiting.length) return;
  job = waiting.shift();
  if (!worker) start();
  job.began = performance.now();
  job.block.dataset.busy = "";
  buttons(job.block);
  say(job.block, ready ? "Running" : "Loading Python");
  worker.postMessage(job.message);
}

function finish(words, verdict) {
  const { block, done } = job;
  delete block.dataset.busy;
  job = null;
  buttons(block);
  say(block, words);
  done(verdict);
  next();
}

export function stop() {
  worker?.terminate();
  worker = null;
  const stopped = waiting.splice(0);
  if (job) finish("Stopped. The next run begins anew.", null);
  for (const { done } of stopped) done(null);
}

function hear(event) {
  if (event.type === "ready") {
    ready = true;
    if (job) say(job.block, "Running");
  } else if (event.type === "progress") {
    const [some, all] = [event.loaded, event.total].map((bytes) => (bytes / 1e6).toFixed(1));
    if (job && event.loaded < event.total) say(job.block, `Loading: ${some} of ${all} MB`);
  } else if (event.type === "broken") {
    worker?.terminate();
    worker = null;
    const words = ready
      ? `Python came to an end (${event.text}). The next run begins anew.`
      : `Python could not be loaded here (${event.text}). The book's output stands.`;
    if (job) finish(words, null);
  } else if (!job) {
    return;
  } else if (event.type === "end") {
    const seconds = (performance.now() - job.began) / 1000;
    const words = job.message.type === "check" ? "" : `${seconds.toFixed(seconds < 1 ? 2 : 1)} s`;
    show(job, event.fine);
    finish(words, event.fine);
    prefetch();
  } else if (job.message.type === "run") {
    if (event.type === "start" && event.block < job.message.index)
      say(job.block, `Running the blocks above: ${event.block + 1} of ${job.message.index}`);
    else if (event.type === "start") say(job.block, "Running");
    else if (event.type !== "done") part(event);
  } else if (event.type === "start") {
    say(job.block, "Running what the answer needs");
  } else if (event.type !== "done") {
    part(event);
  }
}

function part(event) {
  job.parts.push(event);
  if (event.type === "stdout" && job.message.type === "run") show(job, true);
}

let prefetched = false;
function prefetch() {
  if (prefetched || !worker || !document.querySelector("[data-live] ~ p > img, [data-live] ~ details"))
    return;
  prefetched = true;
  worker.postMessage({ type: "prefetch" });
}

// --- what the reader sees -------------------------------------------------------------------------

const barOf = (block) => block.querySelector(":scope > .live-bar");
const say = (block, words) => {
  const status = barOf(block).querySelector("[role=status]");
  if (status.textContent !== words) status.textContent = words;
};

function buttons(block) {
  const busy = "busy" in block.dataset;
  for (const button of barOf(block).querySelectorAll("button")) {
    const { action } = button.dataset;
    if (action === "run" || action === "check") button.hidden = busy;
    if (action === "stop") {
      button.hidden = !busy;
      if (busy && document.activeElement?.closest(".live-bar") === barOf(block)) button.focus();
    }
    if (action === "reset") button.hidden = !changed.has(block) && !block.dataset.mine;
    if (action === "edit") button.textContent = editors.has(block) ? "Done" : "Edit";
  }
}

const ERRORS = { error: 1, warning: 1 };

/** The lines that a run printed, with its warnings and its error in the reader's terms. */
function lines(parts, checking, asBook = false) {
  const printed = parts.filter(({ type }) => type === "stdout").map(({ text }) => text).join("");
  const others = parts.filter(({ type }) => type in ERRORS).map((event) => {
    if (event.type === "warning") return event.text;
    if (checking && event.kind === "AssertionError") return event.message;
    return event.line && !asBook ? `Line ${event.line}: ${event.text}` : event.text;
  });
  return [printed.replace(/\n+$/, ""), ...others].filter(Boolean).join("\n");
}

function show({ block, message, parts, replaced }, fine) {
  if (message.type === "check") return verdict(block, parts, fine);
  const mine = parts.filter((event) => event.block === message.index);
  const above = fine ? [] : parts.filter(({ type, block: at }) => type === "error" && at < message.index);
  const last = above.at(-1); // what stopped the run before this block came
  const text = last && !mine.length ? `A block above fails: ${last.text}` : lines(mine, false, block.classList.contains("raises") && !changed.has(block));
  const failed = !fine || mine.some(({ type }) => type === "error");
  output(block, text, failed && !block.classList.contains("raises"));
  const drawn = mine.filter(({ type }) => type === "figure");
  if (drawn.length || failed) figures(block, drawn.map(({ svg }) => svg));
  block.dataset.mine = "yes";
}

/** The box under a block where its output stands; made where the book shows none. */
function boxOf(block, make) {
  const after = block.nextElementSibling;
  if (after?.matches(".language-output")) return after;
  if (!make) return null;
  const box = document.createElement("div");
  box.className = "language-output highlight live-made";
  box.innerHTML = "<pre><code></code></pre>";
  block.after(box);
  return box;
}

function output(block, text, failed) {
  const box = boxOf(block, Boolean(text));
  if (!box) return;
  const code = codeOf(box);
  box.dataset.book ??= code.textContent;
  code.textContent = `${text}\n`;
  box.dataset.mine = failed ? "failed" : "yes";
  code.closest(".highlight").querySelector("pre").setAttribute("aria-label", "Output of your run");
}

/** The images that belong to a block: after its output, perhaps after the fold that it stands in. */
function imagesOf(block) {
  const found = [];
  let at = boxOf(block, false) ?? block;
  if (!at.nextElementSibling && at.closest("details")) at = at.closest("details");
  for (at = at.nextElementSibling; at; at = at.nextElementSibling)
    if (at.matches("p:has(> img)")) found.push(at.querySelector("img"));
    else if (!at.matches(".figure-links, .moving")) break; // what stands under a picture belongs to it
  return found;
}

function figures(block, drawn) {
  const there = imagesOf(block);
  drawn.forEach((svg, at) => {
    const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
    let image = there[at];
    if (!image) {
      image = new Image();
      const paragraph = document.createElement("p");
      paragraph.className = "live-made";
      paragraph.append(image);
      (there.at(-1)?.parentElement ?? boxOf(block, false) ?? block).after(paragraph);
      there.push(image);
    }
    image.dataset.book ??= image.getAttribute("src") ?? "";
    image.dataset.alt ??= image.alt;
    if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
    image.alt = changed.has(block) || !image.dataset.alt ? "The figure that your code draws." : image.dataset.alt;
    image.src = url;
  });
}

function verdict(block, parts, fine) {
  let box = block.nextElementSibling;
  if (!box?.matches(".live-verdict")) {
    box = document.createElement("div");
    box.setAttribute("role", "status");
    block.after(box);
  }
  box.className = `live-verdict ${fine ? "right" : "wrong"}`;
  const text = lines(parts, true);
  box.replaceChildren();
  const word = document.createElement("strong");
  word.textContent = fine ? "Solved." : "Not yet.";
  const words = document.createElement("pre");
  words.textContent = text;
  box.append(word, words);
  for (const { svg } of parts.filter(({ type }) => type === "figure")) {
    const image = new Image();
    image.alt = "The figure that your answer draws.";
    image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
    box.append(image);
  }
  if (fine) store.solve(block.dataset.exercise);
}

// --- what the buttons do ----------------------------------------------------------------------------

function take(block) {
  const editor = editors.get(block);
  if (!editor) return present(block);
  const code = `${editor.text().replace(/\n+$/, "")}\n`;
  if (code === texts.get(block)) changed.delete(block);
  else changed.set(block, code);
  const kept = store.keep(page, keyOf(block), texts.get(block), code);
  if (!kept) say(block, "This browser keeps nothing: your text is lost when the page is closed.");
  return code;
}

function enqueue(block, message) {
  return new Promise((done) => {
    waiting.push({ block, message, done, parts: [] });
    next();
  });
}

export function run(block) {
  return enqueue(block, { type: "run", index: Number(block.dataset.live), code: take(block) });
}

/** Runs an answer to the exercise of this starter, and its check: true where it passes. */
export function judge(block, answer) {
  const exercise = CSS.escape(block.dataset.exercise);
  const check = document.querySelector(`[data-exercise="${exercise}"][data-role=check]`);
  return enqueue(block, { type: "check", answer, check: texts.get(check) });
}

export const check = (block) => judge(block, take(block));

async function edit(block) {
  const pre = block.querySelector(":scope > pre");
  if (editors.has(block)) {
    const code = take(block);
    editors.get(block).close();
    editors.delete(block);
    codeOf(block).textContent = code;
    pre.hidden = false;
    buttons(block);
    return;
  }
  say(block, "Loading the editor");
  const { open } = await import("../editor/editor.js");
  if (editors.has(block)) return;
  const label = block.dataset.exercise ? `Your answer to exercise ${block.dataset.exercise}` : "Your code";
  const act = () => press(block, block.dataset.exercise ? "check" : "run");
  const editor = open(pre, present(block), { label, act, change: () => { take(block); buttons(block); } });
  editors.set(block, editor);
  pre.hidden = true;
  buttons(block);
  say(block, "Escape, then Tab, leaves the editor; Ctrl and Enter runs it.");
  editor.focus();
}

function reset(block) {
  if (changed.has(block) && !confirm("Put the book's code back? Your text goes.")) return;
  changed.delete(block);
  store.keep(page, keyOf(block), texts.get(block), texts.get(block));
  if (editors.has(block)) editors.get(block).set(texts.get(block));
  codeOf(block).textContent = texts.get(block);
  const box = boxOf(block, false);
  if (box?.matches(".live-made")) box.remove();
  else if (box?.dataset.book !== undefined) {
    codeOf(box).textContent = box.dataset.book;
    delete box.dataset.mine;
  }
  for (const image of imagesOf(block)) {
    if (image.closest(".live-made")) image.parentElement.remove();
    else if (image.dataset.book) {
      image.src = image.dataset.book;
      image.alt = image.dataset.alt;
    }
  }
  if (block.nextElementSibling?.matches(".live-verdict")) block.nextElementSibling.remove();
  delete block.dataset.mine;
  buttons(block);
  say(block, "As in the book");
}

const actions = { run, check, edit, reset, stop };
export const press = (block, action) => actions[action](block);

// --- what was kept from the last visit ----------------------------------------------------------------

export function restore() {
  for (const block of texts.keys()) {
    const role = block.dataset.role;
    if (block.dataset.still || (role && role !== "starter")) continue;
    const kept = store.edit(page, keyOf(block));
    if (!kept || kept.code === texts.get(block)) continue;
    changed.set(block, kept.code);
    codeOf(block).textContent = kept.code;
    buttons(block);
    const same = kept.book === store.hash(texts.get(block));
    say(block, same ? "Your text from the last visit" : "Your text; the book's has changed since: see Reset");
  }
}
