// Cookies that an answer sets, out of its headers.

import type { Header } from "../model/sent";

export interface Cookie {
  name: string;
  value: string;
  /** `Path=/; HttpOnly` */
  rules: string;
}

export function cookiesOf(headers: readonly Header[]): Cookie[] {
  return headers.filter(({ name }) => name.toLowerCase() === "set-cookie").map(({ value: line }) => {
    const [pair = "", ...rules] = line.split(";").map((part) => part.trim());
    const at = pair.indexOf("=");
    return { name: at < 0 ? "" : pair.slice(0, at), value: pair.slice(at + 1), rules: rules.join("; ") };
  });
}
