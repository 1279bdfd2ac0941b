/** ADD of URLs: the file as docker makes it, and what is asked again by the next build. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { fileName } from '#build/ops/http-source.ts';
import { withEngine } from '#test/helpers/engine.ts';
import { file as tarFile, tarOf } from '#test/helpers/entries.ts';
import { fileServer } from '#test/helpers/file-server.ts';
import { imageFiles } from '#test/helpers/image-files.ts';

const names: readonly (readonly [url: string, name: string])[] = [
  ['http://h/a/b.txt', 'b.txt'],
  ['http://h/a/b.txt?x=/y', 'b.txt'],
  ['http://h/a%20b', 'a b'],
  ['http://h/a/', 'a'],
  ['http://h/', '__unnamed__'],
  ['http://h', '__unnamed__'],
  ['http://h/100%', '100%'],
];
for (const [url, name] of names) {
  test(`${url} is called ${name}`, () => assert.equal(fileName(new URL(url)), name));
}

const TIME = 1_500_000_000;

describe('ADD of a URL', () => {
  test('0600, of root, of the time the server says, into a folder or to a name', () =>
    withEngine({}, async (fixture) => {
      await using server = await fileServer({
        '/a.txt': { body: 'A', lastModified: TIME },
        '/b': { body: 'B' },
        '/star*[x]': { body: 'S' },
      });
      const Dockerfile = `FROM scratch
ARG URL
ADD $URL/a.txt /d/
ADD $URL/a.txt $URL/b /e/
ADD --chmod=755 --chown=3:4 \${URL}/b /bin/b
ADD $URL/star*[x] /d/
ADD local $URL/b /f/
`;
      const context = fixture.context({ Dockerfile, local: 'L' });
      await fixture.build({ context, tags: ['x'], buildArgs: { URL: server.url } });
      const files = await imageFiles(fixture, 'x', { times: true });
      assert.deepEqual(
        files.filter((line) => / file /.test(line) && !line.startsWith('f/local')),
        [
          'bin/b file 755 3:4 0 "B"',
          `d/a.txt file 600 0:0 ${TIME} "A"`,
          'd/star*[x] file 600 0:0 0 "S"',
          `e/a.txt file 600 0:0 ${TIME} "A"`,
          'e/b file 600 0:0 0 "B"',
          'f/b file 600 0:0 0 "B"',
        ],
      );
    }));

  test('an unchanged file is asked for by its tag and hits; a changed one does not', () =>
    withEngine({}, async ({ context, build }) => {
      await using server = await fileServer({ '/a': { body: 'one' } });
      const folder = context({ Dockerfile: 'FROM scratch\nARG URL\nADD $URL/a /a\n' });
      const again = () => build({ context: folder, buildArgs: { URL: server.url } });
      assert.deepEqual((await again()).steps, { run: 1, cached: 0 });
      assert.deepEqual((await again()).steps, { run: 0, cached: 1 });
      server.files['/a'] = { body: 'two' };
      assert.deepEqual((await again()).steps, { run: 1, cached: 0 });
      assert.deepEqual(server.asked, ['GET /a 200', 'GET /a 304', 'GET /a 200']);
    }));

  test('without a tag the content decides', () =>
    withEngine({}, async ({ context, build }) => {
      await using server = await fileServer({ '/a': { body: 'one', hasTag: false } });
      const folder = context({ Dockerfile: 'FROM scratch\nARG URL\nADD $URL/a /a\n' });
      const again = () => build({ context: folder, buildArgs: { URL: server.url } });
      await again();
      assert.deepEqual((await again()).steps, { run: 0, cached: 1 });
      assert.deepEqual(server.asked, ['GET /a 200', 'GET /a 200']);
    }));

  test('with a checksum it is asked for once, and a server that is gone does not matter', () =>
    withEngine({}, async ({ context, build }) => {
      const server = await fileServer({ '/a': { body: 'one' } });
      const sha = createHash('sha256').update('one').digest('hex');
      const Dockerfile = `FROM scratch\nADD --checksum=sha256:${sha} ${server.url}/a /a\n`;
      const folder = context({ Dockerfile });
      await build({ context: folder });
      await server[Symbol.asyncDispose]();
      assert.deepEqual((await build({ context: folder })).steps, { run: 0, cached: 1 });
      assert.deepEqual(server.asked, ['GET /a 200']);
    }));

  test('archives stay archives, unless --unpack says otherwise', () =>
    withEngine({}, async (fixture) => {
      const body = await tarOf([tarFile('in/side', 'text')]);
      await using server = await fileServer({ '/a.tar': { body } });
      const Dockerfile =
        'FROM scratch\nARG URL\nADD $URL/a.tar /d/\nADD --unpack=true $URL/a.tar /e/\n';
      await fixture.build({
        context: fixture.context({ Dockerfile }),
        tags: ['x'],
        buildArgs: { URL: server.url },
      });
      const files = (await imageFiles(fixture, 'x')).map((line) => line.split(' ')[0]);
      assert.deepEqual(files, ['d', 'd/a.tar', 'e', 'e/in', 'e/in/side']);
    }));

  test('a user and password in the URL are sent, and not shown', () =>
    withEngine({}, async ({ context, build }) => {
      await using server = await fileServer({ '/a': { body: 'one' } });
      const url = server.url.replace('//', '//me:secret@');
      const Dockerfile = `FROM scratch\nARG URL\nADD $URL/a /a\n`;
      const { events } = await build({
        context: context({ Dockerfile }),
        buildArgs: { URL: url },
      });
      const [headers] = server.headers;
      assert.equal(headers?.authorization, `Basic ${Buffer.from('me:secret').toString('base64')}`);
      const names = events.flatMap((one) => (one.kind === 'vertex-started' ? [one.name] : []));
      assert.ok(names.includes(`[internal] load ${server.url}/a`), names.join('\n'));
    }));
});

for (const [id, expected] of [
  ['HTTP_AUTH_TOKEN_127.0.0.1', 'Bearer s3cret'],
  ['HTTP_AUTH_HEADER_127.0.0.1', 's3cret'],
  ['HTTP_AUTH_TOKEN_elsewhere', undefined],
] as const) {
  test(`the secret ${id}`, () =>
    withEngine({}, async ({ context, build }) => {
      await using server = await fileServer({ '/a': { body: 'one' } });
      const folder = context({ Dockerfile: 'FROM scratch\nARG URL\nADD $URL/a /a\n' });
      const secrets = { [id]: { kind: 'value', value: 's3cret' } } as const;
      await build({ context: folder, buildArgs: { URL: server.url }, secrets });
      assert.equal(server.headers[0]?.authorization, expected);
    }));
}

const refusals: readonly (readonly [name: string, text: string, error: RegExp])[] = [
  ['a file that is not there', 'ADD $URL/nothing /a', /with status 404 Not Found/],
  [
    'another checksum',
    `ADD --checksum=sha256:${'0'.repeat(64)} $URL/a /a`,
    /digest mismatch for .*expected: sha256:0000/,
  ],
  ['a checksum that is none', 'ADD --checksum=sha256:12 $URL/a /a', /digest/],
  [
    'a checksum of several',
    `ADD --checksum=sha256:${'0'.repeat(64)} $URL/a $URL/b /a`,
    /multiple sources/,
  ],
  [
    'a checksum of a file of the context',
    `ADD --checksum=sha256:${'0'.repeat(64)} init /a`,
    /requires HTTP\(S\) or Git/,
  ],
  ['COPY', 'COPY $URL/a /a', /source can't be a URL for COPY/],
  ['COPY of a repository', 'COPY git://127.0.0.1:1/x.git /a', /source can't be a git ref for COPY/],
];
for (const [name, text, error] of refusals) {
  test(`refused: ${name}`, () =>
    withEngine({}, async ({ context, build }) => {
      await using server = await fileServer({ '/a': { body: 'A' }, '/b': { body: 'B' } });
      const folder = context({ Dockerfile: `FROM scratch\nARG URL\n${text}\n` });
      await assert.rejects(build({ context: folder, buildArgs: { URL: server.url } }), (thrown) => {
        assert.ok(thrown instanceof Error);
        assert.match(thrown.message, error);
        assert.ok('detail' in thrown && 'hint' in thrown && thrown.hint);
        return true;
      });
    }));
}
