// Markdown to HTML that is safe to show. Loaded when there is some to show.

import DOMPurify from "dompurify";
import { Marked } from "marked";

const escape = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const marked = new Marked({
  gfm: true,
  renderer: {
    // A picture would tell another host who reads, and when: it is a link to it instead.
    image: ({ href, text }) => `<a href="${escape(href)}">${escape(text || href)}</a>`,
    // Browsers report a handler as refused where no script can ever run, too. What this misses, the sanitiser takes out.
    html: ({ text }) => text.replaceAll(/<[^>]*>/g, (tag) => tag.replaceAll(/([\s"'/])on[a-z]+(?=\s*=)/gi, "$1data-off")),
  },
});

DOMPurify.addHook("afterSanitizeAttributes", (node) => {
  if (!(node instanceof HTMLAnchorElement)) return;
  node.rel = "noopener noreferrer";
  node.target = "_blank";
});

const MEDIA = ["img", "picture", "source", "audio", "video", "track"];
const CONTROLS = ["form", "input", "button", "textarea", "select"];

export function toHtml(markdown: string): string {
  return DOMPurify.sanitize(marked.parse(markdown, { async: false }), {
    USE_PROFILES: { html: true },
    FORBID_TAGS: ["style", ...MEDIA, ...CONTROLS],
    ALLOW_DATA_ATTR: false,
    FORBID_ATTR: ["style", "id", "class", "name"],
  });
}
