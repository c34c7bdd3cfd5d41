// The editor, bundled by esbuild at build and fetched at the first Edit.
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, keymap, lineNumbers } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { StyleModule } from "style-mod";

// CodeMirror would write its rules into a <style>, which the page's policy refuses. For a shadow root
// it takes a sheet made by script: something like one makes the set of rules, the page gets it.
const root = {
  ownerDocument: document,
  get adoptedStyleSheets() { return document.adoptedStyleSheets; },
  set adoptedStyleSheets(sheets) { document.adoptedStyleSheets = sheets; },
};
StyleModule.mount(root, []);
for (const key of Object.getOwnPropertySymbols(root)) document[key] = root[key];

/** Opens an editor beside `place` with `text`; `act` is what Ctrl and Enter do. */
export function open(place, text, { label, act, change }) {
  const run = () => {
    act();
    return true;
  };
  const view = new EditorView({
    state: EditorState.create({
      doc: text.replace(/\n$/, ""),
      extensions: [
        lineNumbers(), history(), drawSelection(), indentOnInput(), bracketMatching(),
        indentUnit.of("    "), python(), syntaxHighlighting(classHighlighter),
        // Tab leaves, as everywhere on the page; Enter indents by itself, and Ctrl-] by hand.
        keymap.of([{ key: "Mod-Enter", run }, ...defaultKeymap, ...historyKeymap]),
        EditorView.contentAttributes.of({ "aria-label": label }),
        EditorView.updateListener.of((update) => update.docChanged && change()),
      ],
    }),
  });
  place.before(view.dom);
  return {
    text: () => view.state.doc.toString(),
    set: (next) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next.replace(/\n$/, "") } }),
    focus: () => view.focus(),
    close: () => view.destroy(),
  };
}
