/**
 * Keys for programs: a long random secret that stands for a user, may be limited to some actions and
 * ends at a date. Used as a password beside any name, or as a Bearer token. Only a hash is kept; the
 * secret has 256 bits, so a fast one will do.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { SlipwayError } from '#core/errors.ts';
import { ObjectReader, parseJson } from '#core/json.ts';
import type { Action } from '#core/registry-config.ts';
import { type Identity, isAction } from './access.ts';

/** One of the keys file, `{"keys": [...]}`. */
export interface ApiKey {
  /** The public part of `slw_<id>_<secret>`. */
  readonly id: string;
  readonly user: string;
  /** Of the secret, in hex. */
  readonly sha256: string;
  readonly actions: readonly Action[];
  /** Milliseconds since 1970; absent: until it is removed. */
  readonly expiresAtMs?: number;
  /** What it is for, in the words of whoever made it. */
  readonly note?: string;
}

const SHAPE = /^slw_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

/** A new key and its text, which nobody can have again. */
export function makeKey(options: Omit<ApiKey, 'id' | 'sha256'>): {
  readonly key: ApiKey;
  readonly text: string;
} {
  const id = randomBytes(6).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  return { key: { ...options, id, sha256: sha256(secret) }, text: `slw_${id}_${secret}` };
}

/** True for what can only be meant as a key. */
export function looksLikeKey(text: string): boolean {
  return SHAPE.test(text);
}

/** Undefined for a key that is unknown, wrong or over. */
export function identityOfKey(
  keys: readonly ApiKey[],
  text: string,
  nowMs: number,
): Identity | undefined {
  const [, id, secret = ''] = SHAPE.exec(text) ?? [];
  const key = keys.find((candidate) => candidate.id === id);
  if (!key) return undefined;
  if (!timingSafeEqual(Buffer.from(sha256(secret)), Buffer.from(key.sha256))) return undefined;
  if (key.expiresAtMs !== undefined && key.expiresAtMs <= nowMs) return undefined;
  const actions = new Set(key.actions);
  return {
    user: key.user,
    judge: 'rules',
    limit: ({ action }) => actions.has(action),
    isKey: true,
  };
}

/** @throws JSON_INVALID, CONFIG_INVALID */
export function parseKeys(text: string): readonly ApiKey[] {
  const file = new ObjectReader(parseJson(text, 'the keys file'), 'the keys file');
  return file.objects('keys').map((entry) => {
    const expires = entry.optionalString('expires');
    const note = entry.optionalString('note');
    return {
      id: entry.string('id'),
      user: entry.string('user'),
      sha256: hashIn(entry),
      actions: entry.strings('actions').map(actionIn),
      ...(expires === undefined ? {} : { expiresAtMs: instantIn(expires) }),
      ...(note === undefined ? {} : { note }),
    };
  });
}

export function formatKeys(keys: readonly ApiKey[]): string {
  const entries = keys.map(({ expiresAtMs, ...key }) =>
    expiresAtMs === undefined ? key : { ...key, expires: new Date(expiresAtMs).toISOString() },
  );
  return `${JSON.stringify({ keys: entries }, undefined, 2)}\n`;
}

function hashIn(entry: ObjectReader): string {
  const hash = entry.string('sha256');
  return /^[0-9a-f]{64}$/.test(hash) ? hash : entry.refuse('sha256', '64 hexadecimal digits');
}

function actionIn(text: string): Action {
  if (isAction(text)) return text;
  throw new SlipwayError('CONFIG_INVALID', `the keys file: ${JSON.stringify(text)} is no action`, {
    hint: 'an action is pull, push or delete',
  });
}

function instantIn(text: string): number {
  const atMs = Date.parse(text);
  if (!Number.isNaN(atMs)) return atMs;
  throw new SlipwayError('CONFIG_INVALID', `the keys file: ${JSON.stringify(text)} is no time`, {
    hint: 'write it as 2027-01-31T00:00:00Z',
  });
}

function sha256(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
