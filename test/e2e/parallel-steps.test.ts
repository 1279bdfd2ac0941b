/** Stages side by side: what runs at the same time, what runs once, and what a failure stops. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUSYBOX_BASE } from '#test/helpers/busybox-context.ts';
import { type FaultSite, fault } from '#test/helpers/fault-site.ts';

/** Each RUN in a stage of its own over busybox; the target takes something from each. */
function stages(site: FaultSite, steps: readonly string[]): string {
  const context = site.context('');
  const base = BUSYBOX_BASE.replace('FROM scratch', 'FROM scratch AS base');
  const all = steps.map((step, index) => `FROM base AS s${index}\n${step}\n`);
  const copies = steps.map((_, index) => `COPY --from=s${index} /bin/busybox /${index}\n`);
  const text = [base, ...all, 'FROM scratch\n', ...copies].join('');
  writeFileSync(join(context, 'Dockerfile'), text);
  return context;
}

/** Waits for the others in a cache folder that all share, for two seconds at most. */
function meeting(name: string, count: number): string {
  return `RUN --mount=type=cache,target=/m touch /m/${name}; i=0; while [ $(ls /m | wc -l) -lt ${count} ] && [ $i -lt 20 ]; do sleep 0.1; i=$((i+1)); done; echo "SAID ${name} $(ls /m | wc -l)"; [ $i -lt 20 ] || rm /m/${name}`;
}

fault(
  'independent stages run at the same time, with --jobs 1 one after the other',
  async (site) => {
    const context = stages(site, [meeting('a', 3), meeting('b', 3), meeting('c', 3)]);
    const log = async (...flags: readonly string[]): Promise<readonly string[]> => {
      const argv = ['build', '--progress', 'plain', '--no-cache', ...flags, context];
      const { exitCode, stderr } = await site.run(argv);
      assert.equal(exitCode, 0, stderr);
      return [...stderr.matchAll(/SAID \w (\d)$/gm)].map(([, count = '']) => count);
    };
    assert.deepEqual(await log('--jobs', '1'), ['1', '1', '1']);
    assert.deepEqual(await log(), ['3', '3', '3']);
  },
);

fault('equal steps of two stages run once', async (site) => {
  const step = 'RUN head -c 8 /dev/urandom | md5sum >/random';
  const argv = ['build', '--progress', 'plain', stages(site, [step, step])];
  const { exitCode, stderr } = await site.run(argv);
  assert.equal(exitCode, 0, stderr);
  assert.equal(stderr.match(/^#\d+ \[s\d 1\/1\] RUN head/gm)?.length, 1, stderr);
});

fault('a failure stops what runs beside it, also what waits', async (site) => {
  const hold = 'RUN --mount=type=cache,id=l,sharing=locked,target=/l echo begun; sleep 60';
  const argv = [
    ...['build', '--progress', 'plain'],
    stages(site, [hold, `${hold} 60`, 'RUN sleep 1; exit 3']),
  ];
  const told = await site.bad(1, argv);
  assert.equal(told.match(/^#\d+ CANCELED$/gm)?.length, 2, told);
  assert.equal(told.match(/^#\d+ ERROR: /gm)?.length, 1, told);
  assert.match(told, /exit code: 3/);
  assert.match(told, />>> RUN sleep 1; exit 3/);
});

fault('a wrong number of jobs is refused', async (site) => {
  assert.match(
    await site.bad(1, ['build', '--jobs', 'many', '.']),
    /invalid argument "many" for "--jobs"/,
  );
});
