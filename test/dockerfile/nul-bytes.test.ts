/** Where a NUL byte is an error, and where docker's image may hold one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDockerfile } from '#dockerfile/parser.ts';

/** What is marked of each error about NUL bytes. */
function marked(text: string): readonly string[] {
  return parseDockerfile({ name: 'Dockerfile', text: `FROM a\n${text}` })
    .diagnostics.filter(({ code }) => code === 'NulByte')
    .map(({ range }) => `FROM a\n${text}`.slice(range.start - 1, range.end));
}

for (const text of [
  'RUN echo x\0\n',
  'RUN ["true", "x\0"]\n',
  'RUN <<E\ntrue\nx\0\nE\n',
  'CMD x\0\n',
  'ENTRYPOINT x\0\n',
  'HEALTHCHECK CMD x\0\n',
  'ENV a=x\0\n',
  'ARG a=x\0\n',
  'COPY x\0 /\n',
  'ADD a /x\0\n',
  'WORKDIR /x\0\n',
  'USER x\0\n',
  'VOLUME /x\0\n',
  'ONBUILD RUN x\0\n',
  'RUN a && \\\n  x\0\n',
]) {
  test(`refused: ${JSON.stringify(text)}`, () => assert.deepEqual(marked(text), ['x\0']));
}

test('an escape that the build uses is one too, with the string for a place', () => {
  assert.deepEqual(marked('RUN ["a\\u0000"]\n'), ['["a\\u0000"']);
  assert.deepEqual(marked('COPY ["a", "/b\\u0000"]\n'), [' "/b\\u0000"']);
  assert.deepEqual(marked('SHELL ["/bin/sh", "\\u0000"]\n'), [' "\\u0000"']);
  assert.deepEqual(marked('CMD ["a\\u0000"]\n'), []);
});

test('one is told of an instruction', () => {
  assert.deepEqual(marked('RUN x\0y\0\nRUN z\0\n'), ['x\0', 'z\0']);
});

for (const text of ['# x\0\n', 'LABEL a=x\0\n', 'MAINTAINER x\0\n', 'COPY <<E /f\nx\0\nE\n']) {
  test(`taken: ${JSON.stringify(text)}`, () => {
    assert.deepEqual(marked(text), []);
  });
}

test('of FROM docker itself says what it cannot read', () => {
  assert.deepEqual(marked('FROM x\0\n'), []);
});
