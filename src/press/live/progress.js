// What the reader has solved: a count beside each chapter in the navigation, a mark at each solved
// exercise, and the page "Your work". Loaded by book.js where there is something to show.
import * as store from "./store.js";

const root = new URL("../../../", import.meta.url);
let chapters = null;
const book = () => {
  chapters ??= fetch(new URL("exercises.json", import.meta.url)).then((answer) => {
    if (!answer.ok) throw new Error(`exercises.json: the server answers ${answer.status}`);
    return answer.json();
  });
  chapters.catch(() => { chapters = null; }); // the next time it may be there
  return chapters;
};

const make = (name, properties = {}, ...inner) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...inner);
  return element;
};
const words = (number, one) => `${number} ${number === 1 ? one : `${one}s`}`;
const date = (day) => new Date(`${day}T12:00`).toLocaleDateString("en-GB",
  { day: "numeric", month: "long", year: "numeric" });
const addressOf = ({ page }) => new URL(page, root);
const solvedOf = ({ exercises }, done) => exercises.filter(({ number }) => number in done).length;

/** Makes the marks in the navigation and on the page what they must be now. */
export async function mark() {
  const all = await book();
  const done = store.solved();
  const counts = new Map(all.map((chapter) => [addressOf(chapter).pathname, chapter]));
  for (const link of document.querySelectorAll(".md-sidebar--primary a.md-nav__link")) {
    const chapter = link.hash ? undefined : counts.get(link.pathname);
    const some = chapter ? solvedOf(chapter, done) : 0;
    let count = link.querySelector(".solved-count");
    if (!some) {
      count?.remove();
      continue;
    }
    if (!count) link.append(count = make("span", { className: "solved-count" }));
    const { length } = chapter.exercises;
    count.dataset.short = `${some}/${length}`;
    count.textContent = ` ${some} of ${length} exercises solved`;
  }
  const here = counts.get(location.pathname);
  for (const { number, id } of here?.exercises ?? []) {
    const heading = document.getElementById(id);
    const there = heading?.querySelector(".solved-mark");
    if (!(number in done)) there?.remove();
    else if (heading && !there)
      heading.append(" ", make("span", { className: "solved-mark", textContent: "Solved", title: date(done[number]) }));
  }
}

/** Fills the page "Your work". */
export async function list(place) {
  const all = await book();
  const done = store.solved();
  const edits = Object.keys(store.edits());
  if (!place.querySelector(".work-buttons")) place.replaceChildren(...frame(place));

  const total = all.reduce((sum, { exercises }) => sum + exercises.length, 0);
  const some = all.reduce((sum, chapter) => sum + solvedOf(chapter, done), 0);
  place.querySelector(".work-count").textContent = `${some} of ${total} exercises solved`
    + `; code changed in ${words(edits.length, "block")}.`;
  place.querySelector("[data-action=export]").disabled =
    place.querySelector("[data-action=erase]").disabled = !Object.keys(done).length && !edits.length;
  place.querySelector(".work-list").replaceChildren(...all.map((chapter) => section(chapter, done, edits)));
}

function section(chapter, done, edits) {
  const address = addressOf(chapter).href;
  const changed = edits.filter((key) => `${key.split(":")[0]}/` === chapter.page.split("/").slice(-3).join("/"));
  const heading = make("h2", {},
    make("a", { href: address, textContent: `${chapter.chapter}. ${chapter.title}` }),
    make("small", { textContent: `${solvedOf(chapter, done)} of ${chapter.exercises.length}` }));
  const items = chapter.exercises.map(({ number, id, title, about }) => {
    const day = done[number];
    return make("li", { className: day ? "solved" : "" },
      make("a", { href: `${address}#${id}`, textContent: `${number} ${title}` }),
      make("small", { textContent: day ? `Solved on ${date(day)}` : `${about} · not solved yet` }));
  });
  const parts = [heading, make("ul", {}, ...items)];
  if (changed.length)
    parts.push(make("p", { textContent: `You have changed code in ${words(changed.length, "block")} of this chapter.` }));
  return make("section", {}, ...parts);
}

/** What stands on the page whatever is solved. */
function frame(place) {
  const status = make("p", { className: "work-status" });
  status.setAttribute("role", "status");
  const file = make("input", { type: "file", accept: ".json,application/json", hidden: true });
  const button = (action, name, act) => {
    const made = make("button", { type: "button", textContent: name });
    made.dataset.action = action;
    made.addEventListener("click", act);
    return made;
  };
  const buttons = make("div", { className: "work-buttons" },
    button("export", "Export", () => {
      const url = URL.createObjectURL(new Blob([store.exported()], { type: "application/json" }));
      const day = new Date().toLocaleDateString("sv-SE");
      make("a", { href: url, download: `transformers-book-${day}.json` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
      status.textContent = "Written into a file: look where your browser puts downloads.";
    }),
    button("import", "Import", () => file.click()),
    button("erase", "Erase", () => {
      const gone = [words(Object.keys(store.solved()).length, "solved exercise"),
        words(Object.keys(store.edits()).length, "changed block")].join(" and ");
      if (!confirm(`Erase your work on this book from this browser (${gone})? This cannot be undone; `
        + "Export first if you may want it again.")) return;
      store.erase();
      status.textContent = "Erased.";
      place.querySelector("[data-action=import]").focus();
    }), file);
  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    if (!chosen) return;
    try {
      const { solved, edits, left } = store.imported(await chosen.text());
      status.textContent = `Added ${words(solved, "solved exercise")} and ${words(edits, "changed block")}.`
        + (left ? ` Where you have changed the same code here (${words(left, "block")}), your text here stays.` : "");
    } catch (error) {
      status.textContent = error.message;
    }
    file.value = "";
  });
  return [make("p", { className: "work-count" }), buttons, status, make("div", { className: "work-list" })];
}
