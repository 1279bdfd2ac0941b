/**
 * The store at 3 a.m., with the real command: what it takes, why, making room; a full disk, a disk
 * that fails, many commands at once. After each `system check` finds nothing wrong.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { duOfAll } from '#test/helpers/disk-usage.ts';
import { type FaultSite, fault, temporaryFiles } from '#test/helpers/fault-site.ts';

const MEBIBYTE = 1024 * 1024;

/** Must find nothing. */
async function checked(site: FaultSite, root = site.store): Promise<void> {
  const { exitCode, stdout } = await site.run(['system', 'check'], { root });
  assert.equal(exitCode, 0, stdout);
  assert.match(stdout, /^Read .*: no problems\n$/);
}

fault('df, why and prune agree with the disk and with each other', async (site) => {
  await site.good('build', '-t', 'app:1', site.context('RUN echo 1 > /n\n'));
  await site.good('build', '-t', 'app:1', site.context('RUN echo 2 > /n\n'));
  const rows = (await site.good('system', 'df', '--format', '{{.Type}}={{.TotalCount}}')).split(
    '\n',
  );
  assert.deepEqual(rows.slice(0, 3), ['Images=2', 'Containers=0', 'Local Volumes=0']);
  const [layer = ''] = (
    await site.good('system', 'df', '-v', '--format', '{{range .BuildCache}}{{.ID}} {{end}}')
  ).split(' ');
  assert.match(
    await site.good('why', layer),
    /^held by:\n {2}image app.* → .*layer 3 of 3\n {2}build cache: /m,
  );
  assert.match(await site.good('why', 'app:1'), /^ {2}image app:1$/m);
  const before = duOfAll(site.store);
  const dry = await site.good('system', 'prune', '-a', '--dry-run');
  const [, promised] = /^Total reclaimable space: (.*)$/m.exec(dry) ?? [];
  assert.match(
    await site.good('system', 'prune', '-a', '-f'),
    new RegExp(`^Total reclaimed space: ${promised}$`, 'm'),
  );
  assert.ok(duOfAll(site.store) < before - MEBIBYTE);
  assert.equal(await site.good('images', '-q'), '');
  assert.equal(readdirSync(join(site.store, 'blobs/sha256')).length, 0);
  await site.bad(1, ['why', layer]);
  await checked(site);
});

fault('prune beside a running container leaves it its image', async (site) => {
  await site.good(
    'build',
    '-t',
    'app:1',
    site.context('CMD ["sh", "-c", "echo up; sleep 1000"]\n'),
  );
  await site.good('history', 'rm', '--all');
  const run = site.start(['run', 'app:1']);
  try {
    assert.equal(await run.firstLine, 'up');
    const format = '{{.Type}} {{.Active}} {{.Reclaimable}}';
    const df = await site.good('system', 'df', '--format', format);
    assert.match(df, /^Images 1 0B/m);
    assert.match(df, /^Containers 1 /m);
    assert.equal(await site.good('system', 'prune', '-a', '-f'), 'Total reclaimed space: 0B\n');
  } finally {
    run.kill('SIGKILL');
    await run.outcome;
  }
  assert.match(await site.good('system', 'prune', '-a', '-f'), /^untagged: app:1$/m);
  await checked(site);
});

fault('builds, pulls, pushes, loads, gc, prune, check and rmi at once', async (site) => {
  const server = site.start(['registry', 'serve', '--addr', '127.0.0.1:0']);
  try {
    const address = (await server.firstLine).replace(/^.*http:\/\//, '');
    const base = `${address}/base:1`;
    await site.good('build', '-t', base, site.context('CMD ["echo", "base"]\n'));
    await site.good('push', base);
    const archive = site.folder.at('base.tar');
    await site.good('save', '-o', archive, base);
    for (const round of [1, 2, 3]) {
      const name = (n: number) => `app${n}:${round}`;
      await Promise.all([
        ...[1, 2].map((n) =>
          site.good('build', '-t', name(n), site.context(`RUN echo ${n} > /n\n`)),
        ),
        site.good('pull', base),
        site.good('push', base),
        site.good('load', '-i', archive),
        site.good('system', 'gc'),
        site.good('builder', 'prune', '-a', '-f'),
        site.good('system', 'prune', '-f'),
        site
          .run(['system', 'check'])
          .then(({ exitCode, stdout }) => assert.equal(exitCode, 0, stdout)),
        ...(round > 1 ? [site.good('rmi', `app1:${round - 1}`)] : []),
      ]);
      await checked(site);
    }
    const images = await site.good('images', '--format', '{{.Repository}}:{{.Tag}}');
    const expected = [base, 'app1:3', 'app2:1', 'app2:2', 'app2:3'];
    assert.deepEqual(images.trimEnd().split('\n').sort(), expected.sort());
    assert.equal(await site.good('run', 'app2:3', 'cat', '/n'), '2\n');
  } finally {
    server.kill('SIGTERM');
    await server.outcome;
  }
  assert.deepEqual(temporaryFiles(site.store), []);
});

fault('a full disk during load: named, taken back, and room can be made', async (site) => {
  const small = site.folder.at('small');
  mkdirSync(small);
  const archive = site.folder.at('app.tar');
  const context = site.context('COPY large /\n');
  writeFileSync(join(context, 'large'), Buffer.alloc(6 * MEBIBYTE, 'x'));
  await site.good('build', '-t', 'app:1', context);
  await site.good('save', '-o', archive, 'app:1');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', small]);
  try {
    const root = join(small, 'store');
    const command = async (...argv: readonly string[]) => await site.run(argv, { root });
    const small1 = site.folder.at('small.tar');
    await site.good('build', '-t', 'small:1', site.context('CMD ["true"]\n'));
    await site.good('save', '-o', small1, 'small:1');
    assert.equal((await command('load', '-i', small1)).exitCode, 0);
    const room = join(small, 'filler');
    writeFileSync(room, Buffer.alloc(6 * MEBIBYTE));
    const told = await site.bad(1, ['load', '-i', archive], { root });
    assert.match(told, /^ERROR: .*no space left on device\n {2}cause: .*\n {2}fix: free space/m);
    assert.deepEqual(await site.leftIn(root), []);
    await checked(site, root);
    writeFileSync(join(small, 'filler2'), Buffer.alloc(0));
    fillUp(join(small, 'filler2'));
    // The database needs a little to begin with.
    truncateSync(room, 5 * MEBIBYTE);
    for (const argv of [
      ['system', 'gc'],
      ['system', 'df'],
      ['system', 'prune', '-a', '-f'],
    ]) {
      const { exitCode, stderr } = await command(...argv);
      assert.equal(exitCode, 0, `${argv.join(' ')}: ${stderr}`);
    }
    assert.equal((await command('images', '-q')).stdout, '');
    await checked(site, root);
  } finally {
    execFileSync('umount', [small]);
  }
});

/** Takes what is left of the disk. */
function fillUp(path: string): void {
  const chunk = Buffer.alloc(64 * 1024);
  for (;;) {
    try {
      writeFileSync(path, chunk, { flag: 'a' });
    } catch {
      return;
    }
  }
}

fault(
  'a disk that fails below a blob: named, found, set aside, whole after a load',
  async (site, t) => {
    const archive = site.folder.at('app.tar');
    const context = site.context('COPY large /\n');
    writeFileSync(join(context, 'large'), Buffer.alloc(8 * MEBIBYTE, 'x'));
    await site.good('build', '-t', 'app:1', context);
    await site.good('save', '-o', archive, 'app:1');
    const healthy = site.folder.at('healthy');
    assert.equal((await site.run(['load', '-i', archive], { root: healthy })).exitCode, 0);
    const disk = failingDisk(site, healthy);
    if (disk === undefined) {
      t.skip('needs mkfs.ext4, filefrag, loop devices and overlayfs');
      return;
    }
    try {
      const root = disk.store;
      const out = site.folder.at('out.tar');
      const told = await site.bad(1, ['save', '-o', out, 'app:1'], { root });
      assert.match(
        told,
        /^ERROR: .*input\/output error\n {2}cause: .*\n {2}fix: look at the disk/m,
      );
      assert.equal(existsSync(out), false);
      const { exitCode, stdout } = await site.run(['system', 'check', '--repair'], { root });
      assert.equal(exitCode, 1);
      assert.match(stdout, /^repaired: blob \S+ cannot be read: the disk fails there$/m);
      assert.match(stdout, /^problem: image docker\.io\/library\/app:1 is incomplete/m);
      const loaded = await site.run(['load', '-i', archive], { root });
      assert.equal(loaded.exitCode, 0, loaded.stderr);
      const again = await site.run(['system', 'check'], { root });
      assert.equal(again.exitCode, 0, again.stdout);
      assert.equal((await site.run(['save', '-o', out, 'app:1'], { root })).exitCode, 0);
    } finally {
      disk.end();
    }
  },
);

interface FailingDisk {
  /** The store with its largest blob on a disk that fails below the blob's last piece. */
  readonly store: string;
  end(): void;
}

/**
 * The blob moves to an ext4 on a loop device whose file is cut off: what lay beyond its end cannot be
 * read any more. Whatever is written goes elsewhere, as overlayfs does it: a write to the disk itself
 * could make the file longer again, with zeros for what was lost.
 */
function failingDisk(site: FaultSite, healthy: string): FailingDisk | undefined {
  const image = site.folder.at('disk.img');
  const [disk, work, store] = ['disk', 'work', 'store-on-disk'].map((name) => site.folder.at(name));
  assert.ok(disk && work && store);
  for (const folder of [disk, work, store]) mkdirSync(folder);
  const blob = largestBlob(healthy);
  const onDisk = join(disk, relative(healthy, blob));
  const mounted: string[] = [];
  const mount = (folder: string, ...argv: readonly string[]): void => {
    execFileSync('mount', [...argv, folder], { stdio: 'ignore' });
    mounted.unshift(folder);
  };
  const end = (): void => {
    for (const folder of mounted.splice(0)) execFileSync('umount', [folder]);
  };
  writeFileSync(image, '');
  truncateSync(image, 64 * MEBIBYTE);
  try {
    execFileSync('mkfs.ext4', ['-q', '-b', '4096', '-O', '^has_journal', image]);
    mount(disk, '-o', 'loop', image);
    mkdirSync(dirname(onDisk), { recursive: true });
    // The folders lie before the blob then.
    execFileSync('sync', ['-f', disk]);
    copyFileSync(blob, onDisk);
    execFileSync('sync', ['-f', disk]);
    const cutAt = lastPieceOf(onDisk);
    end();
    mount(disk, '-o', 'loop,ro', image);
    // Moving a file must not copy it: a disk that holds all of a store does not do that either.
    rmSync(blob);
    const layers = `lowerdir=${disk},upperdir=${healthy},workdir=${work},metacopy=on`;
    mount(store, '-t', 'overlay', '-o', layers, 'overlay');
    truncateSync(image, cutAt);
    return { store, end };
  } catch (error) {
    end();
    if (error instanceof assert.AssertionError) throw error;
    return undefined;
  }
}

/** Where it begins on the disk, in bytes. */
function lastPieceOf(path: string): number {
  const extents = execFileSync('filefrag', ['-v', path], { encoding: 'utf8' });
  const last = [...extents.matchAll(/^ +\d+: +\d+\.\. +\d+: +(\d+)\.\. +\d+:/gm)].at(-1);
  assert.ok(last, extents);
  return Number(last[1]) * 4096;
}

function largestBlob(root: string): string {
  const folder = join(root, 'blobs/sha256');
  const [largest] = readdirSync(folder)
    .map((name) => join(folder, name))
    .sort((a, b) => statSync(b).size - statSync(a).size);
  assert.ok(largest);
  return largest;
}
