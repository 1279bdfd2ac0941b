/** Findings about one registry: can it be reached, how, and does its clock agree with ours. */
import type { Finding } from '#core/doctor.ts';
import { isSlipwayError } from '#core/errors.ts';
import { parseReference } from '#core/reference.ts';
import { pingRegistry, type RegistryAnswer } from '#remote/ping.ts';
import type { Resources } from '../resources.ts';

/** Tokens and certificates are refused when clocks differ by more. */
const SKEW_MS_MAX = 60_000;

/** @throws REFERENCE_INVALID for what is no host */
export async function registryFindings(
  resources: Pick<Resources, 'registries' | 'settings'>,
  host: string,
  signal: AbortSignal | undefined,
): Promise<readonly Finding[]> {
  // A registry's name is whatever makes a reference with it in front.
  const { registry } = parseReference(`${host}/image`);
  const name = `registry ${registry}`;
  try {
    const { trace } = resources.settings;
    const route = await (await resources.registries()).route({ registry, repository: 'image' });
    const answer = await pingRegistry(route, {
      nowMs: Date.now,
      ...(signal ? { signal } : {}),
      ...(trace ? { trace } : {}),
    });
    return [reached(name, answer), ...clock(name, answer)];
  } catch (error) {
    if (!isSlipwayError(error) || error.code === 'CANCELLED') throw error;
    const remedy = error.hint ?? 'look at the name, the network, and proxies';
    return [{ name, status: 'fail', text: error.message, remedy }];
  }
}

/** Exported for its test: what an answer means. */
export function reached(name: string, answer: RegistryAnswer): Finding {
  const { url, status, authentication, isRegistry } = answer;
  if (!isRegistry) {
    const text = `${url} answers ${status}, which is not a registry's answer`;
    return { name, status: 'fail', text, remedy: 'look at host and port' };
  }
  const security = url.startsWith('https:') ? 'TLS' : 'plain HTTP';
  const access =
    status === 401 ? `wants ${authentication.join(' or ')} credentials` : 'lets anybody in';
  return { name, status: 'ok', text: `${url}: ${security}, ${access}` };
}

export function clock(name: string, { aheadMs }: RegistryAnswer): readonly Finding[] {
  if (aheadMs === undefined || Math.abs(aheadMs) <= SKEW_MS_MAX) return [];
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  const text = `its clock is ${seconds} seconds ${aheadMs > 0 ? 'ahead of' : 'behind'} ours: tokens may be refused`;
  return [
    { name, status: 'warn', text, remedy: 'set the clock, as root: timedatectl set-ntp true' },
  ];
}
