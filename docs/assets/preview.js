// A link's target on a card beside it, for a pointer that rests there and for the keyboard.
// Targets on this page are taken from it; those elsewhere from previews.json, which the build wrote.
// The card repeats what the link leads to, so it is hidden from screen readers: they follow the link.
const LINKS = ".md-content a[href]";
const NOT = ".headerlink, .equation-number a, .equation-test, .figure-link, .footnote-backref, .download, .lab, .button";
const NO_PROSE = ".downloads, .chapter-needs, .figure-links, :has(> img)";
const WAIT = 350, LEAVE = 300; // milliseconds

const card = document.createElement("div");
card.className = "preview md-typeset";
card.ariaHidden = "true";
card.hidden = true;
document.body.append(card);
const look = document.createElement("link");
const looks = new Promise((done) => { look.onload = look.onerror = done; });
Object.assign(look, { rel: "stylesheet", href: new URL("preview.css", import.meta.url) });
document.head.append(look);

let link, timer, title, wanted;
const here = () => location.href.replace(/#.*/, "");

/** What the build wrote for this page's links, fetched once. */
const written = (() => {
  let asked;
  return () => asked ??= fetch(new URL("previews.json", here()))
    .then((answer) => answer.ok ? answer.json() : {}).catch(() => (asked = undefined, {}));
})();

const titled = (words) => Object.assign(document.createElement("p"), { className: "preview-title", ...words });
const copied = (element) => {
  const copy = element.cloneNode(true);
  copy.querySelectorAll(".headerlink, .footnote-backref, sup, .solved-mark").forEach((part) => part.remove());
  copy.querySelectorAll("a").forEach((part) => part.replaceWith(...part.childNodes));
  for (const part of [copy, ...copy.querySelectorAll("[id], [tabindex], [loading]")])
    for (const name of ["id", "tabindex", "loading", "aria-details"]) part.removeAttribute(name);
  return copy;
};
const headed = (element) => {
  const made = titled({});
  made.append(...copied(element).childNodes);
  return made;
};

/** What the card shows of an element of this page. */
function parts(target) {
  if (target.matches(".equation"))
    return [titled({ textContent: target.ariaLabel }), copied(target.querySelector(".katex-display"))];
  if (target.matches("img")) return [copied(target)];
  if (target.matches("li")) return [...target.children].map(copied);
  const term = target.closest("dt");
  if (term) return [headed(term), copied(term.nextElementSibling)];
  if (!target.matches("h1, h2, h3, h4")) return [];
  const found = [headed(target)];
  const most = target.id.startsWith("ex-") ? 3 : 2;
  const flow = (at) => at?.matches(".stretch") ? at.firstElementChild : at;
  for (let next = flow(target.nextElementSibling); next && found.length < most; next = flow(next.nextElementSibling)) {
    if (next.matches("h1, h2, h3, h4")) break;
    if (next.matches("p") && !next.matches(NO_PROSE)) found.push(copied(next));
  }
  return found;
}

async function content(a) {
  if (a.href.replace(/#.*/, "") === here()) {
    const target = a.hash && document.getElementById(decodeURIComponent(a.hash.slice(1)));
    return target ? parts(target) : [];
  }
  if (a.origin !== location.origin) return [];
  const made = document.createElement("template");
  made.innerHTML = (await written())[a.getAttribute("href")] ?? "";
  return [...made.content.children];
}

function hide() {
  clearTimeout(timer);
  if (link && title) link.title = title;
  link = wanted = title = undefined;
  card.hidden = true;
}

async function show(a, x, y) {
  const [nodes] = await Promise.all([content(a), looks]);
  if (a !== wanted) return; // the reader went on meanwhile
  if (link !== a) {
    if (link && title) link.title = title;
    title = a.title;
    a.removeAttribute("title"); // the browser's own tip would lie over the card
  }
  link = a;
  if (!nodes.length) return hide();
  card.replaceChildren(...nodes);
  card.hidden = false;
  const boxes = [...a.getClientRects()]; // a link may stand on two lines
  const box = boxes.find((one) => y >= one.top && y <= one.bottom) ?? boxes[0];
  const formula = card.querySelector(".katex-display");
  if (formula) {
    formula.style.fontSize = ""; // letters may lean out of their box by a little
    const shrink = formula.clientWidth / formula.scrollWidth;
    if (shrink < 0.95) formula.style.fontSize = `${Math.max(0.55, shrink)}em`;
  }
  const { width, height } = card.getBoundingClientRect();
  const wide = document.documentElement.clientWidth;
  const below = box.bottom + 6 + height <= innerHeight || box.top < height + 60;
  const left = Math.max(8, Math.min((x ?? box.left + 40) - 40, wide - width - 8));
  card.style.left = `${left + scrollX}px`;
  card.style.top = `${(below ? box.bottom + 6 : box.top - 6 - height) + scrollY}px`;
}

const leave = () => {
  clearTimeout(timer);
  wanted = undefined;
  timer = setTimeout(() => {
    if (link && document.activeElement === link && link.matches(":focus-visible")) wanted = link;
    else hide();
  }, LEAVE);
};
const linkOf = (event) => {
  const a = event.target.closest?.(LINKS);
  return a && !a.matches(NOT) ? a : undefined;
};

export function over(event) {
  if (event.pointerType === "touch") return;
  if (card.contains(event.target)) return clearTimeout(timer);
  const a = linkOf(event);
  if (!a) return;
  clearTimeout(timer);
  wanted = a;
  if (a === link) return;
  timer = setTimeout(show, WAIT, a, event.clientX, event.clientY);
}
export function focus(event) {
  const a = linkOf(event);
  if (!a?.matches(":focus-visible")) return;
  clearTimeout(timer);
  wanted = a;
  timer = setTimeout(show, WAIT, a);
}

document.addEventListener("pointerover", over);
document.addEventListener("pointerout", (event) => {
  if ((linkOf(event) || card.contains(event.target)) && !card.contains(event.relatedTarget)) leave();
});
document.addEventListener("focusin", focus);
document.addEventListener("focusout", (event) => linkOf(event) && !card.matches(":hover") && hide());
document.addEventListener("click", (event) => !card.contains(event.target) && hide());
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || (card.hidden && !wanted)) return;
  event.stopPropagation();
  hide();
}, true);
