/** Names of steps in the log: variables that are set, and nothing else, are replaced. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scratchState } from '#build/state.ts';
import { stepName } from '#build/step-name.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';

const dockerfile = parseDockerfile({ name: 'Dockerfile', text: 'FROM scratch\n' });
const state = { ...scratchState(), env: new Map([['A', 'one']]) };

const cases: readonly [source: string, name: string][] = [
  ['RUN echo "$A" ${A}2 $B', 'RUN echo "one" one2 $B'],
  ["RUN echo '$A'", "RUN echo '$A'"],
  ['RUN echo \\$A "\\$A"', 'RUN echo $A "$A"'],
  ["RUN echo ${A^^} it's", "RUN echo ${A^^} it's"],
  ['COPY --chown=$A a /$A/', 'COPY --chown=one a /one/'],
];

for (const [source, name] of cases) {
  test(source, () => assert.equal(stepName(source, state, dockerfile), name));
}
