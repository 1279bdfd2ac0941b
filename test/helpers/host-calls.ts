/**
 * Extended attributes and device nodes, which Node cannot read or make, by way of python3. Slow, but
 * independent of the code under test.
 */
import { spawnSync } from 'node:child_process';
import type { ByteString } from '#core/bytes.ts';
import type { HostCalls, HostNode } from '#layer/host-calls.ts';

const SCRIPT = `
import json, os, stat, sys
answer = None
for call in json.load(sys.stdin):
    path = bytes.fromhex(call['path'])
    try:
        if call['do'] == 'set':
            os.setxattr(path, bytes.fromhex(call['name']), bytes.fromhex(call['value']), follow_symlinks=False)
        elif call['do'] == 'node':
            os.mknod(path, {'char': stat.S_IFCHR, 'block': stat.S_IFBLK, 'fifo': stat.S_IFIFO}[call['kind']] | 0o600,
                     os.makedev(call['major'], call['minor']))
        else:
            answer = {}
            for folder, folders, files in os.walk(path):
                for name in folders + files:
                    full = os.path.join(folder, name)
                    values = {}
                    for key in os.listxattr(full, follow_symlinks=False):
                        key = os.fsencode(key)
                        values[key.hex()] = os.getxattr(full, key, follow_symlinks=False).hex()
                    if values:
                        answer[full.hex()] = values
    except OSError as error:
        answer = {'errno': os.strerror(error.errno), 'code': __import__('errno').errorcode[error.errno]}
        break
json.dump(answer, sys.stdout)
`;

type Answer = Record<string, Record<string, string> | string> | null;

function callHost(calls: readonly Record<string, unknown>[]): Answer {
  const result = spawnSync('python3', ['-c', SCRIPT], {
    input: JSON.stringify(calls),
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.status !== 0) throw new Error(`python3: ${result.stderr}`, { cause: result.error });
  const answer: Answer = JSON.parse(result.stdout.toString());
  if (typeof answer?.code === 'string') {
    throw Object.assign(new Error(`${answer.errno}`), { code: answer.code });
  }
  return answer;
}

/** Asked once: starting it may take a while. */
export function hasPython(): boolean {
  isThere ??= spawnSync('python3', ['--version']).status === 0;
  return isThere;
}

let isThere: boolean | undefined;

/** Attributes to set and nodes to make, in one go. */
export class HostBatch {
  readonly #calls: Record<string, unknown>[] = [];

  xattr(file: Buffer, name: string, value: Uint8Array | string): void {
    this.#calls.push({
      do: 'set',
      path: file.toString('hex'),
      name: Buffer.from(name, 'latin1').toString('hex'),
      value: Buffer.from(value).toString('hex'),
    });
  }

  node(file: Buffer, node: HostNode): void {
    this.#calls.push({ do: 'node', path: file.toString('hex'), ...node });
  }

  run(): void {
    callHost(this.#calls);
  }
}

/** HostCalls that know the attributes of all files in `folder` as they are at the first question. */
export function hostCalls(folder: string): HostCalls {
  let found: Answer = null;
  return {
    readXattrs: (file) => {
      found ??= callHost([{ do: 'list', path: Buffer.from(folder).toString('hex') }]);
      return xattrsFrom(found?.[file.toString('hex')]);
    },
    setXattr: (file, name, value) => runOne((batch) => batch.xattr(file, name, value)),
    makeNode: (file, node) => runOne((batch) => batch.node(file, node)),
  };
}

function runOne(add: (batch: HostBatch) => void): void {
  const batch = new HostBatch();
  add(batch);
  batch.run();
}

function xattrsFrom(
  values: Record<string, string> | string | undefined,
): ReadonlyMap<ByteString, Uint8Array> {
  if (values === undefined || typeof values === 'string') return new Map();
  return new Map(
    Object.entries(values).map(([name, value]) => [
      Buffer.from(name, 'hex').toString('latin1') as ByteString,
      Buffer.from(value, 'hex'),
    ]),
  );
}
