/** The cgroups of this machine as tests see them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { canContain } from './containers.ts';

/** Mount points of the hierarchies: of all, or of version 1 ones with the controller. */
export function hierarchyRoots(controller?: string): readonly string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter((words) => words.at(-3) === 'cgroup' || words.at(-3) === 'cgroup2')
    .filter(
      (words) => controller === undefined || words.at(-1)?.split(',').includes(controller) === true,
    )
    .flatMap((words) => words[4] ?? []);
}

/** The folder of this process's own group in a version 1 hierarchy; undefined where there is none. */
export function groupFolder(controller: string): string | undefined {
  const own = readFileSync('/proc/self/cgroup', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([, names]) => names?.split(',').includes(controller));
  const [point] = hierarchyRoots(controller);
  return own?.[2] === undefined || point === undefined ? undefined : join(point, own[2]);
}

/** Groups that Slipway made there and that still exist. */
export function groupsLeft(controller: string): readonly string[] {
  const folder = groupFolder(controller);
  if (folder === undefined) return [];
  return readdirSync(folder).filter((name) => /^slipway-[0-9a-f]{16}$/.test(name));
}

/**
 * A test that needs a version 1 controller, and perhaps version 2 mounted as well; skipped aloud where
 * it cannot be.
 */
export function limited(
  controller: string,
  name: string,
  body: () => Promise<void>,
  options: { readonly needsV2?: boolean } = {},
): void {
  test(name, async (t) => {
    if (!canContain(t)) return;
    if (groupFolder(controller) === undefined) {
      t.skip(`needs the controller ${controller} in a version 1 hierarchy`);
      return;
    }
    const types = readFileSync('/proc/self/mountinfo', 'utf8');
    if (options.needsV2 && !types.includes(' - cgroup2 ')) {
      t.skip('needs version 2 of cgroups mounted');
      return;
    }
    await body();
  });
}
