// Markdown to HTML that is safe to show. Loaded when there is some to show.

import DOMPurify from "dompurify";
import { marked } from "marked";

DOMPurify.addHook("afterSanitizeAttributes", (node) => {
  if (!(node instanceof HTMLAnchorElement)) return;
  node.rel = "noopener noreferrer";
  node.target = "_blank";
});

/** Pictures are left out: they would tell another host who reads. Links are given as `[picture]` in their place. */
export function toHtml(markdown: string): string {
  const html = marked.parse(markdown, { async: false, gfm: true, breaks: false });
  return DOMPurify.sanitize(html, {
    USE_PROFILES: { html: true },
    FORBID_TAGS: ["style", "form", "input", "button", "textarea", "select", "img", "picture", "source", "audio", "video", "track"],
    FORBID_ATTR: ["style", "id", "class", "name"],
  });
}
