/**
 * What this kernel can do with a given store: `slipway-native probe` tries it out, versions are
 * never compared. The caller remembers the answer (it holds until the next boot, for this store).
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { SlipwayError } from '#core/errors.ts';
import { ObjectReader, parseJson } from '#core/json.ts';
import { helperEnded, helperMissing } from './helper-process.ts';
import { type LaunchReport, parseLaunchReport } from './launch-error.ts';

/** Undefined `error`: it works. */
export interface Attempt {
  readonly works: boolean;
  /** Why not. */
  readonly error?: LaunchReport;
}

export interface Probe {
  /** How the kernel mounts a layer index of this store; `none`: layers must be unpacked. */
  readonly erofs: 'file' | 'ramfs' | 'loop' | 'none';
  readonly erofsFile: Attempt;
  readonly erofsRamfs: Attempt;
  readonly erofsLoop: Attempt;
  /** An overlay with its upper in the store. */
  readonly overlay: Attempt;
  /** A new user namespace. */
  readonly userNamespace: Attempt;
  /** The namespaces of a container, and a /proc of its own. */
  readonly container: Attempt;
  readonly chroot: Attempt;
  /** We are in a user namespace already: no EROFS, and overlay with marks of its own. */
  readonly inUserNamespace: boolean;
  readonly cgroup: {
    readonly version: 'v1' | 'v2' | 'hybrid' | 'none';
    /** Controllers by hierarchy. */
    readonly v1: readonly string[];
    readonly v2: readonly string[];
  };
}

export interface ProbeOptions {
  /** Path of the `slipway-native` executable. */
  readonly helper: string;
  /** An existing folder; something is written to it and removed. */
  readonly store: string;
  readonly signal?: AbortSignal;
}

/** @throws HELPER_MISSING, HELPER_FAILED, CANCELLED; what does not work is in the result, never thrown */
export async function probe({ helper, store, signal }: ProbeOptions): Promise<Probe> {
  const { stdout } = await promisify(execFile)(helper, ['probe', store], {
    ...(signal ? { signal } : {}),
  }).catch((cause: unknown) => {
    throw probeFailed(helper, cause);
  });
  return parseProbe(stdout);
}

/** Decodes the helper's answer. @throws JSON_INVALID */
export function parseProbe(text: string): Probe {
  const fields = new ObjectReader(parseJson(text, WHAT), WHAT);
  const cgroup = fields.object('cgroup');
  return {
    erofs: oneOf(fields, 'erofs', ['file', 'ramfs', 'loop', 'none']),
    erofsFile: attempt(fields, 'erofsFile'),
    erofsRamfs: attempt(fields, 'erofsRamfs'),
    erofsLoop: attempt(fields, 'erofsLoop'),
    overlay: attempt(fields, 'overlay'),
    userNamespace: attempt(fields, 'userNamespace'),
    container: attempt(fields, 'container'),
    chroot: attempt(fields, 'chroot'),
    inUserNamespace: fields.optionalBoolean('inUserNamespace') ?? false,
    cgroup: {
      version: oneOf(cgroup, 'version', ['v1', 'v2', 'hybrid', 'none']),
      v1: cgroup.strings('v1'),
      v2: cgroup.strings('v2'),
    },
  };
}

const WHAT = 'answer of the probe';

function attempt(fields: ObjectReader, name: string): Attempt {
  const answer = fields.object(name);
  if (answer.optionalBoolean('works')) return { works: true };
  return { works: false, error: parseLaunchReport(answer.raw('error'), WHAT) };
}

function oneOf<const T extends string>(fields: ObjectReader, name: string, known: readonly T[]): T {
  const text = fields.string(name);
  return known.find((word) => word === text) ?? fields.refuse(name, known.join(' or '));
}

function probeFailed(helper: string, cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  if (cause.name === 'AbortError') {
    return new SlipwayError('CANCELLED', 'the probe was stopped', { cause });
  }
  // execFile: `code` is a number when it ran, a string when it did not.
  const code: unknown = 'code' in cause ? cause.code : undefined;
  return typeof code === 'number' ? helperEnded(code, cause.message) : helperMissing(helper, cause);
}
