// Node, at build: starts Pyodide and lets it repack archives with byte code (precompile.py).
// node precompile.mjs JOB.json, a file {"core", "script", "archives": [{"source", "target", "needless"}]}
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const job = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { loadPyodide } = await import(pathToFileURL(`${job.core}/pyodide.mjs`));
const python = await loadPyodide({ indexURL: `${job.core}/` });
python.runPython(readFileSync(job.script, "utf8"));
const repack = python.globals.get("repack");
for (const { source, target, needless } of job.archives) {
  python.FS.writeFile("/tmp/source.zip", readFileSync(source));
  const files = repack("/tmp/source.zip", "/tmp/target.zip", needless);
  writeFileSync(target, python.FS.readFile("/tmp/target.zip"));
  console.log(`${files} files`);
}
process.exit(0);
