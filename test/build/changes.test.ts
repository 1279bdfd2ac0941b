/** `--change`: the builder's own instructions, limited to docker's list and in docker's words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configOfChanges } from '#build/changes.ts';

test('each instruction on the config, in order', () => {
  assert.deepEqual(configOfChanges([]), {});
  assert.deepEqual(
    configOfChanges([
      'ENV A=b C="x y"',
      'env D=$A',
      'CMD echo $A',
      'WORKDIR foo',
      'WORKDIR bar',
      'EXPOSE 80 90/udp',
      'LABEL a=b',
      'VOLUME /v',
      'USER 5',
      'ONBUILD RUN x',
      'HEALTHCHECK --interval=5s CMD true',
      'STOPSIGNAL 9',
      'ENTRYPOINT ["x"]',
    ]),
    {
      Env: ['A=b', 'C=x y', 'D=b'],
      Cmd: ['/bin/sh', '-c', 'echo $A'],
      WorkingDir: '/foo/bar',
      ExposedPorts: { '80/tcp': {}, '90/udp': {} },
      Labels: { a: 'b' },
      Volumes: { '/v': {} },
      User: '5',
      OnBuild: ['RUN x'],
      Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 5e9 },
      StopSignal: '9',
      Entrypoint: ['x'],
    },
  );
});

const REFUSED: readonly (readonly [change: string, message: RegExp])[] = [
  ['RUN x', /^RUN is not a valid change command$/],
  ['run x', /^run is not a valid change command$/],
  ['FOO x', /^FOO is not a valid change command$/],
  ['FROM x', /^FROM is not a valid change command$/],
  ['COPY a b', /^COPY is not a valid change command$/],
  ['SHELL ["x"]', /^SHELL is not a valid change command$/],
  ['ARG x', /^ARG is not a valid change command$/],
  ['MAINTAINER x', /^MAINTAINER is not a valid change command$/],
  ['CMD x\nRUN y', /^RUN is not a valid change command$/],
  ['ENV a', /ENV must have two arguments$/],
  ['EXPOSE abc', /invalid containerPort: abc$/i],
  ['STOPSIGNAL xx', /^invalid signal: xx$/],
  ['WORKDIR', /WORKDIR requires exactly one argument$/],
  ['', /^file with no instructions$/],
  ['# comment', /^file with no instructions$/],
];

for (const [change, message] of REFUSED) {
  test(`refused: ${JSON.stringify(change)}`, () => {
    assert.throws(() => configOfChanges([change]), { code: 'DOCKERFILE_INVALID', message });
  });
}
