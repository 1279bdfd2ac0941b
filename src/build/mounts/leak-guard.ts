/**
 * Fails a build whose secrets reach what it gives away: the layer of a step that had them, the config
 * of the image, its history. Files are looked through as they are, with their names, the targets of
 * links and extended attributes; what is compressed in them is not.
 */
import { type ByteString, bytesOf, displayBytes } from '#core/bytes.ts';
import { SlipwayError } from '#core/errors.ts';
import type { ImageConfig } from '#core/image-config.ts';
import type { LayerFiles } from '#layer/layer.ts';
import { MergedTree } from '#layer/merged-tree.ts';
import { type Place, walkTree } from '#layer/tree-entries.ts';
import { guardedForms } from './secret-forms.ts';

const ROOT = '' as ByteString;
const APART = Buffer.of(0);

type Secrets = ReadonlyMap<string, Uint8Array>;

/** @throws SECRET_LEAKED */
export function guardLayer(layer: LayerFiles, secrets: Secrets): void {
  const forms = formsById(secrets);
  if (forms.length === 0) return;
  using tree = MergedTree.open([layer]);
  for (const { node, path } of walkTree(tree, { node: tree.root, path: ROOT })) {
    const described = firstIn([descriptionOf(tree, { node, path })], forms);
    // The path may be the secret: it is not shown.
    if (described !== undefined) {
      throw leaked(described, 'the name, link target or attributes of a file of the layer');
    }
    if (node.kind !== 'file') continue;
    const id = firstIn(tree.read(node), forms);
    if (id !== undefined) throw leaked(id, `the file /${displayBytes(path)} of the layer`);
  }
}

/** All that a tar says of a file beside its content, the parts kept apart. */
function descriptionOf(tree: MergedTree, { node, path }: Place): Uint8Array {
  const entry = tree.entry(node, path);
  const parts: Uint8Array[] = [bytesOf(path)];
  if (entry.kind === 'symlink') parts.push(bytesOf(entry.target));
  for (const [name, value] of entry.xattrs) parts.push(bytesOf(name), value);
  return Buffer.concat(parts.flatMap((part) => [part, APART]));
}

/** @throws SECRET_LEAKED */
export function guardConfig(config: ImageConfig, secrets: Secrets): void {
  const bytes = Buffer.from(JSON.stringify(config));
  const id = firstIn([bytes], formsById(secrets));
  if (id !== undefined) throw leaked(id, 'the config or history of the image');
}

/** A statement about the image goes where the image goes. @throws SECRET_LEAKED */
export function guardStatement(text: string, secrets: Secrets): void {
  const id = firstIn([Buffer.from(text)], formsById(secrets));
  if (id !== undefined) throw leaked(id, 'the attestations of the image');
}

interface GuardedForm {
  readonly id: string;
  readonly form: Buffer;
}

function formsById(secrets: Secrets): readonly GuardedForm[] {
  return [...secrets].flatMap(([id, bytes]) => guardedForms(bytes).map((form) => ({ id, form })));
}

/** The id of the first secret that stands in the chunks, also across two of them. */
function firstIn(chunks: Iterable<Uint8Array>, forms: readonly GuardedForm[]): string | undefined {
  const overlap = Math.max(0, ...forms.map(({ form }) => form.byteLength - 1));
  let before: Buffer = Buffer.alloc(0);
  for (const chunk of chunks) {
    const bytes = before.byteLength > 0 ? Buffer.concat([before, chunk]) : Buffer.from(chunk);
    const found = forms.find(({ form }) => bytes.includes(form));
    if (found) return found.id;
    // Copied: who gave us the chunk may use it again.
    before = Buffer.from(bytes.subarray(Math.max(0, bytes.byteLength - overlap)));
  }
  return undefined;
}

function leaked(id: string, where: string): SlipwayError {
  return new SlipwayError('SECRET_LEAKED', `the secret ${id} would be given away in ${where}`, {
    hint: 'remove what holds it before the step ends, or keep it in a tmpfs mount; as it is, everybody who gets the image gets the secret',
    detail: { secret: id },
  });
}
