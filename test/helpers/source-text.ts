/** A source file as the tidy rules see it: path, text, text without comments, what it imports and exports. */

export interface SourceText {
  /** From the project's root: `src/store/leases.ts`. */
  readonly path: string;
  readonly text: string;
  /** Comments blanked out, lines kept. */
  readonly code: string;
}

export function sourceText(path: string, text: string): SourceText {
  return { path, text, code: withoutComments(text) };
}

/** Blanks block comments and lines that are comments; enough for rules about code of one style. */
function withoutComments(text: string): string {
  const blank = (comment: string): string => comment.replaceAll(/[^\n]/g, ' ');
  return text
    .replaceAll(/^[ \t]*\/\*[\s\S]*?\*\//gm, blank)
    .replaceAll(/^[ \t]*\/\/.*$/gm, blank)
    .replaceAll(/[ \t]\/\/ .*$/gm, blank);
}

/** Specifiers of static and dynamic imports and of re-exports, in order. */
export function importsOf({ code }: SourceText): readonly string[] {
  const pattern =
    /^\s*(?:import|export)\b[^;'"`]*?\bfrom\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm;
  return [...code.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

/** Specifiers of what is loaded with a file: static imports and re-exports, types left out. */
export function staticImportsOf({ code }: SourceText): readonly string[] {
  const pattern =
    /^\s*(?:import|export)\s+(?!type\b)[^;'"`]*?\bfrom\s+'([^']+)'|^\s*import\s+'([^']+)'/gm;
  return [...code.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? '');
}

/** Names of exported functions, classes and constants; types have no code. */
export function exportsOf({ code }: SourceText): readonly string[] {
  const pattern = /^export (?:async )?(?:abstract )?(?:function\*?|class|const|let) +(\w+)/gm;
  return [...code.matchAll(pattern)].map((match) => match[1] ?? '');
}

/** The folder that the import table speaks of: `store`, `registry`, `engine.ts`, `test` … */
export function areaOf(path: string): string {
  const [top = '', next = ''] = path.split('/');
  return top === 'src' ? next : top;
}
