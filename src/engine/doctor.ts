/** `slipway doctor`: everything that decides what works here, tried and told. Changes nothing. */
import { readFileSync } from 'node:fs';
import type { DoctorReport, Finding } from '#core/doctor.ts';
import { isSlipwayError } from '#core/errors.ts';
import type { DoctorOptions } from '#engine.ts';
import { readSwitches } from '#runtime/remedies.ts';
import { containerFindings } from './doctor/containers.ts';
import { machineFindings } from './doctor/machine.ts';
import { tryLadder } from './isolation.ts';
import type { Resources } from './resources.ts';

/** @throws REFERENCE_INVALID for a registry that is no host; what is wrong here is in the findings */
export async function examine(
  resources: Resources,
  { registry, searchPath = '', signal }: DoctorOptions,
): Promise<DoctorReport> {
  const findings: Finding[] = [...(await machine(resources, searchPath))];
  if (registry !== undefined) {
    const { registryFindings } = await import('./doctor/registry.ts');
    findings.push(...(await registryFindings(resources, registry, signal)));
  }
  return { findings };
}

async function machine(resources: Resources, searchPath: string): Promise<readonly Finding[]> {
  try {
    const { paths } = await resources.store();
    const here = machineFindings(paths.root, searchPath);
    return [...here.slice(0, 1), ...(await containers(resources, paths.root)), ...here.slice(1)];
  } catch (error) {
    if (!isSlipwayError(error)) throw error;
    const remedy = error.hint ?? 'set SLIPWAY_ROOT';
    return [{ name: 'store', status: 'fail', text: error.message, remedy }];
  }
}

async function containers({ settings }: Resources, root: string): Promise<readonly Finding[]> {
  const { helper, userNamespace } = settings;
  try {
    const { found, choice } = await tryLadder(settings, root);
    const isRoot = process.getuid?.() === 0 && !found.inUserNamespace;
    const ids = idsHere();
    const facts = { probe: found, choice, switches: readSwitches(), userNamespace, isRoot, ids };
    return [{ name: 'helper', status: 'ok', text: helper }, ...containerFindings(facts)];
  } catch (error) {
    if (!isSlipwayError(error, 'HELPER_MISSING', 'HELPER_FAILED', 'ISOLATION_UNAVAILABLE'))
      throw error;
    const remedy = error.hint ?? 'build it with: make -C native';
    return [{ name: 'helper', status: 'fail', text: error.message, remedy }];
  }
}

function idsHere(): number {
  const lines = readFileSync('/proc/self/uid_map', 'latin1').trim().split('\n');
  return lines.reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[2] ?? 0), 0);
}
