/**
 * What package databases are written in: paragraphs of `Key: value` lines with blank lines between
 * (Debian policy §5.1, apk-tools' installed database, Python's core metadata).
 */

/** Continuation lines are left out; of a key that repeats the first one counts. */
export function* paragraphs(text: string): Generator<ReadonlyMap<string, string>> {
  let fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (line.trim() === '') {
      if (fields.size > 0) yield fields;
      fields = new Map();
      continue;
    }
    const match = /^([^\s:]+):\s*(.*?)\r?$/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) {
      const [, key, value] = match;
      // A description may look like fields.
      if (!fields.has(key)) fields.set(key, value);
    }
  }
  if (fields.size > 0) yield fields;
}
