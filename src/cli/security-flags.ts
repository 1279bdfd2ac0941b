/** `--security-opt`, with docker's words: what a container may do, beside the default. */
import { readFileSync } from 'node:fs';
import type { ContainerSecurity } from '#core/container-security.ts';
import { SlipwayError } from '#core/errors.ts';
import { list } from './flags.ts';

export const SECURITY_FLAGS = {
  'security-opt': list({
    description:
      'no-new-privileges, seccomp=profile.json, seccomp=unconfined, systempaths=unconfined, apparmor=profile',
    helpValue: 'option',
  }),
} as const;

/** The options as one value; undefined without any. @throws USAGE; SECCOMP_PROFILE_INVALID */
export function securityOf(options: readonly string[]): ContainerSecurity | undefined {
  if (options.length === 0) return undefined;
  return Object.assign({}, ...options.map(readOption));
}

function readOption(option: string): ContainerSecurity {
  // docker's older way to write them has a colon.
  const [, name = '', value] = /^([^=:]*)(?:[=:](.*))?$/s.exec(option) ?? [];
  switch (name) {
    case 'no-new-privileges':
      return { noNewPrivileges: readSwitch(option, value ?? 'true') };
    case 'seccomp':
      return readSeccomp(option, value);
    case 'systempaths':
      if (value === 'unconfined') return { systemPaths: 'unconfined' };
      break;
    case 'apparmor':
      if (value) return { apparmor: value };
      break;
    case 'label':
      if (value === 'disable') return {};
      break;
  }
  return refuse(option);
}

function readSwitch(option: string, value: string): boolean {
  if (['true', '1'].includes(value)) return true;
  return ['false', '0'].includes(value) ? false : refuse(option);
}

function readSeccomp(option: string, value: string | undefined): ContainerSecurity {
  if (!value) return refuse(option);
  if (value === 'builtin') return {};
  if (value === 'unconfined') return { seccomp: 'unconfined' };
  try {
    return { seccomp: { profile: readFileSync(value, 'utf8'), from: value } };
  } catch (cause) {
    throw new SlipwayError(
      'SECCOMP_PROFILE_INVALID',
      `opening seccomp profile (${value}) failed: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
}

function refuse(option: string): never {
  throw new SlipwayError('USAGE', `invalid --security-opt: "${option}"`, {
    hint: 'known are no-new-privileges, seccomp=FILE, seccomp=unconfined, systempaths=unconfined, apparmor=PROFILE and label=disable',
  });
}
