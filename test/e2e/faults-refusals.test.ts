/**
 * What the machine refuses: files nobody may read, places nobody may write, a store that is damaged,
 * a reader that left. One line of what, one of why, one of what to do; never a stack.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { SLIPWAY, slipway } from '#test/helpers/cli-process.ts';
import { type FaultSite, fault, temporaryFiles } from '#test/helpers/fault-site.ts';

const NOBODY = 65534;

fault('a reader that has enough ends the command quietly, as SIGPIPE would', async (site) => {
  const context = site.context('COPY large /\n');
  writeFileSync(join(context, 'large'), Buffer.alloc(4 << 20));
  await site.good('build', '-t', 'app:1', context);
  const save = site.start(['save', 'app:1']);
  save.closeStdout();
  const { exitCode, stderr } = await save.outcome;
  assert.deepEqual([exitCode, stderr], [141, '']);
});

fault('a full disk behind stdout is told, and is a failure', async (site) => {
  await site.good('build', '-q', '-t', 'app:1', site.context('CMD ["true"]\n'));
  for (const argv of [['images'], ['save', 'app:1'], ['inspect', 'app:1']]) {
    const full = openSync('/dev/full', 'w');
    const { exitCode, stderr } = await site.run(argv, { stdout: full });
    closeSync(full);
    assert.equal(exitCode, 1);
    assert.match(
      stderr,
      /^ERROR: write \/dev\/stdout: no space left on device\n {2}cause: .*\n {2}fix: .*\n$/,
    );
  }
});

fault('places that cannot be a store', async (site) => {
  const file = site.folder.at('file');
  writeFileSync(file, '');
  for (const root of [file, join(file, 'below')]) {
    const told = await site.bad(1, ['images'], { root });
    assert.match(told, /^ERROR: .* cannot be a store: .*\n {2}cause: .*\n {2}fix: .*--root/);
  }
});

fault('a new store is for its owner alone', async (site) => {
  await site.good('images');
  assert.equal(statSync(site.store).mode & 0o777, 0o700);
});

fault('a damaged database: every command says what to move away', async (site) => {
  await site.good('build', '-t', 'app:1', site.context('CMD ["true"]\n'));
  const database = join(site.store, 'metadata.db');
  for (const suffix of ['-wal', '-shm']) rmSync(database + suffix, { force: true });
  writeFileSync(database, Buffer.alloc(64 * 1024, 'garbage'));
  const told = /^ERROR: .*metadata\.db is damaged\n {2}cause: .*\n {2}fix: move it away/m;
  const context = site.context('CMD ["true"]\n');
  assert.match(await site.bad(1, ['images']), told);
  assert.match(await site.bad(125, ['run', 'app:1']), told);
  assert.match(await site.bad(1, ['build', context]), told);
  assert.match(await site.bad(1, ['registry', 'serve', '--addr', '127.0.0.1:0']), told);
  // The fix that was promised.
  rmSync(database);
  await site.good('build', '-t', 'app:1', context);
  await site.good('run', 'app:1');
});

fault('a damaged layer never leaves the machine, and building again repairs it', async (site) => {
  const context = site.context('CMD ["true"]\n');
  await site.good('build', '-t', 'app:1', context);
  const blobs = join(site.store, 'blobs/sha256');
  const bySize = readdirSync(blobs).sort(
    (a, b) => statSync(join(blobs, b)).size - statSync(join(blobs, a)).size,
  );
  const layer = join(blobs, bySize[0] ?? '');
  const saved = site.folder.at('app.tar');
  const file = openSync(layer, 'r+');
  writeSync(file, 'damage', 100_000);
  closeSync(file);
  const told = await site.bad(1, ['save', '-o', saved, 'app:1']);
  assert.match(told, /^ERROR: digest mismatch: .*\n {2}fix: /);
  assert.deepEqual(readdirSync(site.folder.path).includes('app.tar'), false);
  await site.good('build', '-t', 'app:1', context);
  await site.good('save', '-o', saved, 'app:1');
});

/** A site whose folder belongs to nobody in particular; undefined where such a user cannot start slipway. */
async function asNobody(
  site: FaultSite,
): Promise<{ readonly root: string; readonly user: number } | undefined> {
  chmodSync(site.folder.path, 0o755);
  const home = site.folder.at('nobody');
  mkdirSync(home);
  chownSync(home, NOBODY, NOBODY);
  const options = { root: join(home, 'store'), user: NOBODY };
  try {
    const { exitCode } = await slipway(['version'], options);
    return exitCode === 0 ? options : undefined;
  } catch {
    return undefined; // EACCES of the program itself
  }
}

fault('files that a user may not read or write', async (site, t) => {
  const options = await asNobody(site);
  if (!options) {
    t.skip(`needs ${SLIPWAY} to be readable by everybody`);
    return;
  }
  const context = site.folder.at('context');
  mkdirSync(join(context, 'inner'), { recursive: true });
  copyFileSync('/bin/busybox', join(context, 'inner/busybox'));
  writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY inner /\nCMD ["/busybox"]\n');
  const refused = async (mode: number, path: string): Promise<string> => {
    const before = statSync(join(context, path)).mode;
    chmodSync(join(context, path), mode);
    const told = await site.bad(1, ['build', '-t', 'app:1', context], options);
    chmodSync(join(context, path), before);
    return told;
  };
  const words = (path: string): RegExp =>
    new RegExp(
      `^ERROR: failed to build: .*open .*${path}: permission denied\\n  cause: .*\\n  fix: .*readable`,
      'm',
    );
  assert.match(await refused(0, 'Dockerfile'), words('Dockerfile'));
  assert.match(await refused(0, 'inner/busybox'), words('inner/busybox'));
  assert.match(await refused(0, 'inner'), words('inner'));
  assert.equal((await site.run(['build', '-t', 'app:1', context], options)).exitCode, 0);

  // Without root there are no containers here, and the message says what to do.
  const { exitCode, stderr } = await site.run(['run', 'app:1'], options);
  if (exitCode !== 0) assert.match(stderr, /^ERROR: .*\n(?: {2}cause: .*\n)? {2}fix: .*root/);

  const save = (path: string): Promise<string> =>
    site.bad(1, ['save', '-o', path, 'app:1'], options);
  assert.match(
    await save(join(site.folder.path, 'no/app.tar')),
    /^ERROR: invalid output path: directory ".*\/no" does not exist\n/,
  );
  assert.match(
    await save(site.folder.at('app.tar')),
    /^ERROR: open .*app\.tar: permission denied\n.*\n {2}fix: /,
  );
  const archive = site.folder.at('unreadable.tar');
  writeFileSync(archive, '');
  chmodSync(archive, 0);
  assert.match(
    await site.bad(1, ['load', '-i', archive], options),
    /^ERROR: open .*: permission denied\n.*\n {2}fix: /,
  );
  const iid = await site.bad(1, ['build', '--iidfile', site.folder.at('iid'), context], options);
  assert.match(
    iid,
    /image ID to .*\/iid\n {2}cause: EACCES.*\n {2}fix: the image is built: sha256:/,
  );
  const others = await site.bad(1, ['images'], { ...options, root: site.store });
  assert.match(others, /^ERROR: open .*: permission denied\n.*\n {2}fix: .*--root/);
  assert.deepEqual(temporaryFiles(options.root), []);
});

fault('save refuses to replace what is no file', async (site) => {
  await site.good('build', '-t', 'app:1', site.context('CMD ["true"]\n'));
  const device = site.folder.at('null');
  execFileSync('mknod', [device, 'c', '1', '3']);
  for (const path of [device, site.folder.path]) {
    const told = await site.bad(1, ['save', '-o', path, 'app:1']);
    assert.match(told, /^ERROR: invalid output path: ".*" must be a regular file\n {2}fix: /);
  }
  assert.ok(statSync(device).isCharacterDevice());
});

fault('the umask of the caller does not reach into images', async (site) => {
  const rest = `RUN mkdir /q && touch /q/f
COPY busybox /x/y/
WORKDIR /w/v
RUN --mount=type=bind,target=/nowhere true || true
USER 1000
RUN ls / /q /x/y /w/v && cat /q/f /etc/hosts && umask > /dev/null
`.replace(/^RUN --mount.*\n/m, '');
  const context = site.context(rest);
  const before = process.umask(0o077);
  try {
    await site.good('build', '-t', 'app:1', context);
    const ran = await site.good(
      'run',
      '-w',
      '/made/here',
      'app:1',
      'sh',
      '-c',
      'umask; ls -ld . /made /w / /etc/hosts',
    );
    assert.match(ran, /^0022\n/);
    assert.doesNotMatch(ran, /^.{4}---/m);
  } finally {
    process.umask(before);
  }
});

fault('odd names in a context arrive in the image as they are', async (site) => {
  const context = site.context(
    'COPY odd /odd\nCMD ["sh", "-c", "cd /odd && find . -type f -print0 | sort -z | od -An -tx1 -v"]\n',
  );
  const oddNames = ['a\nb', '-rf', ' ', 'a\tb', '"q"', '\\', '*', '\u202e', 'x'.repeat(255)].map(
    (name) => Buffer.from(name),
  );
  oddNames.push(Buffer.from([0xff, 0xfe]));
  mkdirSync(join(context, 'odd'));
  for (const name of oddNames) {
    writeFileSync(Buffer.concat([Buffer.from(`${context}/odd/`), name]), '');
  }
  await site.good('build', '-t', 'app:1', context);
  await site.good('save', '-o', site.folder.at('app.tar'), 'app:1');
  const other = { root: site.folder.at('other') };
  assert.equal((await site.run(['load', '-i', site.folder.at('app.tar')], other)).exitCode, 0);
  const { stdout } = await site.run(['run', 'app:1'], other);
  const expected = oddNames
    .sort(Buffer.compare)
    .map((name) => `${Buffer.from('./').toString('hex')}${name.toString('hex')}00`)
    .join('');
  assert.equal(stdout.replaceAll(/\s/g, ''), expected);
});
