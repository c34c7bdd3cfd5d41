// Only in the offline copy, before Material's own script. A page that lies in a folder may not start
// a worker, and Material's search is one: here it runs in a hidden frame, whose window stands for the
// worker's. Material knows of such stand-ins and fetches its index as a script (search/search_index.js).
window.Worker = class extends EventTarget {
  #window = new Promise((ready) => {
    const frame = document.createElement("iframe");
    frame.hidden = true;
    frame.title = "Search";
    frame.srcdoc = "<!doctype html><html lang=en><title>Search</title>";
    frame.addEventListener("load", () => ready(frame.contentWindow), { once: true });
    this.frame = frame;
  });

  constructor(address) {
    super();
    document.body.append(this.frame);
    this.#window = this.#window.then((inner) => new Promise((ready, fail) => {
      inner.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      const script = inner.document.createElement("script");
      script.src = address;
      script.addEventListener("load", () => ready(inner));
      script.addEventListener("error", fail);
      inner.document.head.append(script);
    }));
  }

  async postMessage(data) {
    const inner = await this.#window;
    inner.dispatchEvent(new inner.MessageEvent("message", { data }));
  }

  terminate() {
    this.frame.remove();
  }
};
