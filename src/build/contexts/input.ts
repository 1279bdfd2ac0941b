/**
 * What a build begins with: the text of its Dockerfile and the context. `PATH` is a folder, a git
 * repository, an archive on a web server, or `-` for standard input, which is a tar or the Dockerfile.
 * .dockerignore is for folders; what was packed or committed is taken as it is, as docker does.
 */
import { createReadStream } from 'node:fs';
import { open, rm, writeFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { type ByteString, toByteString } from '#core/bytes.ts';
import { SlipwayError } from '#core/errors.ts';
import type { SourceFile } from '#core/source.ts';
import { compilePatterns } from '#dockerfile/dockerignore.ts';
import { interruptible } from '#image/interruptible.ts';
import { type ContextSource, contextSource, requireFolder } from '../context.ts';
import { scannerOf } from '../context-scan.ts';
import { dockerfileMissing, dockerfilePath, readDockerfile } from '../dockerfile-file.ts';
import { EMPTY_TREE } from '../empty-tree.ts';
import { cleanParts, type FileTree, locate } from '../file-tree.ts';
import { isHttpUrl, isRemoteContext } from '../git-url.ts';
import type { BuildSession } from '../session.ts';
import { walkTree } from '../sources.ts';
import { stageTree } from '../stage-tree.ts';
import { type LockPlace, lockBeside } from './lock-place.ts';

export interface InputRequest {
  /** A folder, a URL, or `-`. */
  readonly context: string;
  /** A path, or `-`; default `Dockerfile` in the context. Inside it where that is no folder. */
  readonly dockerfile?: string;
  /** Read at most once, for what is called `-`. */
  readonly stdin?: AsyncIterable<Uint8Array | string>;
  /** In place of the context's .dockerignore. */
  readonly ignoreFile?: string;
  readonly buildArgs: ReadonlyMap<string, string>;
}

export interface BuildInput {
  /** How the Dockerfile is called. */
  readonly name: string;
  /** @throws DOCKERFILE_MISSING */
  readonly dockerfile: () => Promise<SourceFile>;
  readonly context: ContextSource;
  /** Of a commit, or of what was downloaded: seconds. Absent, or undefined: it has none. */
  readonly time?: () => Promise<number | undefined>;
  /** Absent where the Dockerfile stands nowhere. */
  readonly lock?: LockPlace;
}

const STDIN = '-';
/** A Dockerfile of this size is none. */
const DOCKERFILE_BYTES_MAX = 16 * 1024 * 1024;

/** `stack` owns what is opened. @throws CONTEXT_MISSING, USAGE, and what fetching throws */
export async function openInput(
  session: BuildSession,
  request: InputRequest,
  stack: AsyncDisposableStack,
): Promise<BuildInput> {
  const { context, dockerfile } = request;
  if (context === STDIN && dockerfile === STDIN) {
    throw new SlipwayError(
      'USAGE',
      "invalid argument: can't use stdin for both build context and dockerfile",
      { hint: 'name a file for one of the two' },
    );
  }
  if (context === STDIN) return await fromStdin(session, request, stack);
  if (isRemoteContext(context)) return await fromRemote(session, request, stack);
  return fromFolder(session, request);
}

function fromFolder(session: BuildSession, request: InputRequest): BuildInput {
  const { context, dockerfile, ignoreFile } = request;
  requireFolder(context);
  const path = dockerfile === STDIN ? undefined : dockerfilePath(request);
  const source = contextSource({
    folder: resolve(context),
    vertices: session.vertices,
    scanner: scannerOf(session),
    ...(path === undefined ? {} : { dockerfile: path }),
    ...(ignoreFile === undefined ? {} : { ignoreFile: resolve(ignoreFile) }),
  });
  return path === undefined
    ? { ...dockerfileText(() => stdinText(session, request)), context: source }
    : {
        name: path,
        dockerfile: () => readDockerfile(path),
        context: source,
        lock: lockBeside(path),
      };
}

async function fromStdin(
  session: BuildSession,
  request: InputRequest,
  stack: AsyncDisposableStack,
): Promise<BuildInput> {
  const spool = session.store.paths.temporary('ingest');
  stack.defer(() => rm(spool, { force: true }));
  await session.vertices.run('[internal] load context from stdin', async (vertex) => {
    await writeFile(spool, interruptible(stdinOf(request), session.signal), { mode: 0o600 });
    await using file = await open(spool);
    vertex.status(`transferring context: ${(await file.stat()).size}B`, { done: true });
  });
  const { archiveOf } = await import('../ops/add-archive.ts');
  const tree = await archiveOf(session, () => createReadStream(spool), stack);
  if (tree) return fromTree(session, request, tree);
  return { ...dockerfileText(() => fileText(spool)), context: treeSource(EMPTY_TREE) };
}

async function fromRemote(
  session: BuildSession,
  request: InputRequest,
  stack: AsyncDisposableStack,
): Promise<BuildInput> {
  const { context, buildArgs } = request;
  const { gitContext, httpContext } = await import('./remote-context.ts');
  if (!isHttpUrl(context)) {
    const keepGitDir = /^(1|t|true)$/i.test(buildArgs.get('BUILDKIT_CONTEXT_KEEP_GIT_DIR') ?? '');
    const layer = await gitContext(session, context, { keepGitDir });
    const tree = stack.use(await stageTree(session, { layers: [layer] }));
    // All that is in it has the commit's time.
    return { ...fromTree(session, request, tree), time: async () => newestTime(tree) };
  }
  const file = stack.use(await (await httpContext(session, context)).open());
  const { archiveOf } = await import('../ops/add-archive.ts');
  const tree = await archiveOf(session, file.content, stack);
  const time = async () => file.lastModified ?? (tree && newestTime(tree));
  if (tree) return { ...fromTree(session, request, tree), time };
  const text = () => boundedText(file.content());
  return { ...dockerfileText(text), context: treeSource(EMPTY_TREE), time };
}

/** Of all that is in it, in seconds; undefined where there is nothing. */
function newestTime(tree: FileTree): number | undefined {
  let newest: number | undefined;
  for (const { entry } of walkTree(tree, tree.root, '' as ByteString)) {
    const { seconds } = entry.mtime;
    newest = Math.max(newest ?? seconds, seconds);
  }
  return newest;
}

/** The Dockerfile is inside, or comes from standard input. */
function fromTree(session: BuildSession, request: InputRequest, tree: FileTree): BuildInput {
  const context = treeSource({ ...treeMethods(tree), name: 'build context' });
  if (request.dockerfile === STDIN) {
    return { ...dockerfileText(() => stdinText(session, request)), context };
  }
  const name = request.dockerfile ?? defaultName(tree);
  const lock = `${name}.lock`;
  return {
    name,
    dockerfile: () => textIn(tree, name),
    context,
    lock: {
      name: basename(lock),
      read: async () => (find(tree, lock) ? (await textIn(tree, lock)).text : undefined),
    },
  };
}

/** Methods of a class are not its own properties. */
function treeMethods(tree: FileTree): FileTree {
  return {
    name: tree.name,
    root: tree.root,
    child: (directory, name) => tree.child(directory, name),
    names: (directory) => tree.names(directory),
    entry: (node, path) => tree.entry(node, path),
    content: (node) => tree.content(node),
    contentSha256: (node) => tree.contentSha256(node),
  };
}

function defaultName(tree: FileTree): string {
  const has = (name: string): boolean => find(tree, name) !== undefined;
  return !has('Dockerfile') && has('Containerfile') ? 'Containerfile' : 'Dockerfile';
}

function find(tree: FileTree, name: string) {
  const path = cleanParts(toByteString(name)).join('/') as ByteString;
  return locate(tree, path, { followLast: true });
}

async function textIn(tree: FileTree, name: string): Promise<SourceFile> {
  const found = find(tree, name);
  if (found?.node.kind !== 'file') {
    throw dockerfileMissing(name, found ? 'EISDIR' : 'ENOENT', `${name} of the context`);
  }
  return { name, text: await boundedText(tree.content(found.node)) };
}

function treeSource(tree: FileTree): ContextSource {
  const all = compilePatterns([]);
  return {
    ignore: async () => all,
    tree: async () => ({ ...treeMethods(tree), [Symbol.dispose]: () => {} }),
  };
}

function dockerfileText(read: () => Promise<string>): Pick<BuildInput, 'name' | 'dockerfile'> {
  return {
    name: 'Dockerfile',
    dockerfile: async () => ({ name: 'Dockerfile', text: await read() }),
  };
}

function stdinOf({ stdin }: InputRequest): AsyncIterable<Uint8Array | string> {
  if (stdin) return stdin;
  throw new SlipwayError('USAGE', 'standard input was asked for, and there is none', {
    hint: 'name a folder or a file in place of -',
  });
}

async function stdinText(session: BuildSession, request: InputRequest): Promise<string> {
  return await boundedText(interruptible(stdinOf(request), session.signal));
}

async function fileText(path: string): Promise<string> {
  return await boundedText(createReadStream(path));
}

async function boundedText(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<string> {
  let size = 0;
  async function* bounded(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      size += chunk.byteLength;
      if (size > DOCKERFILE_BYTES_MAX) throw tooLarge();
      yield chunk;
    }
  }
  return await readText(bounded());
}

function tooLarge(): SlipwayError {
  return new SlipwayError(
    'FILE_UNUSABLE',
    'what was given is neither an archive nor a Dockerfile',
    {
      hint: 'give a tar, plain or compressed with gzip, bzip2, xz or zstd, or the text of a Dockerfile',
    },
  );
}
