// CodeMirror with the app's colours. Loaded when the first editor is shown.

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { html } from "@codemirror/lang-html";
import { javascript } from "@codemirror/lang-javascript";
import { json } from "@codemirror/lang-json";
import { markdown } from "@codemirror/lang-markdown";
import { xml } from "@codemirror/lang-xml";
import { bracketMatching, foldGutter, foldKeymap, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, type Extension, Transaction } from "@codemirror/state";
import { drawSelection, EditorView, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { changesBetween } from "../model/merge";

const LANGUAGES: Record<string, () => Extension> = { json, xml, html, javascript, markdown };

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.attributeName, tags.heading], color: "var(--method-put)" },
  { tag: [tags.string, tags.attributeValue], color: "var(--good)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--warn)" },
  { tag: [tags.keyword, tags.tagName, tags.link], color: "var(--method-patch)" },
  { tag: [tags.comment, tags.meta], color: "var(--muted)" },
  { tag: tags.invalid, color: "var(--bad)" },
]);

const look = EditorView.theme({
  "&": { height: "100%", backgroundColor: "var(--surface)", color: "var(--text)", fontSize: "var(--text-13)" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--font-code)", lineHeight: "1.5" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--muted)", border: "0" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { background: "var(--selected)" },
  ".cm-selectionMatch, .cm-searchMatch": { backgroundColor: "var(--warn-soft)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--hover)", border: "1px solid var(--line)", color: "var(--muted)" },
  ".cm-panels": { backgroundColor: "var(--sunken)", color: "var(--text)" },
});

export interface Options {
  text: string;
  label: string;
  language: string;
  readonly: boolean;
  onchange: (text: string) => void;
}

export interface Editor {
  /** Shows another text, unless it is this one already. */
  show(text: string): void;
  speak(language: string): void;
  destroy(): void;
}

/** In a shadow tree, where styles need no element that the page's policy would forbid. */
export function openEditor(host: HTMLElement, { text, label, language, readonly, onchange }: Options): Editor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const speech = new Compartment();
  let telling = true;
  const state = EditorState.create({
    doc: text,
    extensions: [
      lineNumbers(),
      foldGutter(),
      history(),
      drawSelection(),
      indentOnInput(),
      bracketMatching(),
      highlightSelectionMatches(),
      syntaxHighlighting(colours),
      look,
      EditorView.lineWrapping,
      // Tab goes on to the next control, as everywhere: who is in here by the keyboard gets out.
      keymap.of([...searchKeymap, ...defaultKeymap.filter(({ key }) => key !== "Mod-Enter"), ...historyKeymap, ...foldKeymap]),
      EditorView.contentAttributes.of({ "aria-label": label, ...(readonly && { tabindex: "0", "aria-readonly": "true" }) }),
      EditorState.readOnly.of(readonly),
      EditorView.editable.of(!readonly),
      EditorView.updateListener.of((update) => {
        if (telling && update.docChanged) onchange(update.state.doc.toString());
      }),
      speech.of(LANGUAGES[language]?.() ?? []),
    ],
  });
  const view = new EditorView({ state, parent: root, root });
  return {
    show(next) {
      const now = view.state.doc.toString();
      if (next === now) return;
      telling = false;
      // Only what differs, so that the cursor stays where it is. What others wrote is not this writer's to undo.
      view.dispatch({ changes: changesBetween(now, next), annotations: Transaction.addToHistory.of(false) });
      telling = true;
    },
    speak: (next) => view.dispatch({ effects: speech.reconfigure(LANGUAGES[next]?.() ?? []) }),
    destroy: () => view.destroy(),
  };
}
