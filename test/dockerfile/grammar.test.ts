/** Lexer and grammar themselves: chevrotain's own checks find nothing, for either escape. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { InstructionParser } from '#dockerfile/grammar.ts';
import { createLexer, createTokens } from '#dockerfile/lexer.ts';

test('chevrotain is loaded by the lexer and the grammar only', () => {
  const folder = join(import.meta.dirname, '../../src/dockerfile');
  const loading = globSync('**/*.ts', { cwd: folder }).filter((name) =>
    /^import (?!type\b)[^;]* from 'chevrotain'/m.test(readFileSync(join(folder, name), 'utf8')),
  );
  assert.deepEqual(loading.sort(), ['grammar.ts', 'lexer.ts']);
});

for (const escapeCharacter of ['\\', '`'] as const) {
  test(`tokens and grammar are sound with ${escapeCharacter} as the escape`, () => {
    const tokens = createTokens(escapeCharacter);
    const lexer = createLexer(tokens, { validate: true });
    assert.deepEqual(lexer.lexerDefinitionErrors, []);
    assert.ok(new InstructionParser(tokens, { validate: true }));
  });
}

const lexer = createLexer(createTokens('\\'));

const tokenized: readonly (readonly [line: string, tokens: string])[] = [
  ['FROM as', 'From:FROM Word:as'],
  ['FROM --platform=x as AS as', 'From:FROM Flag:--platform=x Word:as As:AS Word:as'],
  ['FROMM a', 'UnknownKeyword:FROMM Text:a'],
  ['copy --from=a -- --b c', 'Copy:copy Flag:--from=a FlagsEnd:-- Word:--b Word:c'],
  ['RUN --mount=a="b c" d', 'Run:RUN Flag:--mount=a="b c" ShellWord:d'],
  ['RUN a <<  X "<<Y"', 'Run:RUN ShellWord:a Heredoc:<<  X ShellWord:"<<Y"'],
  ['RUN <<<word <<- <<', 'Run:RUN ShellWord:<<<word ShellWord:<<- ShellWord:<<'],
  ["RUN it's <<X", "Run:RUN ShellWord:it's <<X"],
  ["RUN <<X it's", "Run:RUN ShellWord:<<X ShellWord:it's"],
  ['CMD ["a" ,"b"]', 'Cmd:CMD JsonOpen:[ JsonString:"a" JsonComma:, JsonString:"b" JsonClose:]'],
  ['CMD ["a"', 'Cmd:CMD Text:["a"'],
  ['VOLUME <<X', 'Volume:VOLUME Word:<<X'],
  ['ENV a b=c', 'Env:ENV LegacyName:a LegacyValue:b=c'],
  ['ENV a=b=c d=', 'Env:ENV PairKey:a Equals:= PairValue:b=c PairKey:d Equals:='],
  ['ENV "a b"=c', 'Env:ENV PairKey:"a b" Equals:= PairValue:c'],
  ['ENV "a=b c"=d', 'Env:ENV PairKey:"a Equals:= PairValue:b c"=d'],
  ['ARG a b=1', 'Arg:ARG BareWord:a PairKey:b Equals:= PairValue:1'],
  ['ONBUILD COPY --from=a b c', 'Onbuild:ONBUILD Copy:COPY Flag:--from=a Word:b Word:c'],
  ['HEALTHCHECK CMD --a', 'Healthcheck:HEALTHCHECK HealthType:CMD Text:--a'],
];

for (const [line, expected] of tokenized) {
  test(`${line} is cut into its tokens`, () => {
    const { tokens, errors } = lexer.tokenize(line);
    assert.deepEqual(errors, []);
    const found = tokens.map(({ tokenType, image }) => `${tokenType.name}:${image}`).join(' ');
    assert.equal(found, expected);
  });
}
