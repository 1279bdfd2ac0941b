/**
 * Root file systems and the insides of images through the real command: import, export, image cat, cp,
 * ls-files, diff, analyze. As root and as an ordinary user; no mount, no container.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type CliOutcome, slipway } from '#test/helpers/cli-process.ts';
import { directory, file, hardlink, symlink, tarOf } from '#test/helpers/entries.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

const ROOT = [
  directory('etc', { mode: 0o750 }),
  file('etc/hostname', 'box\n', { mode: 0o640 }),
  symlink('etc/link', 'hostname'),
  hardlink('etc/again', 'etc/hostname'),
  file('usr/bin/tool', 'tool\n', { mode: 0o4755 }),
];

async function good(folder: TempFolder, ...argv: readonly string[]): Promise<CliOutcome> {
  const outcome = await slipway(argv, { root: folder.at('store') });
  assert.equal(outcome.exitCode, 0, `slipway ${argv.join(' ')}\n${outcome.stderr}`);
  return outcome;
}

test('import, look, export, import again: the same root', async () => {
  using folder = tempFolder();
  writeFileSync(folder.at('root.tar.gz'), gzipSync(await tarOf(ROOT)));
  const change = ['-c', 'CMD ["/usr/bin/tool"]', '-c', 'ENV A=1 B=$A', '-m', 'by hand'];
  const imported = await good(folder, 'import', ...change, folder.at('root.tar.gz'), 'box:1');
  assert.match(imported.stdout, /^sha256:[0-9a-f]{64}\n$/);
  const [image] = JSON.parse((await good(folder, 'inspect', 'box:1')).stdout);
  assert.deepEqual(image.Config.Cmd, ['/usr/bin/tool']);
  assert.deepEqual(image.Config.Env, ['A=1', 'B=']);
  assert.equal(image.Comment, 'by hand');
  assert.equal(image.RootFS.Layers.length, 1);

  assert.equal(
    (await good(folder, 'image', 'ls-files', 'box:1')).stdout,
    '/etc\n/etc/again\n/etc/hostname\n/etc/link\n/usr\n/usr/bin\n/usr/bin/tool\n',
  );
  assert.equal((await good(folder, 'image', 'cat', 'box:1', '/etc/link')).stdout, 'box\n');
  await good(folder, 'image', 'cp', 'box:1:/etc', folder.at('copied'));
  assert.deepEqual(readdirSync(folder.at('copied')).sort(), ['again', 'hostname', 'link']);

  await good(folder, 'export', '-o', folder.at('out.tar'), 'box:1');
  const piped = await good(folder, 'export', 'box:1');
  assert.equal(piped.stdout, readFileSync(folder.at('out.tar'), 'utf8'));
  const again = await slipway(['import', ...change, '-', 'box:2'], {
    root: folder.at('store'),
    input: readFileSync(folder.at('out.tar')),
  });
  assert.equal(again.exitCode, 0, again.stderr);
  const same = await good(folder, 'image', 'diff', 'box:1', 'box:2');
  assert.equal(same.stdout, '');
});

test('from a web server: the ID on stdout, what happens on stderr', async () => {
  using folder = tempFolder();
  const tar = await tarOf(ROOT);
  const server = createServer((request, response) => {
    if (request.url === '/root.tar') response.end(tar);
    else if (request.url === '/moved') response.writeHead(302, { location: '/root.tar' }).end();
    else response.writeHead(404).end('none');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  assert.ok(bound !== null && typeof bound === 'object');
  const url = `http://127.0.0.1:${bound.port}`;
  try {
    const { stdout, stderr } = await good(folder, 'import', `${url}/moved`, 'box');
    assert.match(stdout, /^sha256:[0-9a-f]{64}\n$/);
    assert.equal(stderr, `Downloading from ${url}/moved\n`);
    const { exitCode, stderr: refusal } = await slipway(['import', `${url}/none`, 'other'], {
      root: folder.at('store'),
    });
    assert.equal(exitCode, 1);
    assert.match(
      refusal,
      new RegExp(`^ERROR: failed to GET ${url}/none with status 404 Not Found\n`),
    );
  } finally {
    server.close();
  }
});

test('refusals: docker’s words, nothing stays', async () => {
  using folder = tempFolder();
  const root = folder.at('store');
  writeFileSync(folder.at('root.tar'), await tarOf(ROOT));
  writeFileSync(folder.at('hostile.tar'), await tarOf([file('../out', 'x')]));
  writeFileSync(folder.at('text'), 'no tar');
  const error = async (...argv: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await slipway(argv, { root, cwd: folder.path });
    assert.deepEqual([exitCode, stdout], [1, '']);
    return stderr;
  };
  assert.match(
    await error('import', '-c', 'RUN x', 'root.tar', 'box'),
    /^ERROR: RUN is not a valid change command\n/,
  );
  assert.match(
    await error('import', 'none.tar'),
    /^ERROR: open none\.tar: no such file or directory\n/,
  );
  assert.match(await error('import', 'text', 'box'), /^ERROR: text is not a tar archive\n/);
  assert.match(
    await error('import', 'hostile.tar', 'box'),
    /^ERROR: archive entry "\.\.\/out" leads out/,
  );
  assert.match(await error('export', 'none'), /^ERROR: No such image: none\n/);
  assert.equal((await good(folder, 'images', '-q')).stdout, '');
});

test('layers compared and weighed', async () => {
  using folder = tempFolder();
  const context = folder.at('context');
  mkdirSync(context);
  writeFileSync(folder.at('context', 'a'), 'a'.repeat(900));
  writeFileSync(folder.at('context', 'b'), 'b'.repeat(100));
  writeFileSync(
    folder.at('context', 'Dockerfile'),
    'FROM scratch\nCOPY a /x\nLABEL v=1\nCOPY b /x\n',
  );
  await good(folder, 'build', '-q', '-t', 'app:1', context);
  writeFileSync(
    folder.at('context', 'Dockerfile'),
    'FROM scratch\nCOPY a /x\nLABEL v=2\nCOPY b /y\n',
  );
  await good(folder, 'build', '-q', '-t', 'app:2', context);

  const layers = await good(folder, 'image', 'ls-files', '--layer', 'app:1');
  assert.equal(layers.stdout, '2 /x\n');
  const { exitCode, stdout } = await slipway(['image', 'diff', 'app:1', 'app:2'], {
    root: folder.at('store'),
  });
  assert.equal(exitCode, 1);
  assert.match(stdout, /^ {2}Labels\.v: "1" -> "2"$/m);
  assert.match(stdout, /^Layers: shared 1 /m);
  assert.match(
    stdout,
    /\nFiles: 1 added, 1 changed, 0 deleted\nC \/x 100B -> 900B \(content\)\nA \/y 100B\n$/,
  );

  const analysis = JSON.parse(
    (await good(folder, 'image', 'analyze', '--format', 'json', 'app:1')).stdout,
  );
  assert.deepEqual([analysis.TotalBytes, analysis.WastedBytes], [1000, 900]);
  const strict = await slipway(['image', 'analyze', '--fail-under', '95%', 'app:1'], {
    root: folder.at('store'),
  });
  assert.equal(strict.exitCode, 1);
  assert.equal(strict.stderr, 'ERROR: the efficiency is 10%, under 95%\n');
});

test('as an ordinary user', async (t) => {
  if (process.getuid?.() !== 0) {
    t.skip('needs root: becomes another user');
    return;
  }
  using folder = tempFolder();
  chmodSync(folder.path, 0o777);
  writeFileSync(folder.at('root.tar'), await tarOf(ROOT));
  const user = { root: folder.at('store'), cwd: folder.path, user: 65_534 };
  for (const argv of [
    ['import', 'root.tar', 'box'],
    ['image', 'cp', '-a', 'box:/', 'copied'],
    ['export', '-o', 'out.tar', 'box'],
    ['image', 'cat', 'box', '/etc/hostname'],
  ]) {
    const { exitCode, stderr } = await slipway(argv, user);
    assert.equal(exitCode, 0, stderr);
  }
  assert.equal(readFileSync(folder.at('copied/usr/bin/tool'), 'utf8'), 'tool\n');
  assert.ok(existsSync(folder.at('out.tar')));
});
