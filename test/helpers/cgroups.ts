/** The cgroups of this machine as tests see them. */
import { existsSync, readFileSync } from 'node:fs';
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

/**
 * The folder of a process's group in a version 1 hierarchy, or in version 2 (`unified`); undefined where
 * it is not mounted.
 */
export function groupFolder(controller: string, pid: number | 'self' = 'self'): string | undefined {
  const isV2 = controller === 'unified';
  const path = readFileSync(`/proc/${pid}/cgroup`, 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([id, names]) => (isV2 ? id === '0' : names?.split(',').includes(controller)))?.[2];
  const [point] = isV2 ? v2Points() : hierarchyRoots(controller);
  return path === undefined || point === undefined ? undefined : join(point, path);
}

function v2Points(): readonly string[] {
  return hierarchyRoots().filter((point) => existsSync(join(point, 'cgroup.controllers')));
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
