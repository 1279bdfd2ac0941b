/**
 * Which extended attributes belong into a layer, and the calls that Node does not have. The helper
 * makes them itself; its TypeScript twins take them from the caller or do without, saying so.
 */
import type { ByteString } from '#core/bytes.ts';

/** System calls on one file, never following a symlink; failures are thrown as Node would. */
export interface HostCalls {
  /** All extended attributes, by their full names. */
  readXattrs(file: Buffer): ReadonlyMap<ByteString, Uint8Array>;
  setXattr(file: Buffer, name: ByteString, value: Uint8Array): void;
  makeNode(file: Buffer, node: HostNode): void;
}

export interface HostNode {
  readonly kind: 'char' | 'block' | 'fifo';
  readonly major: number;
  readonly minor: number;
}

const OVERLAY = /^(?:trusted|user)\.overlay\./;

/**
 * user.*, trusted.*, ACLs and security.capability; not the labels of this machine (security.selinux,
 * security.ima …), and never overlay's own marks.
 */
export function isKeptXattr(name: string): boolean {
  if (OVERLAY.test(name)) return false;
  return (
    name.startsWith('user.') ||
    name.startsWith('trusted.') ||
    name === 'security.capability' ||
    name === 'system.posix_acl_access' ||
    name === 'system.posix_acl_default'
  );
}

/**
 * What comes along with a build context: user.* and security.capability. Its ACLs name users of this
 * machine, as its owners do, and stay where they are.
 */
export function isContextXattr(name: string): boolean {
  return (name.startsWith('user.') && !OVERLAY.test(name)) || name === 'security.capability';
}

/** True when overlay marked a directory as hiding what lies below. */
export function hasOpaqueMark(xattrs: ReadonlyMap<string, Uint8Array>): boolean {
  return ['trusted.overlay.opaque', 'user.overlay.opaque'].some((name) => {
    const value = xattrs.get(name);
    return value?.length === 1 && value[0] === 0x79;
  });
}
