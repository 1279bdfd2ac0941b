/**
 * fsck of images: a name must stand for something complete. Every manifest that can be had is
 * followed down; configs are decoded, and layers compared with the diffIDs they state.
 */
import { readFileSync } from 'node:fs';
import { decompress } from '#archive/compression.ts';
import type { Descriptor } from '#core/descriptor.ts';
import { algorithmOf, createHasher, type Digest, type DigestAlgorithm } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import { decodeImageConfig } from '#core/image-config.ts';
import type { ImageManifest } from '#core/manifest.ts';
import { DOCKER_CONFIG, isManifestType, layerCompressionOf, OCI_CONFIG } from '#core/media-type.ts';
import { readFileChunks } from './file-read.ts';
import type { CheckedBlobs } from './fsck-blobs.ts';
import type { Finding, Fsck } from './fsck-finding.ts';
import { isForeign } from './manifest-rules.ts';
import { digestIn, textOf } from './metadata.ts';
import { ManifestReader, type ManifestRoot } from './reachable.ts';

/** A manifest of one repository, and what people call it. */
interface NamedRoot extends ManifestRoot {
  readonly name: string;
}

export interface CheckedImages {
  readonly findings: readonly Finding[];
  /** Manifests looked at. */
  readonly count: number;
}

export async function checkImages(fsck: Fsck, blobs: CheckedBlobs): Promise<CheckedImages> {
  const check = new ImageCheck(fsck, blobs);
  const findings: Finding[] = [];
  const roots = namedRoots(fsck);
  for (const root of roots) {
    fsck.signal?.throwIfAborted();
    const missing = check.missingFrom(root);
    // An image that came and went during the check lacks nothing.
    if (missing.length > 0 && !isStillThere(fsck, root)) continue;
    if (missing.length > 0) findings.push(incomplete(root, missing));
    else findings.push(...(await check.mismatchesOf(root)));
  }
  findings.push(...(await check.wrongFacts()));
  return { findings, count: roots.length };
}

function namedRoots({ metadata }: Fsck): readonly NamedRoot[] {
  const rows = metadata.all(
    `SELECT space, repository, digest, media_type,
       (SELECT group_concat(tag, ', ') FROM tags
        WHERE tags.space = manifests.space AND tags.repository = manifests.repository
          AND tags.digest = manifests.digest) AS tags
     FROM manifests ORDER BY space, repository, digest`,
  );
  return rows.map((row) => {
    const digest = digestIn(row, 'digest');
    const place = textOf(row, 'repository') || '<none>';
    const isTagged = typeof row.tags === 'string';
    const name = isTagged ? `${place}:${row.tags}` : `${place}@${digest}`;
    const space = textOf(row, 'space') === 'registry' ? 'registry ' : '';
    return { digest, mediaType: textOf(row, 'media_type'), name: `${space}${name}` };
  });
}

function isStillThere({ metadata }: Fsck, { digest }: NamedRoot): boolean {
  return metadata.get('SELECT 1 FROM manifests WHERE digest = ?', digest) !== undefined;
}

function incomplete({ name }: NamedRoot, missing: readonly string[]): Finding {
  const [first = '', ...others] = missing;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return {
    kind: 'image-incomplete',
    isError: true,
    what: `image ${name} is incomplete: ${first}${more}`,
    consequence:
      'it cannot be run or moved, and "slipway images" may not show it: pull, load or build it again, or remove it with "slipway rmi"',
  };
}

class ImageCheck {
  readonly #fsck: Fsck;
  readonly #blobs: CheckedBlobs;
  readonly #reader: ManifestReader;
  /** What layers hold, by digest and algorithm; undefined: it cannot be inflated. */
  readonly #inflated = new Map<string, Promise<Digest | undefined>>();

  constructor(fsck: Fsck, blobs: CheckedBlobs) {
    this.#fsck = fsck;
    this.#blobs = blobs;
    this.#reader = new ManifestReader(fsck.paths);
  }

  /** What the manifest's tree lacks, in words. */
  missingFrom(root: ManifestRoot): readonly string[] {
    const missing: string[] = [];
    const seen = new Set<Digest>();
    const pending: (ManifestRoot & Partial<Descriptor> & { readonly role: string })[] = [
      { ...root, role: 'its manifest' },
    ];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (seen.has(next.digest) || isForeign({ ...next, size: next.size ?? 0 })) continue;
      seen.add(next.digest);
      const problem = this.#problemOf(next);
      if (problem !== undefined) missing.push(`${next.role} ${next.digest} ${problem}`);
      if (problem !== undefined || !isManifestType(next.mediaType)) continue;
      const manifest = this.#reader.read(next);
      if (!manifest) missing.push(`${next.role} ${next.digest} cannot be read`);
      else if (manifest.kind === 'index') {
        pending.push(...manifest.manifests.map((child) => ({ ...child, role: 'its manifest' })));
      } else {
        pending.push({ ...manifest.config, role: 'its config' });
        pending.push(...manifest.layers.map((layer) => ({ ...layer, role: 'its layer' })));
      }
    }
    return missing;
  }

  #problemOf({ digest, size }: ManifestRoot & { readonly size?: number }): string | undefined {
    const found = this.#blobs.sizeOf(digest);
    if (found === undefined) return 'is missing';
    if (!this.#blobs.isGood(digest)) return 'is damaged';
    if (size !== undefined && size !== found) return `has ${found} bytes, not ${size}`;
    return undefined;
  }

  /** Layers that are not what the config says. */
  async mismatchesOf(root: NamedRoot): Promise<readonly Finding[]> {
    const manifest = isManifestType(root.mediaType) ? this.#reader.read(root) : undefined;
    if (manifest?.kind !== 'image' || !isImageConfig(manifest)) return [];
    const problem = await this.#mismatch(manifest);
    if (problem === undefined) return [];
    return [
      {
        kind: 'layer-mismatch',
        isError: true,
        what: `image ${root.name} contradicts itself: ${problem}`,
        consequence: 'it was made wrongly and cannot be run: get another version of it',
      },
    ];
  }

  async #mismatch(manifest: ImageManifest): Promise<string | undefined> {
    const diffIds = diffIdsIn(readFileSync(this.#fsck.paths.blob(manifest.config.digest)));
    if (diffIds === undefined) return 'its config cannot be decoded';
    if (diffIds.length !== manifest.layers.length) {
      return `it has ${manifest.layers.length} layers, its config says ${diffIds.length}`;
    }
    for (const [i, layer] of manifest.layers.entries()) {
      const diffId = diffIds[i];
      if (diffId === undefined || isForeign(layer)) continue;
      const found = await this.#plainDigest(layer, algorithmOf(diffId));
      if (found !== undefined && found !== diffId) {
        return `layer ${layer.digest} holds ${found}, its config says ${diffId}`;
      }
    }
    return undefined;
  }

  /** Of the layer's tar. Undefined where it is not looked into: quick, or of a type we do not know. */
  async #plainDigest(
    { digest, mediaType }: Descriptor,
    algorithm: DigestAlgorithm,
  ): Promise<Digest | undefined> {
    const codec = layerCompressionOf(mediaType);
    if (codec === 'none' && algorithmOf(digest) === algorithm) return digest;
    if (codec === undefined || this.#fsck.quick) return undefined;
    return await this.#inflate(digest, algorithm);
  }

  #inflate(digest: Digest, algorithm: DigestAlgorithm): Promise<Digest | undefined> {
    const key = `${digest} ${algorithm}`;
    const known = this.#inflated.get(key) ?? inflatedDigest(this.#fsck, digest, algorithm);
    this.#inflated.set(key, known);
    return known;
  }

  /** Rows that call a blob the compressed form of a tar that it is not. */
  async wrongFacts(): Promise<readonly Finding[]> {
    const { metadata, quick } = this.#fsck;
    const findings: Finding[] = [];
    for (const row of metadata.all('SELECT diff_id, codec, digest, size FROM compressed')) {
      const [diffId, digest] = [digestIn(row, 'diff_id'), digestIn(row, 'digest')];
      if (!this.#blobs.isGood(digest)) continue;
      const isSize = this.#blobs.sizeOf(digest) === row.size;
      if (isSize && (quick || (await this.#inflate(digest, algorithmOf(diffId))) === diffId))
        continue;
      findings.push({
        kind: 'fact-wrong',
        isError: true,
        what: `blob ${digest} is noted as the ${textOf(row, 'codec')} form of ${diffId}, and is not`,
        consequence: 'a push or save would send the wrong layer; a repair forgets the note',
        repair: () => {
          metadata.run('DELETE FROM compressed WHERE diff_id = ? AND digest = ?', diffId, digest);
        },
      });
    }
    return findings;
  }
}

function isImageConfig({ config }: ImageManifest): boolean {
  return config.mediaType === OCI_CONFIG || config.mediaType === DOCKER_CONFIG;
}

function diffIdsIn(bytes: Uint8Array): readonly Digest[] | undefined {
  try {
    return decodeImageConfig(bytes).rootfs.diff_ids;
  } catch (error) {
    if (isSlipwayError(error)) return undefined;
    throw error;
  }
}

/** The digest of what the blob inflates to; undefined when it cannot be inflated. */
async function inflatedDigest(
  { paths, signal }: Fsck,
  digest: Digest,
  algorithm: DigestAlgorithm,
): Promise<Digest | undefined> {
  const hasher = createHasher(algorithm);
  const options = signal ? { signal } : {};
  try {
    const source = readFileChunks(paths.blob(digest), options);
    for await (const chunk of decompress(source, options)) hasher.update(chunk);
    return hasher.digest();
  } catch (error) {
    if (isSlipwayError(error, 'ARCHIVE_INVALID', 'COMPRESSION_UNKNOWN')) return undefined;
    throw error;
  }
}
