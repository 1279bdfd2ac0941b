/**
 * The packages of an image, read from its merged layers without running anything: dpkg's status (also
 * in pieces, as in distroless images), apk's and rpm's databases, package.json below node_modules, and
 * the metadata of installed Python packages. What cannot be read is told.
 */
import { type ByteString, displayBytes, toByteString } from '#core/bytes.ts';
import { isSlipwayError } from '#core/errors.ts';
import { parseJson } from '#core/json.ts';
import type { MergedTree, TreeNode } from '#layer/merged-tree.ts';
import { walkTree } from '#layer/tree-entries.ts';
import { paragraphs } from './fields.ts';
import type { InstalledPackage } from './package.ts';
import { rpmPackages } from './rpm.ts';

export interface FoundPackages {
  /** Sorted by type, name and version. */
  readonly packages: readonly InstalledPackage[];
  /** Databases that are there and cannot be read. */
  readonly unread: readonly string[];
}

const METADATA_BYTES_MAX = 1024 * 1024;

export function findPackages(tree: MergedTree): FoundPackages {
  const packages = new Map<string, InstalledPackage>();
  const rpms = rpmPackages(tree);
  for (const found of [...debs(tree), ...apks(tree), ...rpms.packages, ...languagePackages(tree)]) {
    const { type, name, version, architecture = '', foundIn } = found;
    packages.set(JSON.stringify([type, name, version, architecture, foundIn]), found);
  }
  const sorted = [...packages].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    packages: sorted.map(([, found]) => found),
    unread: rpms.unread,
  };
}

function* debs(tree: MergedTree): Generator<InstalledPackage> {
  yield* debsIn(tree, 'var/lib/dpkg/status');
  const folder = tree.lookup(toByteString('var/lib/dpkg/status.d'));
  for (const { name } of folder ? tree.list(folder) : []) {
    if (name.endsWith('.md5sums')) continue;
    yield* debsIn(tree, `var/lib/dpkg/status.d/${displayBytes(name)}`);
  }
}

function* debsIn(tree: MergedTree, path: string): Generator<InstalledPackage> {
  for (const fields of paragraphs(tree.readText(toByteString(path)) ?? '')) {
    const [name, version] = [fields.get('Package'), fields.get('Version')];
    // What was removed and left its configuration is no longer there.
    const isHere = fields.get('Status')?.endsWith(' installed') ?? true;
    if (name === undefined || version === undefined || !isHere) continue;
    const architecture = fields.get('Architecture');
    yield { type: 'deb', name, version, foundIn: path, ...(architecture ? { architecture } : {}) };
  }
}

function* apks(tree: MergedTree): Generator<InstalledPackage> {
  const path = 'lib/apk/db/installed';
  for (const fields of paragraphs(tree.readText(toByteString(path)) ?? '')) {
    const [name, version] = [fields.get('P'), fields.get('V')];
    if (name === undefined || version === undefined) continue;
    const [architecture, license] = [fields.get('A'), fields.get('L')];
    yield {
      type: 'apk',
      name,
      version,
      foundIn: path,
      ...(architecture ? { architecture } : {}),
      ...(license ? { license } : {}),
    };
  }
}

function* languagePackages(tree: MergedTree): Generator<InstalledPackage> {
  const start = { node: tree.root, path: '' as ByteString };
  for (const { node, path } of walkTree(tree, start)) {
    if (node.kind !== 'file' || node.size > METADATA_BYTES_MAX) continue;
    if (NPM.test(path)) yield* npm(textOf(tree, node), displayBytes(path));
    else if (PYTHON.test(path)) yield* python(textOf(tree, node), displayBytes(path));
  }
}

const NPM = /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/@][^/]*\/package\.json$/;
const PYTHON = /\.dist-info\/METADATA$|\.egg-info(?:\/PKG-INFO)?$/;

function textOf(tree: MergedTree, node: TreeNode): string {
  return Buffer.concat([...tree.read(node)]).toString('utf8');
}

function* npm(text: string, foundIn: string): Generator<InstalledPackage> {
  const document = documentIn(text);
  const [name, version, license] = ['name', 'version', 'license'].map((key) => document[key]);
  if (typeof name !== 'string' || typeof version !== 'string') return;
  const licensed = typeof license === 'string' && license !== '' ? { license } : {};
  yield { type: 'npm', name, version, foundIn, ...licensed };
}

/** Empty for what is no object: a test's broken package.json is no reason to fail. */
function documentIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value = parseJson(text, 'package.json');
    return value !== null && typeof value === 'object' ? { ...value } : {};
  } catch (error) {
    if (isSlipwayError(error)) return {};
    throw error;
  }
}

function* python(text: string, foundIn: string): Generator<InstalledPackage> {
  const [fields] = paragraphs(text);
  const [name, version] = [fields?.get('Name'), fields?.get('Version')];
  if (name === undefined || version === undefined) return;
  const license = fields?.get('License-Expression');
  yield { type: 'pypi', name, version, foundIn, ...(license ? { license } : {}) };
}
