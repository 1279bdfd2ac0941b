/** Ports of EXPOSE: the shared table and what it leaves out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSlipwayError } from '#core/errors.ts';
import { parseExpose } from '#dockerfile/expose.ts';
import { hasSuites, readCases } from '#test/helpers/suites.ts';

interface ExposeCase {
  readonly spec?: string;
  readonly specs?: readonly string[];
  readonly expect?: readonly string[];
  readonly error?: boolean | string;
}

test('ports agree with the shared table', async (t) => {
  if (!hasSuites()) return t.skip('needs ../shared/suites');
  const cases = readCases<ExposeCase>('expose-ports.json');
  assert.equal(cases.length, 17);
  for (const row of cases) {
    const specs = row.specs ?? [row.spec ?? ''];
    await t.test(JSON.stringify(specs), () => {
      if (row.error === undefined) {
        assert.deepEqual(specs.flatMap(parseExpose), row.expect);
        return;
      }
      assert.throws(
        () => specs.flatMap(parseExpose),
        (error) =>
          isSlipwayError(error, 'DOCKERFILE_INVALID') &&
          (row.error === true || error.message === row.error),
      );
    });
  }
});

const accepted: readonly (readonly [spec: string, ports: readonly string[]])[] = [
  ['0', ['0/tcp']],
  ['80/', ['80/tcp']],
  ['53/UDP', ['53/udp']],
  ['65534-65535', ['65534/tcp', '65535/tcp']],
];

for (const [spec, ports] of accepted) {
  test(`${spec} is ${ports.join(' ')}`, () => assert.deepEqual(parseExpose(spec), ports));
}

const refused: readonly (readonly [spec: string, message: string])[] = [
  ['80/foo', 'invalid port: "80/foo": invalid proto: foo'],
  ['65536', 'invalid port: "65536": invalid containerPort: 65536'],
  ['90-80', 'invalid port: "90-80": invalid containerPort: 90-80'],
  ['http', 'invalid port: "http": invalid containerPort: http'],
  ['a:80', 'invalid port: "a:80": invalid hostPort: a'],
  ['300.1.1.1::80', 'invalid port: "300.1.1.1::80": invalid IP address: 300.1.1.1'],
  [
    '1-2:1-3',
    'invalid port: "1-2:1-3": invalid ranges specified for container and host Ports: 1-3 and 1-2',
  ],
];

for (const [spec, message] of refused) {
  test(`${spec} is refused`, () => {
    assert.throws(
      () => parseExpose(spec),
      (error) => isSlipwayError(error, 'DOCKERFILE_INVALID') && error.message === message,
    );
  });
}
