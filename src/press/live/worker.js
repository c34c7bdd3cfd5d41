// Python in a worker of its own: loads it, runs what the page asks for, and tells what came of it.
// In: {type: "page", blocks, live, raises} · {type: "run", index, code} · {type: "check", answer, check}
//     · {type: "prefetch"}
// Out: {type: "progress", loaded, total} · {type: "ready"} · {type: "end", fine} · {type: "broken", text}
//      and the events of press.live.session.
import { loadPyodide } from "../pyodide/pyodide.mjs";

const home = new URL("../pyodide/", import.meta.url).href;
const SITE = "/lib/python3.14/site-packages";
const tell = (message) => self.postMessage(message);

const fetched = {}; // archives of matplotlib that came before they were asked for
let loaded = 0;
let total = 0;

async function download(name) {
  const answer = await fetch(new URL(name, home));
  if (!answer.ok) throw new Error(`${name}: the server answers ${answer.status}`);
  const reader = answer.body.getReader();
  const parts = [];
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    loaded += part.value.length;
    tell({ type: "progress", loaded, total });
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

// While Python waits: an import cannot be asynchronous. What was prefetched is there at once.
function downloadNow(name) {
  const request = new XMLHttpRequest();
  request.open("GET", new URL(name, home), false);
  request.responseType = "arraybuffer";
  request.send();
  if (request.status !== 200) throw new Error(`${name}: the server answers ${request.status}`);
  return new Uint8Array(request.response);
}

async function boot() {
  // Where WebAssembly is forbidden, loading would wait for ever.
  await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
  const manifest = await (await fetch(new URL("manifest.json", home))).json();
  const { numpy, matplotlib } = manifest.packages;
  total = numpy.files.reduce((sum, file) => sum + file.bytes, 0);
  const packages = Promise.all(numpy.files.map(({ name }) => download(name)));
  const reader = fetch(new URL("reader.zip", import.meta.url)).then((answer) => answer.arrayBuffer());
  const python = await loadPyodide({
    indexURL: home,
    lockFileContents: { info: manifest.info, packages: {} },
    packageBaseUrl: home,
  });
  for (const archive of await packages) python.unpackArchive(archive, "zip", { extractDir: SITE });
  python.unpackArchive(await reader, "zip", { extractDir: SITE });
  python.registerJsModule("page_of_the_book", {
    tell: (event) => tell(JSON.parse(event)),
    unpack_matplotlib: () => {
      for (const { name } of matplotlib.files) {
        const archive = fetched[name] ?? downloadNow(name);
        python.unpackArchive(archive, "zip", { extractDir: SITE });
        delete fetched[name];
      }
    },
  });
  python.runPython("from press.live import browser");
  return { browser: python.pyimport("press.live.browser"), matplotlib };
}

const booted = boot();
booted.then(() => tell({ type: "ready" }), (error) => tell({ type: "broken", text: `${error}` }));

async function answer(data) {
  const { browser, matplotlib } = await booted;
  if (data.type === "page") browser.page(JSON.stringify(data));
  if (data.type === "run") tell({ type: "end", fine: browser.run(data.index, data.code) });
  if (data.type === "check") tell({ type: "end", fine: browser.check(data.answer, data.check) });
  if (data.type === "prefetch")
    for (const { name } of matplotlib.files) {
      if (browser.has_matplotlib()) break;
      fetched[name] ??= new Uint8Array(await (await fetch(new URL(name, home))).arrayBuffer());
    }
}

// Python itself may come to its end, out of memory for one: the page must not wait for ever.
self.onmessage = ({ data }) =>
  answer(data).catch((error) => data.type === "prefetch" || tell({ type: "broken", text: `${error}` }));
