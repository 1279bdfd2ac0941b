/**
 * Random instructions as trees, all kinds, with awkward words: quotes, escapes, brackets, things
 * that look like flags, heredocs or comments. Only what can be written down, and is accepted.
 */
import fc from 'fast-check';
import type { Directives, Heredoc } from '#dockerfile/ast.ts';
import { assignmentEnd, isJsonArray } from '#dockerfile/scan.ts';
import { type BareInstruction, heredocStart, printInstruction } from './print-dockerfile.ts';

type Escape = Directives['escape'];
type Word = { readonly text: string };

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
const PIECES = [
  ...['a', 'Bc', '7', '$X', '${Y:-z}', '"', "'", '\\', '`', '=', '#', '[', ']', ',', '{', '}'],
  ...['--', '-x', '/', '.', ':', 'é', '😀', '*', '<', '&&', '|', 'AS', 'FROM', '["a"]'],
];
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax

const word = fc
  .array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 5 })
  .map((pieces) => pieces.join(''))
  // A heredoc's delimiter may stand behind a blank: `<< =` would be one of two words.
  .filter((text) => !/<<-?$/.test(text));
const plainWord = fc
  .stringMatching(/^[a-zA-Z0-9_./$-]{1,8}$/)
  .filter((text) => !text.startsWith('-'));
const blank = fc.constantFrom(' ', '  ', '\t');
const line = fc
  .tuple(word, fc.array(fc.tuple(blank, word), { maxLength: 4 }))
  .map(([first, rest]) => first + rest.flat().join(''));
const anyText = fc.string({ unit: 'grapheme', maxLength: 8 });

/** Made of text: `{ text }`. */
function operand(text: fc.Arbitrary<string>): fc.Arbitrary<Word> {
  return text.map((one) => ({ text: one }));
}

function operands(text: fc.Arbitrary<string>, minLength = 0): fc.Arbitrary<Word[]> {
  return fc.array(operand(text), { minLength, maxLength: 3 });
}

/** For `fc.record`: each key there or not. */
const MAYBE: { readonly requiredKeys: [] } = { requiredKeys: [] };

const flagText = fc.oneof(word, line, fc.constant(''));
/** What a mount may be is checked; here it is only text. */
const mountText = fc.constantFrom(
  'type=cache,target=/a',
  '"target=/a b",type=tmpfs',
  'type=bind,source=x\\y,target=/é',
  "target=/it's",
);
const lineText = line.filter((text) => !isJsonArray(text));

const heredoc: fc.Arbitrary<Bodies[number]> = fc.record({
  name: fc.constantFrom('EOF', 'E2', 'a_b'),
  literal: fc.boolean(),
  chomp: fc.boolean(),
  descriptor: fc.constantFrom(0, 3),
  content: fc
    .array(fc.oneof(line, fc.constantFrom('', '# no comment', 'FROM x', ' EOF')), { maxLength: 3 })
    .map((lines) => lines.map((one) => `${one}\n`).join('')),
});

type Bodies = readonly Omit<Heredoc, 'range'>[];

/** A shell command that starts these heredocs; its words have no quotes that could stay open. */
function commandOf(bodies: Bodies): fc.Arbitrary<string> {
  return fc
    .array(plainWord, { minLength: bodies.length, maxLength: 5 })
    .map((words) =>
      words.flatMap((one, index) => {
        const body = bodies[index];
        return body ? [one, heredocStart(body)] : [one];
      }),
    )
    .map((words) => words.join(' '));
}

const execForm = operands(anyText).map((args) => ({ form: 'exec' as const, args }));

function shellForm(text: fc.Arbitrary<string>) {
  return operand(text).map((one) => ({ form: 'shell' as const, text: one }));
}

const run = fc
  .oneof(
    fc.record({
      command: fc.oneof(
        execForm,
        shellForm(
          fc.oneof(
            lineText.filter((text) => !text.includes('<<')),
            fc.constant(''),
          ),
        ),
      ),
      heredocs: fc.constant([]),
    }),
    fc
      .array(heredoc, { minLength: 1, maxLength: 2 })
      .chain((heredocs) =>
        fc.record({ command: shellForm(commandOf(heredocs)), heredocs: fc.constant(heredocs) }),
      ),
  )
  .chain((parts) =>
    fc
      .tuple(
        operands(mountText),
        operands(flagText),
        fc.record(
          {
            network: operand(fc.constantFrom('default', 'none', 'host')),
            security: operand(fc.constantFrom('sandbox', 'insecure')),
          },
          MAYBE,
        ),
      )
      .map(([mounts, device, modes]) => ({
        kind: 'run' as const,
        ...parts,
        mounts,
        device,
        ...modes,
      })),
  );

/** With heredocs the words must be words, without them JSON can hold anything. */
const fileParts = fc.oneof(
  fc.record({
    sources: operands(fc.oneof(word, anyText), 1),
    heredocs: fc.constant<Bodies>([]),
    destination: operand(fc.oneof(word, anyText)),
  }),
  fc.record({
    sources: operands(plainWord),
    heredocs: fc.array(heredoc, { minLength: 1, maxLength: 2 }),
    destination: operand(plainWord),
  }),
);
const fileFlags = {
  link: fc.boolean(),
  exclude: operands(flagText),
};
const owner = fc.record({ chown: operand(flagText), chmod: operand(flagText) }, MAYBE);

const copy = fc
  .tuple(
    fileParts,
    fc.record({ ...fileFlags, parents: fc.boolean() }),
    owner,
    fc.record({ from: operand(flagText) }, MAYBE),
  )
  .map((parts) => Object.assign({ kind: 'copy' as const }, ...parts));
const add = fc
  .tuple(
    fileParts,
    fc.record({ ...fileFlags, keepGitDir: fc.boolean() }),
    owner,
    fc.record({ checksum: operand(flagText), unpack: fc.boolean() }, MAYBE),
  )
  .map((parts) => Object.assign({ kind: 'add' as const }, ...parts));

/** `key=value` that is one word. */
function assignment(escapeCharacter: Escape) {
  return fc
    .record({
      key: word.filter((text) => !text.includes('=')),
      value: fc.oneof(line, word, fc.constant('')),
    })
    .filter(({ key, value }) => isOneWord(`${key}=${value}`, escapeCharacter))
    .map(({ key, value }) => ({ key: { text: key }, value: { text: value } }));
}

function isOneWord(text: string, escapeCharacter: Escape): boolean {
  return assignmentEnd(`${text} x`, 0, escapeCharacter) === text.length;
}

function pairs(kind: 'env' | 'label', escapeCharacter: Escape) {
  const legacyPair = fc
    .record({ key: word, value: line })
    .filter(({ key, value }) => {
      const text = `${key} ${value}`;
      return !text.slice(0, assignmentEnd(text, 0, escapeCharacter)).includes('=');
    })
    .map(({ key, value }) => [{ key: { text: key }, value: { text: value } }]);
  return fc.oneof(
    fc.record({
      kind: fc.constant(kind),
      pairs: fc.array(assignment(escapeCharacter), { minLength: 1, maxLength: 3 }),
      legacy: fc.constant(false),
    }),
    fc.record({ kind: fc.constant(kind), pairs: legacyPair, legacy: fc.constant(true) }),
  );
}

function arg(escapeCharacter: Escape) {
  const name = word
    .filter((text) => !text.includes('=') && isOneWord(text, escapeCharacter))
    .map((text) => ({ name: { text } }));
  const assigned = assignment(escapeCharacter).map(({ key, value }) => ({ name: key, value }));
  return fc.record({
    kind: fc.constant('arg' as const),
    args: fc.array(fc.oneof(name, assigned), { minLength: 1, maxLength: 3 }),
  });
}

const nonEmptyCommand = fc.oneof(
  execForm.filter(({ args }) => args.length > 0),
  shellForm(lineText),
);
const duration = operand(fc.constantFrom('', '0', '30s', '1m30s', '500ms'));
const health = fc
  .tuple(
    fc.record({ command: nonEmptyCommand }, MAYBE),
    fc.record(
      {
        interval: duration,
        timeout: duration,
        startPeriod: duration,
        startInterval: duration,
        retries: operand(fc.constantFrom('', '0', '3')),
      },
      MAYBE,
    ),
  )
  .map(([command, times]) => ({ kind: 'healthcheck' as const, ...command, ...times }));

function simple(): fc.Arbitrary<BareInstruction>[] {
  const command = fc.oneof(execForm, shellForm(fc.oneof(lineText, fc.constant(''))));
  return [
    fc.record({ kind: fc.constant('cmd' as const), command }),
    fc.record({ kind: fc.constant('entrypoint' as const), command }),
    fc.record({ kind: fc.constant('workdir' as const), path: operand(line) }),
    fc.record({ kind: fc.constant('user' as const), user: operand(line) }),
    fc.record({ kind: fc.constant('stopsignal' as const), signal: operand(line) }),
    fc.record({ kind: fc.constant('expose' as const), ports: operands(word, 1) }),
    fc.record({
      kind: fc.constant('volume' as const),
      paths: operands(
        fc.oneof(
          word,
          anyText.filter((text) => text.trim() !== ''),
        ),
        1,
      ),
    }),
    fc.record({ kind: fc.constant('shell' as const), args: operands(anyText, 1) }),
    health,
  ];
}

const from = fc
  .tuple(
    fc.record({ image: operand(word) }),
    fc.record(
      {
        platform: operand(flagText),
        name: operand(fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9-_.]{0,5}$/)),
      },
      MAYBE,
    ),
  )
  .map(([image, rest]) => ({ kind: 'from' as const, ...image, ...rest }));

/** One instruction that can be written in a file with this escape character. */
export function anyInstruction(escapeCharacter: Escape): fc.Arbitrary<BareInstruction> {
  const triggers: fc.Arbitrary<BareInstruction> = fc.oneof(
    run,
    copy,
    add,
    arg(escapeCharacter),
    pairs('env', escapeCharacter),
    pairs('label', escapeCharacter),
    ...simple(),
  );
  const onbuild = triggers
    .filter((one) => isComplete(one, escapeCharacter))
    .map((one) => ({ kind: 'onbuild' as const, trigger: { text: printInstruction(one) } }));
  const maintainer = fc.record({ kind: fc.constant('maintainer' as const), author: operand(line) });
  return fc
    .oneof({ weight: 6, arbitrary: triggers }, onbuild, from, maintainer)
    .filter((one) => isComplete(one, escapeCharacter));
}

/** Its first line does not go on in the next: an escape at the end cannot be written otherwise. */
function isComplete(one: BareInstruction, escapeCharacter: Escape): boolean {
  const [first = ''] = printInstruction(one).split('\n');
  return !first.endsWith(escapeCharacter);
}
