/** Text of others on a terminal: one line, and nothing that steers it. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, ' ');
}
