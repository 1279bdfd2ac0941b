/**
 * The value of one `RUN --mount` as a typed mount, or BuildKit's complaint with its place. It is
 * pure text: which stage or folder is meant is the builder's business, and a value with variables
 * is left open unless the caller can expand it.
 *
 * Spec: Dockerfile reference 1.20, "RUN --mount".
 */
import { posix } from 'node:path';
import type { CacheMount, Owned, RunMount } from './mount.ts';
import { type MountField, type Slice, splitMountFields } from './mount-fields.ts';
import {
  canonicalKey,
  isTrue,
  type MountKey,
  type MountType,
  mountType,
  parseMemory,
  readValue,
} from './mount-values.ts';

export interface MountProblem {
  /** BuildKit's words. */
  readonly text: string;
  /** Offsets into the value that was parsed. */
  readonly start: number;
  readonly end: number;
  /** BuildKit finds it while parsing the file, else when it comes to the instruction. */
  readonly isEarly: boolean;
  readonly hint: string;
}

export type MountReading =
  | { readonly kind: 'mount'; readonly mount: RunMount }
  /** Nothing is wrong so far, but some values are not known yet. */
  | { readonly kind: 'open' }
  | { readonly kind: 'problem'; readonly problem: MountProblem };

/** A value with its variables resolved; undefined: not known. May throw what the caller catches. */
export type ExpandValue = (value: string) => string | undefined;

/** Reads what stands behind `--mount=`. By default values with anything to expand stay open. */
export function parseRunMount(text: string, expand: ExpandValue = plainValue): MountReading {
  const fields = splitMountFields(text);
  if ('error' in fields) {
    const problem = {
      text: `failed to parse csv mounts: ${fields.error}`,
      start: fields.start,
      end: fields.end,
      isEarly: true,
      hint: 'Write key=value pairs with commas between them: type=cache,target=/path.',
    };
    return { kind: 'problem', problem };
  }
  const whole: Slice = { text, start: 0, end: text.length };
  const draft: Draft = { type: 'bind', isOpen: false, values: new Map() };
  const problem =
    variableInFrom(fields) ?? readFields(fields, draft, expand) ?? checkTogether(draft, whole);
  if (problem !== undefined) return { kind: 'problem', problem };
  const { type } = draft;
  if (draft.isOpen || type === undefined) return { kind: 'open' };
  return { kind: 'mount', mount: mountOf(type, draft) };
}

/** The absolute path of a mount, or BuildKit's complaint when that is the root. */
export function mountPath(
  target: string,
  workdir: string,
): { readonly path: string } | { readonly error: string } {
  const path = posix.resolve('/', workdir, target);
  return path === '/' ? { error: 'invalid mount target "/"' } : { path };
}

function plainValue(value: string): string | undefined {
  return /[$'"\\`]/.test(value) ? undefined : value;
}

interface Draft {
  /** Undefined: given by a variable. */
  type: MountType | undefined;
  isOpen: boolean;
  /** The last of each key; of `readonly` and `readwrite` only the later one is kept. */
  readonly values: Map<MountKey, { readonly text: string; readonly place: Slice }>;
}

function variableInFrom(fields: readonly MountField[]): MountProblem | undefined {
  const field = fields.find(
    ({ key, value }) => key.text === 'from' && /\$./.test(value?.text ?? ''),
  );
  return (
    field &&
    problemAt(field.value ?? field.key, {
      text: "'from' doesn't support variable expansion, define alias stage instead",
      hint: 'Write FROM with the variable and AS name, then from=name.',
      isEarly: true,
    })
  );
}

function readFields(
  fields: readonly MountField[],
  draft: Draft,
  expand: ExpandValue,
): MountProblem | undefined {
  for (const field of fields) {
    const problem = readField(field, draft, expand);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function readField(field: MountField, draft: Draft, expand: ExpandValue): MountProblem | undefined {
  const { key, value } = field;
  const name = canonicalKey(key.text);
  const isSwitch = name === 'readonly' || name === 'readwrite' || name === 'required';
  if (value === undefined && !isSwitch) {
    return problemAt(field.whole, {
      text: `invalid field '${field.whole.text}' must be a key=value pair`,
      hint: field.whole.text === '' ? 'Remove the comma.' : `Write ${field.whole.text}=VALUE.`,
    });
  }
  const text = value === undefined ? 'true' : expand(value.text);
  const complaint = readValue({ name, key: key.text, field: field.whole.text, text }, draft.type);
  if (complaint !== undefined) {
    return problemAt(complaint.isValue ? (value ?? key) : key, complaint);
  }
  if (name === undefined) return undefined;
  if (text === undefined) draft.isOpen = true;
  if (name === 'type') draft.type = text === undefined ? undefined : mountType(text);
  if (name === 'readonly') draft.values.delete('readwrite');
  if (name === 'readwrite') draft.values.delete('readonly');
  draft.values.set(name, { text: text ?? '', place: field.whole });
  return undefined;
}

function problemAt(
  place: Slice,
  what: { readonly text: string; readonly hint: string; readonly isEarly?: boolean },
): MountProblem {
  const { text, hint, isEarly = false } = what;
  return { text, start: place.start, end: place.end, isEarly, hint };
}

/** Keys that are right by themselves, and wrong for the type or beside each other. */
function checkTogether(draft: Draft, whole: Slice): MountProblem | undefined {
  const { type } = draft;
  if (type === undefined) return undefined;
  const { values } = draft;
  const refuse = (key: MountKey, text: string, hint: string): MountProblem | undefined => {
    const given = values.get(key);
    return given && problemAt(given.place, { text, hint });
  };
  if (type === 'bind' || type === 'tmpfs') {
    for (const key of ['mode', 'uid', 'gid'] as const) {
      const text = `${key} not allowed for "${type}" type mounts`;
      const problem = refuse(key, text, `Remove ${key}: it is for cache, secret and ssh mounts.`);
      if (problem !== undefined) return problem;
    }
  }
  if (type === 'secret') return checkSecret(draft, whole, refuse);
  if (type !== 'cache') {
    const text = `invalid cache sharing set for ${type} mount`;
    const problem = refuse('sharing', text, 'Remove sharing: it is for cache mounts.');
    if (problem !== undefined) return problem;
  }
  if (type === 'ssh' && isGiven(draft, 'source')) {
    return refuse('source', 'ssh does not support source', 'Name the agent with id.');
  }
  return undefined;
}

function checkSecret(
  draft: Draft,
  whole: Slice,
  refuse: (key: MountKey, text: string, hint: string) => MountProblem | undefined,
): MountProblem | undefined {
  if (isGiven(draft, 'from')) {
    return refuse('from', 'secret mount should not have a from', 'Remove from.');
  }
  const sharing = refuse('sharing', 'secret mount should not define sharing', 'Remove sharing.');
  if (sharing !== undefined) return sharing;
  const isNamed = isGiven(draft, 'source') || isGiven(draft, 'target') || isGiven(draft, 'id');
  if (!isNamed && !draft.isOpen) {
    return problemAt(whole, {
      text: 'invalid secret mount. one of source, target required',
      hint: 'Name the secret with id=NAME.',
    });
  }
  if (isGiven(draft, 'source') && isGiven(draft, 'id')) {
    return refuse('source', "both source and id can't be set", 'Keep id.');
  }
  return undefined;
}

function isGiven({ values }: Draft, key: MountKey): boolean {
  return (values.get(key)?.text ?? '') !== '';
}

function mountOf(type: MountType, draft: Draft): RunMount {
  const text = (key: MountKey): string | undefined => draft.values.get(key)?.text || undefined;
  const target = text('target') ?? '';
  switch (type) {
    case 'bind':
      return { type, ...origin(draft), target, readOnly: isReadOnly(draft, true) };
    case 'cache': {
      const id = text('id');
      return {
        type,
        ...(id !== undefined && { id }),
        ...origin(draft),
        target,
        readOnly: isReadOnly(draft, false),
        sharing: sharingOf(draft),
        ...ownership(draft),
      };
    }
    case 'tmpfs': {
      const size = text('size');
      const bytes = size === undefined ? undefined : parseMemory(size);
      return {
        type,
        target,
        readOnly: isReadOnly(draft, false),
        ...(bytes !== undefined && { size: bytes }),
      };
    }
    default: {
      const asked = type === 'secret' ? (text('source') ?? text('id')) : text('id');
      const env = text('env');
      const shared = {
        ...(target !== '' && { target }),
        required: isTrue(text('required') ?? 'false'),
        ...ownership(draft),
      };
      if (type === 'ssh') return { type, id: asked ?? 'default', ...shared };
      const id = asked ?? posix.basename(target);
      return { type, id, ...(env !== undefined && { env }), ...shared };
    }
  }
}

function origin({ values }: Draft): { readonly from?: string; readonly source?: string } {
  const from = values.get('from')?.text;
  const source = values.get('source')?.text;
  return { ...(from && { from }), ...(source && { source }) };
}

function isReadOnly({ values }: Draft, byDefault: boolean): boolean {
  const readOnly = values.get('readonly');
  if (readOnly !== undefined) return isTrue(readOnly.text);
  const readWrite = values.get('readwrite');
  return readWrite === undefined ? byDefault : !isTrue(readWrite.text);
}

function sharingOf({ values }: Draft): CacheMount['sharing'] {
  const sharing = values.get('sharing')?.text.toLowerCase();
  return sharing === 'private' || sharing === 'locked' ? sharing : 'shared';
}

function ownership({ values }: Draft): Owned {
  const mode = values.get('mode')?.text;
  const uid = values.get('uid')?.text;
  const gid = values.get('gid')?.text;
  return {
    ...(mode !== undefined && { mode: Number.parseInt(mode, 8) }),
    ...(uid !== undefined && { uid: Number(uid) }),
    ...(gid !== undefined && { gid: Number(gid) }),
  };
}
