/**
 * Build cases as data, fixtures/builds/<case>/: a Dockerfile, `case.json`, and `files.txt` with what
 * the image then holds. Makes the context of a case and lists what came out, in one form for every
 * builder, so that the same cases can be asked of another one.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  createReadStream,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type Entry, NO_XATTRS } from '#archive/entry.ts';
import { readTar } from '#archive/tar-read.ts';
import { TarWriter } from '#archive/tar-write.ts';
import { toByteString } from '#core/bytes.ts';

/** A text is a file, null an empty folder. Modes are octal; files are 644 and folders 755 unless said. */
export type PathSpec =
  | string
  | null
  | { readonly text: string; readonly mode?: string; readonly mtime?: number }
  | { readonly base64: string }
  | { readonly folder: string }
  | { readonly link: string }
  | { readonly hardLink: string }
  | { readonly tar: Context; readonly compression?: 'gzip' | 'bzip2' | 'xz' | 'zstd' };

/** By path. */
export type Context = Readonly<Record<string, PathSpec>>;

export interface CaseStep {
  /** `@` in front of a path is the folder that holds the context. */
  readonly flags?: readonly string[];
  /** What stands where the context's path does: `-`, a URL … Default `@context`. */
  readonly path?: string;
  /** A file below that folder, for standard input. */
  readonly stdin?: string;
  /** What is written into the context before this build, over what is there; `false` is removed. */
  readonly change?: Readonly<Record<string, PathSpec | false>>;
  /** Another Dockerfile from now on. */
  readonly dockerfile?: string;
  /** Of stderr: what it must have, line by line; the build must fail. */
  readonly error?: readonly string[];
  /** Of stderr of a build that succeeds. */
  readonly log?: readonly string[];
  /** Steps taken from the cache and steps run. */
  readonly steps?: { readonly cached: number; readonly run: number };
}

export interface BuildCase extends CaseStep {
  readonly name: string;
  readonly folder: string;
  readonly context?: Context;
  /** Beside the context: what --build-context and the like name. */
  readonly beside?: Context;
  /** Images that are there, by name: each a Dockerfile, built in this order with the same context. */
  readonly images?: Readonly<Record<string, string>>;
  /** `config.json` has what the image's config is to be, labels, commands and all. */
  readonly config?: true;
  /** Modification times belong to the expected files. */
  readonly times?: boolean;
  /** What the machine must allow; `busybox` is an image of this name, and containers of it. */
  readonly needs?: 'root' | 'busybox';
  /** created_by of the last entries of the history. */
  readonly history?: readonly string[];
  /** Where we do better than docker, or docker cannot do it: why. */
  readonly unlike?: string;
  /** Builds after the first one. */
  readonly again?: readonly CaseStep[];
}

export const CASES = join(import.meta.dirname, '../../fixtures/builds');

export function readCases(): readonly BuildCase[] {
  return readdirSync(CASES)
    .sort()
    .filter((name) => name !== 'README.md')
    .map((name) => {
      const folder = join(CASES, name);
      const document = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as object;
      return { ...document, name, folder };
    });
}

/** Writes `place/context` and what is beside it, the Dockerfile included. */
export async function writeCase(one: BuildCase, place: string): Promise<void> {
  const context = join(place, 'context');
  mkdirSync(context, { recursive: true });
  await writePaths(place, one.beside ?? {});
  await writePaths(context, { Dockerfile: dockerfileOf(one), ...one.context });
}

function dockerfileOf({ folder }: BuildCase): string {
  return readFileSync(join(folder, 'Dockerfile'), 'utf8');
}

/** What a later build of a case changes. */
export async function changeCase(step: CaseStep, place: string): Promise<void> {
  const context = join(place, 'context');
  if (step.dockerfile !== undefined) writeFileSync(join(context, 'Dockerfile'), step.dockerfile);
  for (const [path, spec] of Object.entries(step.change ?? {})) {
    rmSync(join(context, path), { recursive: true, force: true });
    if (spec !== false) await writePaths(context, { [path]: spec });
  }
}

/** `@name` is a path beside the context; also behind a `=`. */
export function argumentsOf(
  { flags = [], path = '@context' }: CaseStep,
  place: string,
): readonly string[] {
  return [...flags, path].map((flag) => flag.replace(/(^|=|:\/\/)@/, `$1${place}/`));
}

async function writePaths(folder: string, paths: Context): Promise<void> {
  for (const [name, spec] of Object.entries(paths)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    await writePath(path, spec, folder);
  }
}

async function writePath(path: string, spec: PathSpec, folder: string): Promise<void> {
  if (spec === null) mkdirSync(path, { recursive: true });
  else if (typeof spec === 'string') writeFileSync(path, spec);
  else if ('folder' in spec) {
    mkdirSync(path, { recursive: true });
    chmodSync(path, Number.parseInt(spec.folder, 8));
  } else if ('base64' in spec) writeFileSync(path, Buffer.from(spec.base64, 'base64'));
  else if ('link' in spec) symlinkSync(spec.link, path);
  else if ('hardLink' in spec) linkSync(join(folder, spec.hardLink), path);
  else if ('tar' in spec) writeFileSync(path, await tarOf(spec));
  else {
    writeFileSync(path, spec.text);
    if (spec.mode !== undefined) chmodSync(path, Number.parseInt(spec.mode, 8));
    if (spec.mtime !== undefined) utimesSync(path, spec.mtime, spec.mtime);
  }
}

/** A file of the case, where it has it: files.txt, config.json. */
export function expectedOf({ folder }: BuildCase, name: string): string | undefined {
  const path = join(folder, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** Programs that the archives of a case need. */
export function programsOf({ context = {}, beside = {} }: BuildCase): readonly string[] {
  return [...Object.values(context), ...Object.values(beside)].flatMap((spec) =>
    isTar(spec) && spec.compression !== undefined ? [spec.compression] : [],
  );
}

type TarSpec = Extract<PathSpec, { tar: Context }>;

function isTar(spec: PathSpec): spec is TarSpec {
  return typeof spec === 'object' && spec !== null && 'tar' in spec;
}

async function tarOf(spec: TarSpec): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const writer = new TarWriter(async (chunk) => void chunks.push(Buffer.from(chunk)));
  for (const [path, one] of Object.entries(spec.tar)) {
    const text = typeof one === 'string' ? one : one !== null && 'text' in one ? one.text : '';
    await writer.add({ entry: tarEntry(path, one), content: () => [Buffer.from(text)] });
  }
  await writer.finish();
  const plain = Buffer.concat(chunks);
  if (spec.compression === undefined) return plain;
  return spawnSync(spec.compression, ['-c'], { input: plain, maxBuffer: 2 ** 28 }).stdout;
}

function tarEntry(name: string, spec: PathSpec): Entry {
  const shared = {
    path: toByteString(name),
    uid: 7,
    gid: 8,
    mtime: { seconds: 1_600_000_000, nanoseconds: 0 },
    xattrs: NO_XATTRS,
  };
  if (typeof spec === 'string') {
    return { ...shared, kind: 'file', mode: 0o640, size: Buffer.byteLength(spec) };
  }
  if (spec === null) return { ...shared, kind: 'directory', mode: 0o750 };
  if ('link' in spec) {
    return { ...shared, kind: 'symlink', mode: 0o777, target: toByteString(spec.link) };
  }
  if ('hardLink' in spec) {
    return { ...shared, kind: 'hardlink', mode: 0o640, target: toByteString(spec.hardLink) };
  }
  if ('text' in spec) {
    const mode = Number.parseInt(spec.mode ?? '640', 8);
    return { ...shared, kind: 'file', mode, size: Buffer.byteLength(spec.text) };
  }
  throw new Error(`${name}: cannot be in the tar of a case`);
}

/** One line a path of a root file system's tar: path, kind, mode, owner, and what it is. */
export async function listTar(
  file: string,
  options: { readonly times?: boolean } = {},
): Promise<string> {
  const lines = new Map<string, string>();
  const groups = new Map<string, string[]>();
  for await (const { entry, content } of readTar(createReadStream(file))) {
    if (entry.path === '') continue;
    if (entry.kind === 'hardlink') {
      groups.set(entry.target, [...(groups.get(entry.target) ?? [entry.target]), entry.path]);
      continue;
    }
    const shown = entry.kind === 'file' ? shownText(await buffer(content())) : shownTarget(entry);
    const time = options.times ? ` ${entry.mtime.seconds}` : '';
    const mode = entry.mode.toString(8);
    lines.set(entry.path, `${entry.kind} ${mode} ${entry.uid}:${entry.gid}${time}${shown}`);
  }
  for (const names of groups.values()) {
    const [first = '', ...others] = names.sort();
    const line = names.map((name) => lines.get(name)).find((found) => found !== undefined);
    lines.set(first, line ?? 'lost');
    for (const name of others) lines.set(name, `hardlink = ${first}`);
  }
  return [...lines]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([path, line]) => `${Buffer.from(path, 'latin1').toString()} ${line}\n`)
    .join('');
}

function shownTarget(entry: Entry): string {
  return entry.kind === 'symlink' ? ` -> ${entry.target}` : '';
}

function shownText(bytes: Buffer): string {
  const text = bytes.toString();
  const isShort = bytes.length <= 200 && Buffer.from(text).equals(bytes);
  if (isShort) return ` ${JSON.stringify(text)}`;
  return ` ${bytes.length} bytes ${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}`;
}
