/**
 * Builds with a lock: against a registry, a web server and git on loopback, whose names come to mean
 * something else after the Dockerfile was locked.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSlipwayError } from '#core/errors.ts';
import type { Event } from '#core/events.ts';
import { type BuildOptions, type Engine, openEngine } from '#engine.ts';
import { HELPER } from '#test/helpers/engine.ts';
import { type FileServer, fileServer } from '#test/helpers/file-server.ts';
import { cannotServeGit, commit, git, gitServer, newRepository } from '#test/helpers/git-server.ts';
import { putImage, putIndex, sampleImage, sampleIndex } from '#test/helpers/images.ts';
import { remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const DOCKERFILE = `ARG BASE
FROM $BASE
ARG URL
ARG REPO
ADD $URL/tool /tool
ADD $REPO#main /src/
COPY note /
`;

interface Place {
  readonly folder: string;
  readonly files: FileServer;
  /** Lets all three names mean something else. */
  move(): Promise<void>;
  readonly lockPath: string;
  /** A machine whose store is new. */
  machine(): Promise<Engine>;
  build(engine: Engine, options?: Partial<BuildOptions>): Promise<{ id: string; notes: string }>;
}

async function withPlace(work: (place: Place) => Promise<void>): Promise<void> {
  using folder = tempFolder();
  await using stack = new AsyncDisposableStack();
  const registry = stack.use(await temporaryRegistry());
  const remote = stack.use(remoteAt(registry.address, { repository: 'base' }));
  const files = stack.use(await fileServer({ '/tool': { body: 'one' } }));
  const repository = newRepository(folder.at('served/repo'));
  commit(repository, { a: '1' });
  const server = stack.use(await gitServer(folder.at('served')));
  await putImage(remote, await sampleImage(), '1');
  writeFileSync(folder.at('Dockerfile'), DOCKERFILE);
  writeFileSync(folder.at('note'), 'a note\n');
  writeFileSync(folder.at('.dockerignore'), '*\n!note\n');
  const buildArgs = {
    BASE: `${registry.address}/base:1`,
    URL: files.url,
    REPO: `${server.url}/repo`,
  };
  let machines = 0;
  await work({
    folder: folder.path,
    files,
    lockPath: folder.at('Dockerfile.lock'),
    async move() {
      await putImage(remote, await sampleImage(), '1');
      files.files['/tool'] = { body: 'two' };
      commit(repository, { a: '2' });
    },
    async machine() {
      machines += 1;
      const root = folder.at(`machine-${machines}`);
      return stack.use(
        await openEngine({ root, helper: HELPER, snapshotter: 'auto', parallelTransfers: 2 }),
      );
    },
    async build(engine, options = {}) {
      const events: Event[] = [];
      const { imageId } = await engine.build({
        context: folder.path,
        tags: [],
        buildArgs,
        sourceDateEpoch: 1,
        ...options,
        events: (event) => events.push(event),
      });
      const notes = events.flatMap((event) => (event.kind === 'note' ? [event.text] : []));
      return { id: imageId, notes: notes.join('\n') };
    },
  });
}

const skip = cannotServeGit();

test('locked: another machine builds the same image after all names have moved', { skip }, () =>
  withPlace(async ({ build, machine, move, files, lockPath }) => {
    const first = await build(await machine(), { lock: 'write' });
    const text = readFileSync(lockPath, 'utf8');
    const { images, files: sums, git } = JSON.parse(text);
    assert.equal(Object.keys(images).length, 1);
    assert.match(JSON.stringify(images), /\/base:1":\{"linux\/\w+":"sha256:[0-9a-f]{64}"\}/);
    assert.deepEqual(Object.keys(sums), [`${files.url}/tool`]);
    assert.match(Object.keys(git)[0] ?? '', /\/repo#main$/);
    await move();
    files.files['/tool'] = { body: 'one' };
    for (const options of [{ lock: 'frozen' }, {}] as const) {
      const other = await build(await machine(), options);
      assert.equal(other.id, first.id);
      assert.equal(other.notes, '');
    }
    assert.equal(readFileSync(lockPath, 'utf8'), text);
  }),
);

test('what was locked here is built again without any network', { skip }, () =>
  withPlace(async ({ build, machine, move }) => {
    const engine = await machine();
    const first = await build(engine, { lock: 'write' });
    await move();
    const again = await build(engine, { lock: 'frozen', bases: 'offline' });
    assert.equal(again.id, first.id);
    const heeding = await build(engine, { bases: 'offline', noCache: false });
    assert.equal(heeding.id, first.id);
  }),
);

test(
  'a download that is another one now is refused, and says which lock it is not of',
  { skip },
  () =>
    withPlace(async ({ build, machine, move }) => {
      await build(await machine(), { lock: 'write' });
      await move();
      await assert.rejects(build(await machine(), { lock: 'frozen' }), (error) => {
        assert.ok(isSlipwayError(error, 'DIGEST_MISMATCH'));
        assert.match(error.hint ?? '', /Dockerfile\.lock was written for/);
        assert.ok(error.detail.range, 'it points at the ADD');
        return true;
      });
    }),
);

test(
  '--lock keeps what is locked and adds the rest; with --pull all is locked anew',
  { skip },
  () =>
    withPlace(async ({ build, machine, move, folder, lockPath, files }) => {
      const engine = await machine();
      await build(engine, { lock: 'write' });
      const before = JSON.parse(readFileSync(lockPath, 'utf8'));
      await move();
      files.files['/more'] = { body: 'more' };
      files.files['/tool'] = { body: 'one' };
      writeFileSync(join(folder, 'Dockerfile'), `${DOCKERFILE}ADD $URL/more /\n`);
      const plain = await build(engine);
      assert.match(plain.notes, /Dockerfile\.lock does not lock http:\S+\/more: /);
      await build(engine, { lock: 'write' });
      const after = JSON.parse(readFileSync(lockPath, 'utf8'));
      assert.deepEqual(after.images, before.images);
      assert.deepEqual(after.git, before.git);
      assert.equal(Object.keys(after.files).length, 2);
      files.files['/tool'] = { body: 'two' };
      await build(engine, { lock: 'write', bases: 'newest' });
      const renewed = JSON.parse(readFileSync(lockPath, 'utf8'));
      for (const part of ['images', 'git', 'files']) {
        assert.notDeepEqual(renewed[part], before[part], part);
      }
    }),
);

test('frozen: no lock, and what is not in it, are refused with the line', { skip }, () =>
  withPlace(async ({ build, machine, lockPath, folder }) => {
    const engine = await machine();
    await assert.rejects(build(engine, { lock: 'frozen' }), { code: 'LOCK_MISSING' });
    await build(engine, { lock: 'write' });
    writeFileSync(join(folder, 'Dockerfile'), `${DOCKERFILE}ADD $URL/unlocked /\n`);
    await assert.rejects(build(engine, { lock: 'frozen' }), (error) => {
      assert.ok(isSlipwayError(error, 'LOCK_OUTDATED'));
      assert.match(error.message, /^http:\S+\/unlocked is not in Dockerfile\.lock$/);
      const { source, range } = error.detail as {
        source: { text: string };
        range: { start: number; end: number };
      };
      assert.equal(source.text.slice(range.start, range.end), '$URL/unlocked');
      return true;
    });
    writeFileSync(lockPath, '{"version": 9}');
    await assert.rejects(build(engine), { code: 'LOCK_INVALID' });
  }),
);

test('a build that fails writes no lock; another Dockerfile has another lock', { skip }, () =>
  withPlace(async ({ build, machine, lockPath, folder }) => {
    const engine = await machine();
    writeFileSync(join(folder, 'Dockerfile'), `${DOCKERFILE}COPY nothing /\n`);
    await assert.rejects(build(engine, { lock: 'write' }), { code: 'SOURCE_MISSING' });
    assert.ok(!existsSync(lockPath));
    writeFileSync(join(folder, 'other'), 'FROM scratch\nCOPY note /\n');
    await build(engine, { lock: 'write', dockerfile: join(folder, 'other') });
    assert.match(readFileSync(join(folder, 'other.lock'), 'utf8'), /"images": \{\}/);
  }),
);

test('inside a repository the lock is read and cannot be written', { skip }, () =>
  withPlace(async ({ build, machine, folder, lockPath, move }) => {
    await build(await machine(), { lock: 'write' });
    const served = join(folder, 'served/app');
    const text = readFileSync(lockPath, 'utf8');
    const app = { Dockerfile: DOCKERFILE, note: 'n', 'Dockerfile.lock': text };
    commit(newRepository(served), app);
    await using server = await gitServer(join(folder, 'served'));
    const context = `${server.url}/app`;
    await assert.rejects(build(await machine(), { context, lock: 'write' }), {
      code: 'USAGE',
      message: '--lock needs a Dockerfile in a folder',
    });
    await move();
    await assert.rejects(build(await machine(), { context, lock: 'frozen' }), {
      code: 'DIGEST_MISMATCH',
    });
    rmSync(join(served, 'Dockerfile.lock'));
    commit(served, {});
    await assert.rejects(build(await machine(), { context, lock: 'frozen' }), {
      code: 'LOCK_MISSING',
    });
  }),
);

test('a base that was built here and pushed is locked as its registry knows it', async () => {
  using folder = tempFolder();
  await using registry = await temporaryRegistry();
  const settings = { helper: HELPER, snapshotter: 'auto', parallelTransfers: 2 } as const;
  const name = `${registry.address}/made:1`;
  writeFileSync(folder.at('note'), 'a note\n');
  writeFileSync(folder.at('Dockerfile'), `FROM ${name}\nCOPY note /again\n`);
  writeFileSync(folder.at('base'), 'FROM scratch\nCOPY note /\n');
  {
    await using engine = await openEngine({ root: folder.at('here'), ...settings });
    await engine.build({ context: folder.path, dockerfile: folder.at('base'), tags: [name] });
    await engine.push(name);
    await engine.build({ context: folder.path, tags: [], lock: 'write' });
  }
  await using elsewhere = await openEngine({ root: folder.at('elsewhere'), ...settings });
  await elsewhere.build({ context: folder.path, tags: ['app'], lock: 'frozen' });
  assert.equal((await elsewhere.inspect('app')).config.rootfs.diff_ids.length, 2);
});

test('several platforms: each has its digest, and all are built again after the tag has moved', async () => {
  using folder = tempFolder();
  await using registry = await temporaryRegistry();
  await using remote = remoteAt(registry.address, { repository: 'base' });
  await putIndex(remote, await sampleIndex(), '1');
  writeFileSync(folder.at('note'), 'a note\n');
  writeFileSync(folder.at('Dockerfile'), `FROM ${registry.address}/base:1\nCOPY note /\n`);
  const platforms = ['amd64', 'arm64'].map((architecture) => ({ os: 'linux', architecture }));
  const built = async (machine: string, options: Partial<BuildOptions>) => {
    const settings = { helper: HELPER, snapshotter: 'auto', parallelTransfers: 2 } as const;
    await using engine = await openEngine({ root: folder.at(machine), ...settings });
    const call = { context: folder.path, tags: [], sourceDateEpoch: 1, ...options };
    return (await engine.build(call)).manifest.digest;
  };
  // One after the other: what is locked of the first stays.
  for (const platform of platforms) await built('here', { lock: 'write', platforms: [platform] });
  const lock = JSON.parse(readFileSync(folder.at('Dockerfile.lock'), 'utf8'));
  const [digests = {}] = Object.values<Record<string, string>>(lock.images);
  assert.deepEqual(Object.keys(digests), ['linux/amd64', 'linux/arm64']);
  assert.notEqual(digests['linux/amd64'], digests['linux/arm64']);
  const both = await built('here', { lock: 'write', platforms });
  assert.deepEqual(JSON.parse(readFileSync(folder.at('Dockerfile.lock'), 'utf8')), lock);
  await putIndex(remote, await sampleIndex(), '1');
  assert.equal(await built('there', { lock: 'frozen', platforms }), both);
});

test('the beginning of a commit cannot be locked, and that is said', { skip }, () =>
  withPlace(async ({ build, machine, folder }) => {
    const commitName = git(join(folder, 'served/repo'), 'rev-parse', 'HEAD');
    const short = DOCKERFILE.replace('#main', `#${commitName.slice(0, 9)}`);
    writeFileSync(join(folder, 'Dockerfile'), short);
    await assert.rejects(build(await machine(), { lock: 'write' }), (error) => {
      assert.ok(isSlipwayError(error, 'LOCK_OUTDATED'));
      assert.match(error.message, /cannot be locked: it is the beginning of a commit$/);
      return true;
    });
    writeFileSync(join(folder, 'Dockerfile'), DOCKERFILE.replace('#main', `#${commitName}`));
    await build(await machine(), { lock: 'write' });
    await build(await machine(), { lock: 'frozen' });
  }),
);
