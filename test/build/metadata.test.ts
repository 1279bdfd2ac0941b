/** Instructions that change only the config: what they set and the history they leave. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyArg } from '#build/args.ts';
import { expander } from '#build/expand.ts';
import { runHistory } from '#build/history.ts';
import { exposedPorts } from '#build/instructions/expose.ts';
import * as metadata from '#build/instructions/metadata.ts';
import { type StageState, scratchState } from '#build/state.ts';
import type { Instruction } from '#dockerfile/ast.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function apply(
  text: string,
  options: { from?: StageState; args?: Record<string, string> } = {},
): StageState {
  const { instructions, diagnostics } = parseDockerfile({
    name: 'Dockerfile',
    text: `FROM scratch\n${text}`,
  });
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 'error'),
    [],
  );
  const given = new Map(Object.entries(options.args ?? {}));
  return instructions
    .slice(1)
    .reduce((state, one) => step(state, one, given), options.from ?? scratchState());
}

function step(state: StageState, one: Instruction, given: ReadonlyMap<string, string>): StageState {
  const bind = (env: ReadonlyMap<string, string>) => expander(env, '\\');
  const expand = bind(state.env);
  switch (one.kind) {
    case 'arg':
      return applyArg(state, one, {
        build: { given, global: new Map([['TARGETARCH', 'amd64']]) },
        expand: bind,
      });
    case 'env':
      return metadata.applyEnv(state, one, expand);
    case 'label':
      return metadata.applyLabel(state, one, expand);
    case 'cmd':
      return metadata.applyCmd(state, one);
    case 'entrypoint':
      return metadata.applyEntrypoint(state, one);
    case 'expose':
      return metadata.applyExpose(state, exposedPorts(one, { env: state.env, escape: '\\' }));
    case 'user':
      return metadata.applyUser(state, one, expand);
    case 'volume':
      return metadata.applyVolume(state, one, expand);
    case 'shell':
      return metadata.applyShell(state, one);
    case 'stopsignal':
      return metadata.applyStopsignal(state, one, expand);
    case 'healthcheck':
      return metadata.applyHealthcheck(state, one);
    case 'onbuild':
      return metadata.applyOnbuild(state, one);
    case 'maintainer':
      return metadata.applyMaintainer(state, one);
    default:
      throw new Error(`not metadata: ${one.kind}`);
  }
}

const lastLine = (state: StageState): string | undefined => state.history.at(-1)?.created_by;

test('scratch starts with docker’s PATH and WORKDIR', () => {
  assert.deepEqual(scratchState().config, { Env: [PATH], WorkingDir: '/' });
});

test('one ENV sees the environment before it', () => {
  const { config, env } = apply('ENV abc=hello\nENV abc=bye def=$abc\nENV ghi=$abc');
  assert.deepEqual(config.Env, [PATH, 'abc=bye', 'def=hello', 'ghi=bye']);
  assert.equal(env.get('def'), 'hello');
});

test('ten thousand ENV lines, half of them again: each name once, in order, the last value', () => {
  const lines = Array.from({ length: 10_000 }, (_, i) => `ENV NAME_${i % 5000}=${i}`);
  const { config, env, history } = apply(lines.join('\n'));
  const expected = Array.from({ length: 5000 }, (_, i) => `NAME_${i}=${i + 5000}`);
  assert.deepEqual(config.Env, [PATH, ...expected]);
  assert.deepEqual(
    [...env].map(([name, value]) => `${name}=${value}`),
    config.Env,
  );
  assert.equal(history.length, 10_000);
});

test('one ENV with a name twice keeps the last value', () => {
  assert.deepEqual(apply('ENV a=1 b=2 a=3').config.Env, [PATH, 'a=3', 'b=2']);
});

test('ARG after ENV wins for what follows, the config keeps ENV', () => {
  const state = apply('ARG V\nENV V=env\nARG V=2', { args: { V: 'cli' } });
  assert.equal(state.env.get('V'), 'cli');
  assert.deepEqual(state.config.Env, [PATH, 'V=env']);
});

test('ARG: --build-arg, then the default, then the global scope, then nothing', () => {
  const state = apply('ARG A=1\nARG B=2\nARG TARGETARCH\nARG NONE', { args: { A: 'x' } });
  assert.deepEqual(
    ['A', 'B', 'TARGETARCH', 'NONE'].map((name) => state.env.get(name)),
    ['x', '2', 'amd64', undefined],
  );
  assert.deepEqual(
    state.history.map(({ created_by }) => created_by),
    ['ARG A=x', 'ARG B=2', 'ARG TARGETARCH=amd64', 'ARG NONE'],
  );
});

test('RUN’s history counts the arguments it saw', () => {
  const state = apply('ARG foo=bar2\nARG bar=123');
  assert.equal(
    runHistory(state, ['/bin/sh', '-c', 'true']),
    'RUN |2 foo=bar2 bar=123 /bin/sh -c true',
  );
});

test('ENTRYPOINT clears an inherited CMD, not one of its own stage', () => {
  const base = apply('CMD ["inherited"]');
  const inherited = apply('ENTRYPOINT ["e"]', { from: { ...base, cmdSet: false } });
  assert.equal(inherited.config.Cmd, undefined);
  assert.deepEqual(apply('CMD ["own"]\nENTRYPOINT ["e"]').config.Cmd, ['own']);
});

test('shell form goes behind the SHELL in force', () => {
  const state = apply('SHELL ["/bin/bash", "-c"]\nCMD echo hi');
  assert.deepEqual(state.config.Cmd, ['/bin/bash', '-c', 'echo hi']);
  assert.equal(lastLine(state), 'CMD ["/bin/bash" "-c" "echo hi"]');
});

test('EXPOSE, VOLUME, LABEL and USER add up', () => {
  const { config } = apply(
    'ENV P=90\nEXPOSE 80 $P/UDP\nEXPOSE 8000-8001\nVOLUME /a /b\nLABEL x=1 y="2 3"\nLABEL x=4\nUSER u:$P',
  );
  assert.deepEqual(Object.keys(config.ExposedPorts ?? {}), [
    '80/tcp',
    '90/udp',
    '8000/tcp',
    '8001/tcp',
  ]);
  assert.deepEqual(Object.keys(config.Volumes ?? {}), ['/a', '/b']);
  assert.deepEqual(config.Labels, { x: '4', y: '2 3' });
  assert.equal(config.User, 'u:90');
});

test('HEALTHCHECK in nanoseconds, and NONE', () => {
  const { config } = apply('HEALTHCHECK --interval=30s --timeout=1m30s --retries=3 CMD curl -f /');
  assert.deepEqual(config.Healthcheck, {
    Test: ['CMD-SHELL', 'curl -f /'],
    Interval: 30e9,
    Timeout: 90e9,
    Retries: 3,
  });
  assert.deepEqual(apply('HEALTHCHECK NONE').config.Healthcheck, { Test: ['NONE'] });
});

test('HEALTHCHECK leaves out what is zero', () => {
  const { config } = apply('HEALTHCHECK --timeout=0s --retries=0 CMD true');
  assert.deepEqual(config.Healthcheck, { Test: ['CMD-SHELL', 'true'] });
});

test('history: SHELL without quotes, EXPOSE sorted, ONBUILD not at all', () => {
  const { history } = apply(
    'SHELL ["/bin/sh", "-ec"]\nEXPOSE 80 81/UDP 8000-8001\nONBUILD RUN make',
  );
  assert.deepEqual(
    history.map(({ created_by }) => created_by),
    ['SHELL [/bin/sh -ec]', 'EXPOSE [80/tcp 8000/tcp 8001/tcp 81/udp]'],
  );
});

test('STOPSIGNAL takes names and numbers and refuses the rest', () => {
  for (const signal of ['SIGTERM', 'TERM', '9', 'SIGRTMIN+3'])
    assert.equal(apply(`STOPSIGNAL ${signal}`).config.StopSignal, signal);
  for (const signal of ['nosuch', '65', '0'])
    assert.throws(() => apply(`STOPSIGNAL ${signal}`), /invalid signal/);
});

test('ONBUILD and MAINTAINER are kept', () => {
  const state = apply('ONBUILD RUN make\nMAINTAINER me <me@example.com>');
  assert.deepEqual(state.config.OnBuild, ['RUN make']);
  assert.equal(state.author, 'me <me@example.com>');
});
