/**
 * What the registry has from other registries, and when they were last asked: which tags came from there
 * (any other was pushed), and their lists of tags and referrers as they were told. The content itself is
 * that of every repository.
 */
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { ObjectReader, parseJson } from '#core/json.ts';
import { decodeManifest, encodeIndex, rawManifest } from '#core/manifest.ts';
import { OCI_INDEX } from '#core/media-type.ts';
import { type Metadata, numberOf, textOf } from './metadata.ts';

export interface RememberedList<T> {
  readonly items: readonly T[];
  readonly checkedAtMs: number;
}

/** In the place of a subject. */
const TAGS = '';

export class ProxiedContent {
  readonly #metadata: Metadata;

  /** @internal use LocalStore.proxied */
  constructor(metadata: Metadata) {
    this.#metadata = metadata;
  }

  /** Undefined: the tag is not from there. */
  checkedAtMs(repository: string, tag: string): number | undefined {
    const row = this.#metadata.get(
      'SELECT checked_at_ms FROM proxied_tags WHERE repository = ? AND tag = ?',
      repository,
      tag,
    );
    return row && numberOf(row, 'checked_at_ms');
  }

  checked(repository: string, tag: string, atMs: number): void {
    this.#metadata.run(
      'INSERT OR REPLACE INTO proxied_tags VALUES (?, ?, ?)',
      repository,
      tag,
      atMs,
    );
  }

  forget(repository: string, tag: string): void {
    this.#metadata.run(
      'DELETE FROM proxied_tags WHERE repository = ? AND tag = ?',
      repository,
      tag,
    );
  }

  tags(repository: string): RememberedList<string> | undefined {
    const found = this.#list(repository, TAGS);
    if (!found) return undefined;
    const reader = new ObjectReader(parseJson(found.body, 'tag list'), 'tag list');
    return { items: reader.strings('tags'), checkedAtMs: found.checkedAtMs };
  }

  rememberTags(repository: string, { items, checkedAtMs }: RememberedList<string>): void {
    const body = Buffer.from(JSON.stringify({ tags: items }));
    this.#remember(repository, TAGS, { body, checkedAtMs });
  }

  referrers(repository: string, subject: Digest): RememberedList<Descriptor> | undefined {
    const found = this.#list(repository, subject);
    if (!found) return undefined;
    const index = decodeManifest(rawManifest(found.body, OCI_INDEX));
    const items = index.kind === 'index' ? index.manifests : [];
    return { items, checkedAtMs: found.checkedAtMs };
  }

  rememberReferrers(
    repository: string,
    subject: Digest,
    { items, checkedAtMs }: RememberedList<Descriptor>,
  ): void {
    this.#remember(repository, subject, { body: encodeIndex(items).bytes, checkedAtMs });
  }

  #list(
    repository: string,
    subject: string,
  ): { readonly body: Uint8Array; readonly checkedAtMs: number } | undefined {
    const row = this.#metadata.get(
      'SELECT body, checked_at_ms FROM proxied_lists WHERE repository = ? AND subject = ?',
      repository,
      subject,
    );
    if (!row) return undefined;
    return { body: Buffer.from(textOf(row, 'body')), checkedAtMs: numberOf(row, 'checked_at_ms') };
  }

  #remember(
    repository: string,
    subject: string,
    { body, checkedAtMs }: { readonly body: Uint8Array; readonly checkedAtMs: number },
  ): void {
    this.#metadata.run(
      'INSERT OR REPLACE INTO proxied_lists VALUES (?, ?, ?, ?)',
      repository,
      subject,
      Buffer.from(body).toString('utf8'),
      checkedAtMs,
    );
  }
}
