/**
 * Parser directives: `# syntax=`, `# escape=` and `# check=` on the first lines, before any other
 * line. Only noticed, never obeyed by fetching anything: `syntax` is information.
 *
 * Spec: Dockerfile reference, "Parser directives".
 */
import type { Diagnostic } from '#core/diagnostic.ts';
import type { Range } from '#core/source.ts';
import type { Directives } from './ast.ts';

export interface DirectivesFound {
  readonly directives: Directives;
  readonly diagnostics: readonly Diagnostic[];
}

interface Directive {
  readonly value: string;
  readonly range: Range;
}

const NAMES = ['syntax', 'escape', 'check'];

/** The language this parser speaks. */
const SYNTAX_VERSION = '1.20';

/** Reads the directives of a file; what is wrong with them stands in the diagnostics. */
export function parseDirectives(text: string): DirectivesFound {
  const start = text.startsWith('\uFEFF') ? 1 : 0;
  const diagnostics: Diagnostic[] = [];
  const found = readComments(text, { start, mark: '#', diagnostics });
  const shebang = /^#!.*(?:\n|$)/.exec(text.slice(start))?.[0];
  // A shebang hides `escape` from docker, but not the other two.
  const after =
    shebang === undefined
      ? found
      : readComments(text, { start: start + shebang.length, mark: '#', diagnostics: [] });
  const syntax = after.get('syntax')?.value ?? foreignSyntax(text, start);
  const check = after.get('check')?.value;
  const escaping = found.get('escape');
  if (escaping !== undefined && !isEscape(escaping.value)) {
    diagnostics.push({
      code: 'EscapeInvalid',
      severity: 'error',
      message: `invalid escape token '${escaping.value}' does not match \` or \\`,
      range: escaping.range,
      hint: 'Write # escape=` or # escape=\\.',
    });
  }
  const asked = after.get('syntax');
  if (asked !== undefined) diagnostics.push(...syntaxWarnings(asked));
  return {
    directives: {
      ...(syntax === undefined ? {} : { syntax }),
      escape: escaping?.value === '`' ? '`' : '\\',
      ...(check === undefined ? {} : { check }),
    },
    diagnostics,
  };
}

/** The front end is built in: asking for another, or a newer one, changes nothing. */
function syntaxWarnings({ value, range }: Directive): Diagnostic[] {
  const match = /^(?:docker\.io\/)?docker\/dockerfile(?:-upstream)?(?::([\w.-]+))?(?:@\S+)?$/.exec(
    value,
  );
  if (match === null) {
    return [
      {
        code: 'SyntaxForeign',
        severity: 'warning',
        message: `the front end ${value} is not used`,
        range,
        reason: `The file is read as Dockerfile ${SYNTAX_VERSION}; front ends are never fetched.`,
        hint: 'Remove the line if the file is a plain Dockerfile.',
      },
    ];
  }
  const [major = 0, minor = 0] =
    /^\d+(?:\.\d+)?/
      .exec(match[1] ?? '')?.[0]
      .split('.')
      .map(Number) ?? [];
  const [ourMajor = 0, ourMinor = 0] = SYNTAX_VERSION.split('.').map(Number);
  if (major < ourMajor || (major === ourMajor && minor <= ourMinor)) return [];
  return [
    {
      code: 'SyntaxNewer',
      severity: 'warning',
      message: `Dockerfile syntax ${match[1]} is newer than ${SYNTAX_VERSION}, which is used`,
      range,
      hint: 'Expect that its newest features are refused.',
    },
  ];
}

function isEscape(value: string): boolean {
  return value === '`' || value === '\\';
}

/** Reads directives up to the first line that is none. */
function readComments(
  text: string,
  options: {
    readonly start: number;
    readonly mark: string;
    readonly diagnostics: Diagnostic[];
  },
): Map<string, Directive> {
  const found = new Map<string, Directive>();
  let offset = options.start;
  while (offset < text.length) {
    const newline = text.indexOf('\n', offset);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(offset, end);
    const start = offset;
    offset = end + 1;
    const content = line.trimStart();
    if (!content.startsWith(options.mark)) break;
    const match = /^([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.*\S)\s*$/.exec(
      content.slice(options.mark.length).trimStart(),
    );
    const name = match?.[1]?.toLowerCase() ?? '';
    const value = match?.[2];
    if (value === undefined || !NAMES.includes(name)) break;
    const range = {
      start: start + line.length - content.length,
      end: start + line.trimEnd().length,
    };
    const earlier = found.get(name);
    if (earlier === undefined) found.set(name, { value, range });
    else options.diagnostics.push(repeated(name, { start: earlier.range.start, end: range.end }));
  }
  return found;
}

function repeated(name: string, range: Range): Diagnostic {
  return {
    code: 'DirectiveRepeated',
    severity: 'error',
    message: `only one ${name} parser directive can be used`,
    range,
    hint: 'Remove one of the two lines.',
  };
}

/** Docker also looks for `// syntax=` and `{"syntax": …}`: texts meant for other front ends. */
function foreignSyntax(text: string, start: number): string | undefined {
  const slashes = readComments(text, { start, mark: '//', diagnostics: [] }).get('syntax');
  if (slashes !== undefined) return slashes.value;
  if (!text.slice(start).trimStart().startsWith('{')) return undefined;
  try {
    const document: unknown = JSON.parse(text.slice(start));
    if (typeof document !== 'object' || document === null || !('syntax' in document))
      return undefined;
    return typeof document.syntax === 'string' ? document.syntax : undefined;
  } catch {
    return undefined;
  }
}
