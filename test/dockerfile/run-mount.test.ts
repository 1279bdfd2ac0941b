/** `RUN --mount`: typed mounts, BuildKit's complaints, and where they point. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import type { Dockerfile } from '#dockerfile/ast.ts';
import { refusalsOf } from '#dockerfile/lint/refusals.ts';
import { createSubject } from '#dockerfile/lint/subject.ts';
import type { RunMount } from '#dockerfile/mount.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';
import { mountPath, parseRunMount } from '#dockerfile/run-mount.ts';
import { hasSuites, readCases } from '#test/helpers/suites.ts';

const mounts: readonly (readonly [text: string, mount: RunMount])[] = [
  ['target=/x', { type: 'bind', target: '/x', readOnly: true }],
  [
    'type=bind,from=a,src=b,dst=c,rw',
    { type: 'bind', from: 'a', source: 'b', target: 'c', readOnly: false },
  ],
  ['from=,target=/x,rw,ro', { type: 'bind', target: '/x', readOnly: true }],
  ['target=/x,ro=false,readwrite=false', { type: 'bind', target: '/x', readOnly: true }],
  ['target=/x,readonly=0', { type: 'bind', target: '/x', readOnly: false }],
  ['type=cache,target=x', { type: 'cache', target: 'x', readOnly: false, sharing: 'shared' }],
  [
    'TYPE=Cache,destination=/x,id=i,from=a,source=/s,sharing=LOCKED,ro,mode=0750,uid=1,gid=2',
    {
      type: 'cache',
      id: 'i',
      from: 'a',
      source: '/s',
      target: '/x',
      readOnly: true,
      sharing: 'locked',
      mode: 0o750,
      uid: 1,
      gid: 2,
    },
  ],
  ['type=tmpfs,target=/x', { type: 'tmpfs', target: '/x', readOnly: false }],
  ['type=tmpfs,target=/x,size=1k', { type: 'tmpfs', target: '/x', readOnly: false, size: 1024 }],
  ['type=secret,id=a', { type: 'secret', id: 'a', required: false }],
  ['type=secret,src=a,env=A', { type: 'secret', id: 'a', env: 'A', required: false }],
  [
    'type=secret,target=/run/key,required,mode=0',
    { type: 'secret', id: 'key', target: '/run/key', required: true, mode: 0 },
  ],
  ['type=ssh', { type: 'ssh', id: 'default', required: false }],
  [
    'type=ssh,id=git,target=/s,required=true,uid=0',
    { type: 'ssh', id: 'git', target: '/s', required: true, uid: 0 },
  ],
];

describe('a mount', () => {
  for (const [text, mount] of mounts) {
    it(text, () => assert.deepEqual(parseRunMount(text), { kind: 'mount', mount }));
  }
});

/** What is wrong, and the part of the value that is underlined. */
const problems: readonly (readonly [text: string, problem: string, place: string])[] = [
  ['type=bnid,target=/x', 'unsupported mount type "bnid" (did you mean bind?)', 'bnid'],
  ['type=,target=/x', 'unsupported mount type ""', ''],
  ['tagret=/x', "unexpected key 'tagret' in 'tagret=/x' (did you mean target?)", 'tagret'],
  ['nonsense=1', "unexpected key 'nonsense' in 'nonsense=1'", 'nonsense'],
  ['target', "invalid field 'target' must be a key=value pair", 'target'],
  ['required,type=secret', "unexpected key 'required' for mount type 'bind'", 'required'],
  ['target=/x,env=A', "unexpected key 'env' for mount type 'bind'", 'env'],
  ['target=/x,rw=yes', 'invalid value for rw: yes', 'yes'],
  ['type=ssh,required=2', 'invalid value for required: 2', '2'],
  ['type=tmpfs,size=big', 'invalid value for size: big', 'big'],
  ['type=cache,sharing=shard', 'unsupported sharing value "shard" (did you mean shared?)', 'shard'],
  ['type=cache,mode=0888', 'invalid value 0888 for mode', '0888'],
  ['type=cache,uid=4294967296', 'invalid value 4294967296 for uid', '4294967296'],
  ['gid=1', 'gid not allowed for "bind" type mounts', 'gid=1'],
  ['type=ssh,sharing=shared', 'invalid cache sharing set for ssh mount', 'sharing=shared'],
  ['type=ssh,source=a', 'ssh does not support source', 'source=a'],
  ['type=secret,id=a,from=b', 'secret mount should not have a from', 'from=b'],
  [
    'from=$a,target=/x',
    "'from' doesn't support variable expansion, define alias stage instead",
    '$a',
  ],
  [
    '"type=bind',
    'failed to parse csv mounts: parse error on line 1, column 11: extraneous or missing " in quoted-field',
    '',
  ],
];

describe('a complaint', () => {
  for (const [text, problem, place] of problems) {
    it(`${text}: ${problem}`, () => {
      const reading = parseRunMount(text);
      assert.ok(reading.kind === 'problem');
      assert.equal(reading.problem.text, problem);
      assert.equal(text.slice(reading.problem.start, reading.problem.end), place);
      assert.notEqual(reading.problem.hint, '');
    });
  }
});

describe('variables', () => {
  for (const text of [
    'type=$t,size=1',
    'target=${d}',
    'type=secret,target=$d',
    'type=cache,uid=$u',
    'type=cache,target="a"'.replaceAll('"', "'"),
  ]) {
    it(`are left to the builder: ${text}`, () => {
      assert.deepEqual(parseRunMount(text), { kind: 'open' });
    });
  }

  it('hide no mistake beside them', () => {
    assert.equal(parseRunMount('target=$d,sise=1').kind, 'problem');
  });

  it('are expanded by who can', () => {
    const expand = (value: string): string => value.replace('$u', '7');
    assert.deepEqual(parseRunMount('type=cache,target=/x,uid=$u', expand), {
      kind: 'mount',
      mount: { type: 'cache', target: '/x', readOnly: false, sharing: 'shared', uid: 7 },
    });
    const reading = parseRunMount('type=cache,uid=$u', () => 'x');
    assert.equal(reading.kind, 'problem');
  });
});

test('the path of a mount is never the root', () => {
  assert.deepEqual(mountPath('a', '/w'), { path: '/w/a' });
  assert.deepEqual(mountPath('', '/w'), { path: '/w' });
  assert.deepEqual(mountPath('/a/', '/w'), { path: '/a' });
  for (const [target, workdir] of [
    ['', '/'],
    ['/', '/w'],
    ['..', '/w'],
  ] as const) {
    assert.deepEqual(mountPath(target, workdir), { error: 'invalid mount target "/"' });
  }
});

function refused(text: string) {
  const dockerfile = parse(text);
  const { file, diagnostics } = dockerfile;
  return { file, diagnostics: [...diagnostics, ...refusalsOf(createSubject(dockerfile))] };
}

function parse(text: string): Dockerfile {
  return parseDockerfile({ name: 'Dockerfile', text });
}

describe('in a Dockerfile', () => {
  const places: readonly (readonly [run: string, message: string, place: string])[] = [
    ['RUN --mount=type=bind,tagret=/x y', "unexpected key 'tagret' in 'tagret=/x'", 'tagret'],
    ['RUN --mount="type=bind","tagret=/x" y', "unexpected key 'tagret' in 'tagret=/x'", 'tagret'],
    ['RUN --mount=type=bind,\\\ntype=cach y', 'unsupported mount type "cach"', 'cach'],
    ['RUN --mount=target=/ y', 'invalid mount target "/"', '/'],
    [
      'RUN --mount=from=$x,target=/y z',
      "dockerfile parse error on line 2: 'from' doesn't support variable expansion",
      '$x',
    ],
  ];
  for (const [run, message, place] of places) {
    it(run, () => {
      const { file, diagnostics } = refused(`FROM a\n${run}\n`);
      assert.equal(diagnostics.length, 1);
      const [diagnostic] = diagnostics;
      assert.ok(diagnostic);
      assert.ok(diagnostic.message.startsWith(message), diagnostic.message);
      assert.equal(diagnostic.code, 'MountInvalid');
      assert.equal(file.text.slice(diagnostic.range.start, diagnostic.range.end), place);
    });
  }

  it('a trigger is judged where it runs', () => {
    assert.deepEqual(refused('FROM a\nONBUILD RUN --mount=x y\n').diagnostics, []);
  });

  it('variables are no mistake', () => {
    assert.deepEqual(
      refused('FROM a\nARG x\nRUN --mount=type=cache,target=$x y\n').diagnostics,
      [],
    );
  });
});

test('mounts agree with BuildKit', async (t) => {
  if (!hasSuites()) return t.skip('needs ../shared/suites');
  const cases = readCases<{ readonly flag: string; readonly error?: string }>(
    'runmount-flags.json',
  );
  assert.equal(cases.length, 39);
  for (const { flag, error } of cases) {
    await t.test(flag, () => {
      const { diagnostics } = refused(`FROM scratch\nRUN ${flag} /nosuch\n`);
      assert.deepEqual(
        diagnostics.map(({ message }) => message),
        error === undefined ? [] : [error],
      );
    });
  }
});
