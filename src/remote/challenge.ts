/**
 * The WWW-Authenticate header (RFC 9110 §11.6.1): a comma-separated list of challenges whose
 * parameters are separated by commas too. Several headers arrive joined by a comma.
 */

export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const HEADER_LENGTH_MAX = 16 * 1024;
const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const TOKEN68 = /[A-Za-z0-9\-._~+/]+=*(?=\s*(?:,|$))/y;
const PARAMETER = /([!#$%&'*+\-.^_`|~0-9A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/y;
const GAP = /[\s,]*/y;
const SPACE = /\s*/y;

/** All challenges in order; what cannot be understood ends the list, it never throws. */
export function parseChallenges(header: string): Challenge[] {
  const text = header.slice(0, HEADER_LENGTH_MAX);
  const challenges: Challenge[] = [];
  let at = skip(GAP, text, 0);
  while (at < text.length) {
    const scheme = match(TOKEN, text, at);
    if (!scheme) break;
    const parameters = new Map<string, string>();
    at = readParameters(text, at + scheme[0].length, parameters);
    challenges.push({ scheme: scheme[0].toLowerCase(), parameters });
  }
  return challenges;
}

/** Reads `name=value` pairs up to the next scheme; returns where that is. */
function readParameters(text: string, start: number, parameters: Map<string, string>): number {
  let at = skip(SPACE, text, start);
  for (;;) {
    const parameter = match(PARAMETER, text, at);
    if (!parameter) break;
    const [whole, name = '', quoted, bare] = parameter;
    parameters.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? bare ?? '');
    at = skip(GAP, text, at + whole.length);
  }
  // `Negotiate <token68>`: a form without names; nothing we use.
  const token68 = parameters.size === 0 ? match(TOKEN68, text, at) : null;
  return skip(GAP, text, token68 && at > start ? at + token68[0].length : at);
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function skip(pattern: RegExp, text: string, at: number): number {
  return at + (match(pattern, text, at)?.[0].length ?? 0);
}
