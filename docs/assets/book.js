// Small repairs for keyboard and screen reader; the book reads without them.
(() => {
  // What scrolls sideways can be focused and says what it is.
  const boxes = ".md-typeset pre > code, .md-typeset__scrollwrap";
  const nameOf = (box) => {
    if (box.matches(".md-typeset__scrollwrap")) return "Table";
    const block = box.closest(".highlight");
    if (block?.matches(".language-output")) return "Output";
    return block?.querySelector(".filename")?.textContent || "Code";
  };
  const tell = (box, scrolls) => {
    if (scrolls === (box.getAttribute("tabindex") === "0")) return;
    for (const [name, value] of [["tabindex", "0"], ["role", "group"], ["aria-label", nameOf(box)]])
      if (scrolls) box.setAttribute(name, value);
      else box.removeAttribute(name);
  };
  // First all are measured, then all are written: by turns, the page would be laid out for each.
  const watch = new ResizeObserver((seen) => requestAnimationFrame(() => {
    const scroll = seen.map(({ target }) => target.scrollWidth > target.clientWidth);
    seen.forEach(({ target }, at) => tell(target, scroll[at]));
  }));

  // Material opens the drawer and the search with labels, which no keyboard reaches.
  const button = (toggle, name) => {
    const label = document.querySelector(`label.md-header__button[for=${toggle}]`);
    if (!label || label.querySelector("button")) return;
    const inner = document.createElement("button");
    inner.type = "button";
    inner.ariaLabel = name;
    inner.append(...label.childNodes);
    inner.addEventListener("click", () => document.getElementById(toggle).click());
    label.append(inner);
  };

  // Each block's copy button comes in a <nav> without a name, when the block comes near.
  const content = document.querySelector(".md-content");
  const unname = () => document.querySelectorAll(".md-code__nav:not([role])")
    .forEach((nav) => nav.setAttribute("role", "presentation"));

  const start = () => requestAnimationFrame(() => {
    document.querySelectorAll(boxes).forEach((box) => watch.observe(box));
    unname();
    if (content) new MutationObserver(unname).observe(content, { childList: true, subtree: true });
    document.querySelectorAll(".md-typeset .headerlink").forEach((link) => {
      link.ariaLabel = `Link to “${link.parentElement.firstChild.textContent.trim()}”`;
    });
    document.querySelectorAll(".md-option").forEach((option) => {
      option.checked = !option.nextElementSibling.hidden;
    });
    document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
    document.querySelectorAll("nav[aria-expanded]").forEach((nav) => nav.removeAttribute("aria-expanded"));
    button("__drawer", "Contents");
    button("__search", "Search");
    const drawer = document.getElementById("__drawer");
    drawer?.addEventListener("change", () => {
      const first = document.querySelector(".md-sidebar--primary .md-nav__list a");
      const go = (tries) => { // on a slow device the drawer is still hidden, and takes no focus
        if (!drawer.checked || !first || !tries) return;
        first.focus();
        if (document.activeElement !== first) setTimeout(go, 100, tries - 1);
      };
      setTimeout(go, 300, 50);
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !drawer?.checked) return;
      drawer.click();
      document.querySelector("label[for=__drawer] > button")?.focus();
    });
  });
  if (window.document$) window.document$.subscribe(start);
  else addEventListener("DOMContentLoaded", start);

  // Run, Edit and Check, where the build marked blocks as live. What they need is fetched at the
  // first press, and not before.
  const home = document.currentScript.src;
  const live = () => import(new URL("vendor/live/live.js", home));
  const BUTTONS = { move: "Move it", run: "Run", check: "Check", edit: "Edit", reset: "Reset", stop: "Stop" };
  const runs = async (action, block) => (await live()).press(block, action);
  const bar = (block, actions, press = runs) => {
    const made = document.createElement("div");
    made.className = "live-bar";
    for (const action of actions) {
      const inner = document.createElement("button");
      Object.assign(inner, { type: "button", textContent: BUTTONS[action] });
      inner.dataset.action = action;
      inner.hidden = action === "stop" || action === "reset";
      inner.addEventListener("click", () => press(action, block));
      made.append(inner);
    }
    const status = document.createElement("span");
    status.setAttribute("role", "status");
    status.textContent = block.dataset.still ? `Not live: ${block.dataset.still}` : "";
    made.append(status);
    block.append(made);
  };
  // Figures that move, each with a script of its own: a classic one, which works from a folder too.
  const moving = {};
  const move = async (_, place) => {
    const status = place.querySelector("[role=status]");
    status.textContent = "";
    const name = place.dataset.moving;
    try {
      await (moving[name] ??= new Promise((onload, onerror) => {
        const src = new URL(`vendor/moving/${name}.js`, home);
        document.head.append(Object.assign(document.createElement("script"), { src, onload, onerror }));
      }));
      place.dispatchEvent(new Event("book:move", { bubbles: true }));
    } catch {
      delete moving[name]; // the next press tries again
      status.textContent = "Its script did not come; press again";
    }
  };
  const makeLive = () => {
    document.querySelectorAll(".moving:empty").forEach((place) => bar(place, ["move"], move));
    for (const block of document.querySelectorAll("[data-live], [data-role=starter]")) {
      if (block.querySelector(":scope > .live-bar")) continue;
      if (block.dataset.still) bar(block, []);
      else bar(block, [block.dataset.live ? "run" : "check", "stop", "edit", "reset"]);
    }
    const here = location.pathname.split("/").slice(-3, -1).join("/");
    let kept = false;
    try {
      kept = Object.keys(localStorage).some((key) => key.startsWith(`book:v1:edit:${here}:`));
    } catch { /* storage is off */ }
    if (kept && document.querySelector("[data-live]")) live().then(({ restore }) => restore());
  };
  if (window.document$) window.document$.subscribe(makeLive);
  else addEventListener("DOMContentLoaded", makeLive);

  // What is solved is marked, where something is; nothing is fetched where nothing is.
  const progress = () => import(new URL("vendor/live/progress.js", home));
  const markSolved = () => {
    if (location.protocol === "file:") return; // from a folder, no module starts
    let some = false;
    try {
      some = (localStorage.getItem("book:v1:solved") ?? "{}") !== "{}";
    } catch { /* storage is off */ }
    const work = document.getElementById("your-work");
    if (some || work || document.querySelector(".solved-count"))
      progress().then(({ mark, list }) => Promise.all([mark(), work && list(work)])).catch(() => {});
  };
  if (window.document$) window.document$.subscribe(markSolved);
  else addEventListener("DOMContentLoaded", markSolved);
  addEventListener("book:solved", markSolved);
  addEventListener("storage", ({ key }) => (key ?? "book:v1:").startsWith("book:v1:") && markSolved());

  // What a link leads to, on a card beside it (preview.js); not where there is only touch.
  if (location.protocol.startsWith("http") && matchMedia("(any-hover: hover)").matches) {
    const meet = (event) => {
      if (event.pointerType === "touch" || !event.target.closest?.(".md-content a[href]")) return;
      for (const name of ["pointerover", "focusin"]) document.removeEventListener(name, meet);
      import(new URL("preview.js", home))
        .then(({ over, focus }) => (event.type === "focusin" ? focus : over)(event)).catch(() => {});
    };
    for (const name of ["pointerover", "focusin"]) document.addEventListener(name, meet);
  }

  // What was visited can be read and searched without a network. Not under live reload, which wants the newest.
  addEventListener("load", async () => {
    const workers = navigator.serviceWorker;
    if (!workers || !location.protocol.startsWith("http")) return;
    const root = new URL("..", home);
    try {
      if (window.livereload) return void await (await workers.getRegistration(root))?.unregister();
      const tell = () => workers.controller?.postMessage({
        type: "visited",
        addresses: [location.href, new URL("search/search_index.json", root).href,
          ...performance.getEntriesByType("resource").map(({ name }) => name)],
      });
      workers.addEventListener("controllerchange", tell);
      await workers.register(new URL("sw.js", root));
      tell();
    } catch { /* a browser that allows none, as in private windows */ }
  });

  // What is far off is drawn when it comes near (book.css). Where a reader stays, the rest follows,
  // one stretch in each idle moment: a screen reader that starts late finds the whole page. A reader
  // who goes by keyboard is not kept waiting. At "book:drawn", code gets its buttons (finish.py).
  const idle = window.requestIdleCallback ?? ((then) => setTimeout(then, 200));
  const anchored = CSS.supports("overflow-anchor", "auto");
  // Drawing scrolls, so that nothing moves; "Back to top" is not for that (finish.py).
  const settle = () => document.documentElement.classList.add("settling");
  const settled = () => document.documentElement.classList.remove("settling");
  settle();
  addEventListener("hashchange", settle);
  for (const name of ["wheel", "touchmove", "keydown", "pointerdown"])
    addEventListener(name, settled, { passive: true });
  const draw = () => {
    const next = [...document.querySelectorAll(".stretch:not(.drawn)")]
      .find((stretch) => anchored || stretch.getBoundingClientRect().bottom > 0); // nothing may move
    if (next) settle();
    next?.classList.add("drawn");
    (next ?? content)?.dispatchEvent(new Event("book:drawn", { bubbles: true }));
    if (next) idle(draw);
  };
  let begun = false;
  const begin = () => {
    if (!begun) idle(draw);
    begun = true;
  };
  addEventListener("load", () => setTimeout(begin, 5000));
  addEventListener("keydown", ({ key }) => key === "Tab" && begin());

  // On paper, everything is open.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((box) => { box.open = true; });
  });
  addEventListener("afterprint", () => opened.forEach((box) => { box.open = false; }));
})();
