/** The registry on a disk that fills up: pushes are refused with 507, all else goes on, deleting and gc make room. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { DISTRIBUTION_ERRORS } from '#core/distribution-errors.ts';
import { slipway, startSlipway } from '#test/helpers/cli-process.ts';
import { sampleImage } from '#test/helpers/images.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

const MIB = 1024 * 1024;

/** An ext4 of its own, on a loop device. Undefined where that cannot be. */
function smallDisk(folder: TempFolder): (Disposable & { readonly path: string }) | undefined {
  const [image, path] = [folder.at('disk.img'), folder.at('disk')];
  mkdirSync(path);
  writeFileSync(image, '');
  truncateSync(image, 32 * MIB);
  try {
    execFileSync('mkfs.ext4', ['-q', '-m', '0', image], { stdio: 'ignore' });
    execFileSync('mount', ['-o', 'loop', image, path], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return { path, [Symbol.dispose]: () => void execFileSync('umount', [path]) };
}

test('a full disk', async (t) => {
  using folder = tempFolder();
  using disk = smallDisk(folder);
  if (!disk) return t.skip('needs mkfs.ext4, loop devices and the right to mount');
  const root = `${disk.path}/store`;
  await using server = await serve(root);
  const pushed: { readonly tag: string; readonly digest: string }[] = [];
  let refused: number | undefined;
  for (let i = 0; i < 40 && refused === undefined; i += 1) {
    const { status, digest } = await server.push(`v${i}`, 2 * MIB);
    if (status === 201) pushed.push({ tag: `v${i}`, digest });
    else refused = status;
  }
  assert.equal(refused, 507);
  assert.ok(pushed.length > 2, `${pushed.length} images fit`);
  // Nothing of the push that was refused takes room.
  assert.deepEqual(readdirSync(`${root}/ingest`), []);
  for (const { tag, digest } of pushed) {
    const head = await fetch(server.url(`/v2/app/manifests/${tag}`), { method: 'HEAD' });
    assert.equal(head.headers.get('docker-content-digest'), digest);
  }
  const [first] = pushed;
  assert.ok(first);
  const gone = await fetch(server.url(`/v2/app/manifests/${first.digest}`), { method: 'DELETE' });
  assert.equal(gone.status, 202);
  // What a server has just handled it holds for a while.
  await server.restart();
  const { exitCode, stdout, stderr } = await slipway(['registry', 'gc'], { root });
  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, /^Removed \d+ blobs/);
  assert.equal((await server.push('again', 2 * MIB)).status, 201);
  const check = await slipway(['registry', 'check'], { root });
  assert.equal(check.exitCode, 0, check.stdout);
});

async function serve(root: string) {
  const start = async () => {
    const running = startSlipway(['registry', 'serve', '--addr', '127.0.0.1:0'], { root });
    const line = await running.firstLine;
    return { running, base: line.replace('Registry listening on ', '') };
  };
  let { running, base } = await start();
  const stop = async () => {
    running.kill('SIGTERM');
    await running.outcome;
  };
  const url = (path: string): string => base + path;
  return {
    url,
    /** An image with one large layer; the status of the first request that was refused, or 201. */
    push: async (tag: string, bytes: number) => {
      const { manifest, blobs } = await sampleImage({ layers: 1, fileSize: bytes });
      for (const blob of blobs) {
        const response = await fetch(url(`/v2/app/blobs/uploads/?digest=${blob.digest}`), {
          method: 'POST',
          body: Uint8Array.from(blob.bytes),
        });
        await checked(response);
        if (response.status !== 201) return { status: response.status, digest: manifest.digest };
      }
      const response = await fetch(url(`/v2/app/manifests/${tag}`), {
        method: 'PUT',
        headers: { 'content-type': manifest.mediaType },
        body: Uint8Array.from(manifest.bytes),
      });
      await checked(response);
      return { status: response.status, digest: manifest.digest };
    },
    restart: async () => {
      await stop();
      ({ running, base } = await start());
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** A refusal says what is wrong, in the words of the registry. */
async function checked(response: Response): Promise<void> {
  const text = await response.text();
  if (response.ok) return;
  const { errors } = JSON.parse(text);
  assert.ok(Object.hasOwn(DISTRIBUTION_ERRORS, errors[0].code), text);
  assert.equal(errors[0].message, 'no space left on the registry');
}
