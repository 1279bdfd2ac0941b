/**
 * Text to instructions: directives, logical lines, and for each line the lexer and the grammar.
 * Every line is parsed by itself, so one error never hides the next. The result is complete: what
 * is wrong stands in `diagnostics`, nothing is thrown. Loading this module loads chevrotain.
 */
import type { Diagnostic } from '#core/diagnostic.ts';
import type { Range, SourceFile } from '#core/source.ts';
import type { Dockerfile, Heredoc, Instruction } from './ast.ts';
import { limitDiagnostics, MAX_DIAGNOSTICS } from './diagnostic-limit.ts';
import { parseDirectives } from './directives.ts';
import { InstructionParser } from './grammar.ts';
import { InstructionContext, type Problem } from './instruction-context.ts';
import { createLexer, createTokens, KEYWORDS } from './lexer.ts';
import { LineReader, type LogicalLine, MAX_LINE_BYTES } from './lines.ts';
import { nestedTooDeep } from './nesting.ts';
import { nulByteIn } from './nul-bytes.ts';
import { parseHeredocStart } from './scan.ts';

export interface ParseOptions {
  /** The text is no whole Dockerfile (ONBUILD triggers): it may lack FROM, or be empty. */
  readonly fragment?: boolean;
}

/** Parses a whole Dockerfile. Never throws on any text. */
export function parseDockerfile(file: SourceFile, options: ParseOptions = {}): Dockerfile {
  const { directives, diagnostics } = parseDirectives(file.text);
  const reader = new LineReader(file.text, directives.escape);
  const parsed = parseLines(file, reader, languageFor(directives.escape));
  const found = [
    ...diagnostics,
    ...parsed.diagnostics,
    ...reader.tooLong.map(lineTooLong),
    ...(options.fragment === true ? [] : checkWhole(file, parsed)),
  ];
  return {
    file,
    directives,
    instructions: parsed.instructions,
    triggers: options.fragment === true ? [] : triggersOf(file, parsed.instructions),
    diagnostics: [
      ...limitDiagnostics(found.sort((left, right) => left.range.start - right.range.start)),
      ...(parsed.unread === undefined ? [] : [notRead(parsed.unread)]),
    ],
  };
}

function triggersOf({ name }: SourceFile, instructions: readonly Instruction[]) {
  return instructions
    .filter((instruction) => instruction.kind === 'onbuild')
    .map(
      ({ trigger: { text } }) => parseDockerfile({ name, text }, { fragment: true }).instructions,
    );
}

/** Lexer and parser of one escape character; made at its first use. */
class Language {
  readonly escape;
  readonly tokens;
  readonly lexer;
  readonly parser;

  constructor(escapeCharacter: '\\' | '`') {
    this.escape = escapeCharacter;
    this.tokens = createTokens(escapeCharacter);
    this.lexer = createLexer(this.tokens);
    this.parser = new InstructionParser(this.tokens);
  }
}

const languages = new Map<string, Language>();

function languageFor(escapeCharacter: '\\' | '`'): Language {
  const known = languages.get(escapeCharacter);
  if (known !== undefined) return known;
  const language = new Language(escapeCharacter);
  languages.set(escapeCharacter, language);
  return language;
}

/** A line that is meant as an instruction, understood or not. */
interface Statement {
  readonly keyword: string;
  readonly range: Range;
}

interface ParsedLines {
  readonly instructions: readonly Instruction[];
  readonly statements: readonly Statement[];
  readonly diagnostics: readonly Diagnostic[];
  /** The first line that was not looked at any more, after very many errors. */
  readonly unread: Range | undefined;
}

function parseLines(file: SourceFile, reader: LineReader, language: Language): ParsedLines {
  const instructions: Instruction[] = [];
  const statements: Statement[] = [];
  const diagnostics: Diagnostic[] = [];
  let tooLong = 0;
  let unread: Range | undefined;
  let errors = 0;
  for (let line = reader.readLine(); line !== undefined; line = reader.readLine()) {
    if (reader.tooLong.length > tooLong) {
      // Docker refuses the file for it: nothing on the line is worth its time.
      tooLong = reader.tooLong.length;
      statements.push({ keyword: firstWord(line.text), range: line.range(0, line.text.length) });
      continue;
    }
    if (errors >= MAX_DIAGNOSTICS) {
      // Nobody corrects more than that at once.
      unread = line.range(0, line.text.trimEnd().length);
      break;
    }
    const { tokens } = language.lexer.tokenize(line.text.trimEnd());
    const starts = tokens.filter(({ tokenType }) => tokenType === language.tokens.Heredoc);
    const bodies = readBodies({ file, reader, line, starts });
    // A body's long lines say nothing of the instruction behind it.
    tooLong = reader.tooLong.length;
    const parts = { file, line, heredocs: bodies.heredocs };
    const context = new InstructionContext(parts);
    const instruction = language.parser.parse(tokens, context);
    if (instruction !== undefined) {
      instructions.push(instruction);
      for (const { operand, text, hint } of nestedTooDeep(instruction, language.escape)) {
        context.report({ code: 'NestedTooDeep', text, range: operand.range, hint });
      }
      const nul = nulByteIn(instruction, parts);
      if (nul !== undefined) context.report(nulByte(nul));
    }
    statements.push({ keyword: (tokens[0]?.image ?? '').toUpperCase(), range: context.range });
    // One line may have more of them than a call takes arguments.
    const found = [bodies.diagnostics, context.diagnostics, blankWarnings(line, context)].flat();
    for (const diagnostic of found) diagnostics.push(diagnostic);
    errors += found.filter(({ severity }) => severity === 'error').length;
    if (instruction?.kind === 'onbuild') {
      const inner = new InstructionContext({ ...parts, onlySyntax: true });
      const trigger = instruction.trigger.range.start;
      language.parser.parse(
        tokens.filter(({ startOffset }) => line.range(startOffset, startOffset).start >= trigger),
        inner,
      );
      for (const diagnostic of inner.diagnostics) diagnostics.push(diagnostic);
    }
  }
  return { instructions, statements, diagnostics, unread };
}

/** Compared with the keywords only, of which none is that long. */
function firstWord(line: string): string {
  return (/^\s*(\S{1,20})/.exec(line)?.[1] ?? '').toUpperCase();
}

/** Reads the heredoc bodies behind a line, in the order of their starts. */
function readBodies(parts: {
  readonly file: SourceFile;
  readonly reader: LineReader;
  readonly line: LogicalLine;
  readonly starts: readonly { readonly image: string; readonly startOffset: number }[];
}): { heredocs: Map<number, Heredoc>; diagnostics: Diagnostic[] } {
  const heredocs = new Map<number, Heredoc>();
  for (const { image, startOffset } of parts.starts) {
    const start = parseHeredocStart(image);
    if (start === undefined) continue;
    const body = parts.reader.readHeredoc(start);
    if (body === undefined) {
      const range = parts.line.range(startOffset, startOffset + image.length);
      // The text that was meant as the body must not be taken for instructions.
      parts.reader.skipUntil(startsInstruction);
      return { heredocs, diagnostics: [unterminated(start.name, range)] };
    }
    const content = start.chomp ? body.content.replace(/^\t+/gm, '') : body.content;
    heredocs.set(startOffset, { ...start, content, range: body.range });
  }
  return { heredocs, diagnostics: [] };
}

/** Upper case as almost everybody writes it; a body's own text rarely looks so. */
function startsInstruction(line: string): boolean {
  return KEYWORDS.includes(/^[A-Z]+(?=\s)/.exec(line)?.[0] ?? '');
}

function unterminated(name: string, range: Range): Diagnostic {
  return {
    code: 'HeredocUnterminated',
    severity: 'error',
    message: 'unterminated heredoc',
    range,
    reason: `No line consists of ${name} alone.`,
    hint: `End the text with a line ${name}, without blanks around it.`,
  };
}

function nulByte(range: Range): Problem {
  return {
    code: 'NulByte',
    text: 'a NUL byte in an instruction',
    range,
    reason: 'No command, variable or path can hold one: it would fail when it is used.',
    hint: 'Remove it, or save the file as UTF-8.',
  };
}

function notRead(range: Range): Diagnostic {
  return {
    code: 'TooManyProblems',
    severity: 'error',
    message: 'too many errors: the file was not read further than here',
    range,
    hint: 'Correct those above first, or check that the file is a Dockerfile.',
  };
}

function lineTooLong(range: Range): Diagnostic {
  return {
    code: 'LineTooLong',
    severity: 'error',
    message: `dockerfile line greater than max allowed size of ${MAX_LINE_BYTES}`,
    range,
    hint: 'Break the line with continuations, or COPY a file instead.',
  };
}

function blankWarnings(line: LogicalLine, context: InstructionContext): Diagnostic[] {
  const first = line.blanks[0];
  if (first === undefined) return [];
  return [
    {
      code: 'NoEmptyContinuation',
      severity: 'warning',
      message: `Empty continuation line found in: ${line.text.trim()}`,
      range: context.range,
      reason: 'Docker will treat a blank line inside an instruction as its end one day.',
      hint: 'Remove the blank line, or make it a comment.',
    },
  ];
}

/** What is wrong with the file as a whole. */
function checkWhole(file: SourceFile, parsed: ParsedLines): Diagnostic[] {
  const { statements } = parsed;
  const problem = (
    message: string,
    place: { code: string; range: Range; hint: string },
  ): Diagnostic => ({ ...place, severity: 'error', message });
  if (statements.length === 0) {
    const end = file.text.trimEnd().length;
    const start = file.text.lastIndexOf('\n', end - 1) + 1;
    return file.text === ''
      ? [
          problem('the Dockerfile cannot be empty', {
            code: 'FileEmpty',
            range: { start: 0, end: 0 },
            hint: 'Start with FROM and an image.',
          }),
        ]
      : [
          problem('file with no instructions', {
            code: 'NoInstructions',
            range: { start: Math.min(start, end), end },
            hint: 'Start with FROM and an image.',
          }),
        ];
  }
  const known = statements.filter(({ keyword }) => KEYWORDS.includes(keyword));
  const early = known.find(({ keyword }) => keyword !== 'ARG');
  if (early !== undefined && early.keyword !== 'FROM') {
    return [
      problem('no build stage in current context', {
        code: 'NoStage',
        range: early.range,
        hint: `Put FROM above it: only ARG may come before the first FROM.`,
      }),
    ];
  }
  if (early === undefined && known.length === statements.length && parsed.unread === undefined) {
    return [
      problem('dockerfile contains no stages to build', {
        code: 'NoStage',
        range: statements.at(-1)?.range ?? { start: 0, end: 0 },
        hint: 'Add FROM and an image.',
      }),
    ];
  }
  return [];
}
