/** What happens to repositories, told to whoever listens: webhooks, figures. Endpoints only say it. */
import type { Descriptor } from '#core/descriptor.ts';
import type { BlobInfo } from '#core/repository.ts';

export type RegistryAction = 'push' | 'pull' | 'mount' | 'delete';

export interface RegistryEvent {
  readonly action: RegistryAction;
  readonly repository: string;
  /** A manifest, or a blob (`application/octet-stream`). Of a deleted tag there is only the tag. */
  readonly target?: Descriptor;
  readonly tag?: string;
  /** A mount's source. */
  readonly fromRepository?: string;
}

/** A blob as an event names it. */
export function blobTarget({ digest, size }: BlobInfo): Descriptor {
  return { mediaType: BLOB_TYPE, digest, size };
}

/** Blobs have no type of their own: what they are is said where they are used. */
export const BLOB_TYPE = 'application/octet-stream';

/** Who was it, and from where. */
export interface EventOrigin {
  readonly requestId: string;
  readonly remoteAddress: string;
  /** As the client called us. */
  readonly host: string;
  readonly method: string;
  readonly userAgent: string;
  readonly user: string | undefined;
}

export type EventListener = (event: RegistryEvent, origin: EventOrigin) => void;
