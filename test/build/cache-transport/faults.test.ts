/**
 * A registry that fails while a cache is read from it or written to it: the build goes on, it is told
 * once, and nothing is left half done.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { CacheSource, CacheTarget } from '#core/build-cache.ts';
import type { Event } from '#core/events.ts';
import { parseTag } from '#core/reference.ts';
import { type BuildOptions, openEngine } from '#engine.ts';
import { HELPER } from '#test/helpers/engine.ts';
import { type Fault, type FaultyProxy, faultyProxy } from '#test/helpers/faulty-proxy.ts';
import { temporaryRegistry } from '#test/helpers/registry.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const STEPS = 4;

interface Site {
  readonly proxy: FaultyProxy;
  readonly place: CacheSource & { readonly kind: 'registry' };
  target(ignoreError?: boolean): CacheTarget;
  /** On a machine whose store is new. */
  build(options: Partial<BuildOptions>): Promise<{ cached: number; warnings: readonly string[] }>;
  /** What the last machine has lying about. */
  leftovers(): readonly string[];
}

async function withSite(work: (site: Site) => Promise<void>): Promise<void> {
  using folder = tempFolder();
  await using registry = await temporaryRegistry();
  await using proxy = await faultyProxy(registry.address);
  const context = folder.at('context');
  mkdirSync(context);
  const files = Array.from({ length: STEPS }, (_, i) => `file-${i}`);
  for (const [i, name] of files.entries()) {
    writeFileSync(`${context}/${name}`, Buffer.alloc(300_000, String(i)));
  }
  const steps = files.map((name) => `COPY ${name} /${name}\n`).join('');
  writeFileSync(`${context}/Dockerfile`, `FROM scratch\n${steps}`);
  const place = { kind: 'registry', reference: parseTag(`${proxy.address}/cache:main`) } as const;
  let machine = 0;
  await work({
    proxy,
    place,
    target: (ignoreError = false) => ({ kind: 'place', place, mode: 'max', ignoreError }),
    async build(options) {
      machine += 1;
      await using engine = await openEngine({
        root: folder.at(`machine-${machine}`),
        helper: HELPER,
        snapshotter: 'auto',
        parallelTransfers: 1,
      });
      const events: Event[] = [];
      const { steps: counted } = await engine.build({
        context,
        tags: ['app:1'],
        ...options,
        events: (event) => events.push(event),
      });
      const warnings = events.flatMap((event) =>
        event.kind === 'note' && event.level === 'warning' ? [event.text] : [],
      );
      await engine.inspect('app:1');
      return { cached: counted.cached, warnings };
    },
    leftovers: () =>
      ['ingest', 'snapshots', 'trash'].flatMap((name) =>
        readdirSync(folder.at(`machine-${machine}`, name)),
      ),
  });
}

const isBlob = (method: string, path: string): boolean =>
  method === 'GET' && path.includes('/blobs/');

test('gone from the start: told once, and built without', () =>
  withSite(async ({ build, place, proxy }) => {
    await proxy.die();
    const { cached, warnings } = await build({ cacheFrom: [place] });
    assert.equal(cached, 0);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /^no cache from .*: .*connection refused$/);
  }));

test('of no use after its list was read: told once for all steps, not asked again for each', () =>
  withSite(async ({ build, place, proxy, target, leftovers }) => {
    await build({ cacheTo: [target()] });
    let blobs = 0;
    proxy.decide = (method, path) => {
      // The list is the first blob, one layer comes, then nothing any more.
      if (isBlob(method, path)) blobs += 1;
      return blobs > 2 ? 501 : 'pass';
    };
    const { cached, warnings } = await build({ cacheFrom: [place] });
    assert.equal(cached, 1);
    assert.equal(warnings.length, 1, warnings.join('\n'));
    assert.match(warnings[0] ?? '', /^the build goes on without a cache that cannot be reached/);
    assert.deepEqual(leftovers(), []);
  }));

for (const fault of ['cut-body', 503, 'slow'] as const) {
  test(`a layer that meets ${fault} once comes all the same`, () =>
    withSite(async ({ build, place, proxy, target }) => {
      await build({ cacheTo: [target()] });
      const met = new Set<string>();
      proxy.decide = (method, path) => {
        if (!isBlob(method, path) || met.has(path)) return 'pass';
        met.add(path);
        return met.size === 3 ? fault : 'pass';
      };
      const { cached, warnings } = await build({ cacheFrom: [place] });
      assert.deepEqual([cached, ...warnings], [STEPS]);
    }));
}

test('a layer that was lost there costs that step, and is told', () =>
  withSite(async ({ build, place, proxy, target }) => {
    await build({ cacheTo: [target()] });
    let lost: string | undefined;
    let blobs = 0;
    proxy.decide = (method, path) => {
      if (!isBlob(method, path)) return 'pass';
      blobs += 1;
      if (blobs === 2) lost = path;
      return path === lost ? 404 : 'pass';
    };
    const { cached, warnings } = await build({ cacheFrom: [place] });
    assert.equal(cached, STEPS - 1);
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0] ?? '',
      /^cached layer sha256:\w+ of "COPY file-0 \/file-0" cannot be used/,
    );
  }));

test('dying while the cache is written: fails the build, or is told where that is allowed', () =>
  withSite(async ({ build, place, proxy, target, leftovers }) => {
    await build({ cacheTo: [target()] });
    const dying = (fault: Fault): void => {
      let uploads = 0;
      proxy.decide = (method, path) => {
        if (method === 'GET' || method === 'HEAD') return path.includes('/blobs/') ? 404 : 'pass';
        uploads += 1;
        return uploads > 2 ? fault : 'pass';
      };
    };
    dying('cut');
    const { warnings } = await build({ cacheTo: [target(true)] });
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /^no cache was written to 127/);
    assert.deepEqual(leftovers(), []);
    dying(501);
    await assert.rejects(build({ cacheTo: [target()] }), { code: 'REGISTRY_REFUSED' });
    // The cache that was there is whole.
    proxy.decide = () => 'pass';
    assert.equal((await build({ cacheFrom: [place] })).cached, STEPS);
  }));
