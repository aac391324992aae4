// The editor of the edit page: CodeMirror over a textarea, which stays the form's field and is all there is without script.
// Tab is left to the browser: a keyboard must get out again (WCAG 2.1.2). Ctrl+] and Ctrl+[ indent.
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const languages = { json, yaml };

// Colours are variables of app.css and highlight.css: they follow light and dark by themselves.
const look = EditorView.theme({
  "&": { fontSize: "0.8438rem", backgroundColor: "var(--surface)", color: "var(--text)", border: "1px solid var(--line-strong)", borderRadius: "var(--radius)" },
  "&.cm-focused": { outline: "2px solid var(--focus)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5", minHeight: "16rem", maxHeight: "70vh" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--sunken)", color: "var(--muted)", borderRight: "1px solid var(--line)" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--accent) 7%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "var(--accent-soft)", color: "var(--accent-strong)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { background: "color-mix(in srgb, var(--accent) 28%, transparent) !important" },
  ".cm-selectionMatch, .cm-searchMatch, .cm-searchMatch.cm-searchMatch-selected, .cm-lintRange-active": { backgroundColor: "var(--warn-soft)" },
  ".cm-searchMatch": { outline: "1px solid var(--line-strong)" },
  ".cm-searchMatch-selected": { outline: "2px solid var(--focus)" },
  ".cm-panels, .cm-tooltip": { backgroundColor: "var(--surface)", color: "var(--text)", borderColor: "var(--line)" },
  ".cm-panel input, .cm-panel button": { fontSize: "0.875rem", color: "var(--text)", background: "var(--surface)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--sunken)", borderColor: "var(--line)", color: "var(--muted)" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
});

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--code-key)" },
  { tag: [tags.string, tags.content], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: "var(--code-value)" },
  { tag: [tags.comment, tags.meta], color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [tags.labelName, tags.typeName], color: "var(--code-name)" },
  { tag: [tags.punctuation, tags.separator, tags.bracket], color: "var(--code-mark)" },
  { tag: tags.invalid, color: "var(--bad)" },
]);

/** Faults as the server told them (line and column from 1) as marks; a place that is no longer there moves to the end. */
function marks(state, faults) {
  return faults.map(({ line, column, message }) => {
    const row = state.doc.line(Math.min(Math.max(line || 1, 1), state.doc.lines));
    const from = Math.min(row.from + Math.max((column || 1) - 1, 0), row.to);
    return { from, to: Math.max(from, row.to), severity: "error", message: String(message) };
  });
}

/** Text typed over several lines replaces them here: Chromium by itself would put style attributes on what it joins, which the page's policy refuses and reports. */
const overLines = EditorView.domEventHandlers({
  beforeinput: ({ inputType, data }, view) => {
    const { from, to } = view.state.selection.main;
    if (inputType !== "insertText" || data === null || view.state.readOnly || view.state.doc.lineAt(from).to >= to) return false;
    view.dispatch(view.state.replaceSelection(data), { userEvent: "input.type", scrollIntoView: true });
    return true;
  },
});

function start(textarea) {
  const nonce = document.querySelector('meta[name="csp-nonce"]')?.content || "";
  const label = document.getElementById(`${textarea.id}-label`);
  const named = label ? { "aria-labelledby": label.id } : { "aria-label": textarea.name };
  const described = textarea.getAttribute("aria-describedby");
  const view = new EditorView({
    doc: textarea.value,
    extensions: [
      EditorView.cspNonce.of(nonce),
      EditorState.phrases.of(JSON.parse(textarea.dataset.phrases || "{}")),
      (languages[textarea.dataset.editor] || yaml)(),
      lineNumbers(), foldGutter(), lintGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(),
      highlightActiveLine(), highlightActiveLineGutter(), highlightSelectionMatches(),
      indentUnit.of("  "), EditorState.tabSize.of(2), EditorState.readOnly.of(textarea.readOnly),
      keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap, ...foldKeymap, ...lintKeymap]),
      EditorView.contentAttributes.of({ ...named, ...(described && { "aria-describedby": described }), "aria-multiline": "true", tabindex: "0" }),
      syntaxHighlighting(colours), look, overLines,
      EditorView.updateListener.of((update) => {
        if (update.docChanged) textarea.value = update.state.doc.toString();
      }),
    ],
  });
  textarea.after(view.dom);
  textarea.hidden = true;
  label?.addEventListener("click", (event) => { event.preventDefault(); view.focus(); });
  goTo(view, textarea);
  const faults = JSON.parse(textarea.dataset.faults || "[]");
  if (faults.length) view.dispatch(setDiagnostics(view.state, marks(view.state, faults)));
}

/** `#L12` leads to the line of a fault: of the list of faults above the editor, and of the address. */
function goTo(view, textarea) {
  const follow = () => {
    const number = Number(/^#L(\d+)$/.exec(location.hash)?.[1]);
    if (!number || number > view.state.doc.lines) return;
    const place = view.state.doc.line(number).from;
    view.dispatch({ selection: { anchor: place }, effects: EditorView.scrollIntoView(place, { y: "center" }) });
    view.focus();
  };
  addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='#L']");
    if (link && link.hash === location.hash) follow();
  });
  follow();
}

for (const textarea of document.querySelectorAll("textarea[data-editor]")) start(textarea);
