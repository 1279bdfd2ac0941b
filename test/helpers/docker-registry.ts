/** Debian's docker-registry on a port and a folder of its own, gone with all it has. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { tempFolder } from './temp-folder.ts';

const STARTS_WITHIN_MS = 120_000;

export interface DockerRegistry extends AsyncDisposable {
  /** host:port */
  readonly address: string;
  /** Where it stores what it has, its `rootdirectory`. */
  readonly data: string;
  /** Ends it the hard way and starts it again on the same folder and port. */
  restart(): Promise<void>;
}

/** `from`: on what is in a folder already. */
export async function startDockerRegistry(from?: string): Promise<DockerRegistry> {
  const folder = tempFolder();
  const data = from ?? folder.at('data');
  const address = `127.0.0.1:${await freePort()}`;
  const config = folder.at('config.yml');
  writeFileSync(
    config,
    [
      'version: 0.1',
      'log: {level: error, accesslog: {disabled: true}}',
      `storage: {filesystem: {rootdirectory: ${data}}, delete: {enabled: true}}`,
      // Upload addresses are signed with it: they outlive a restart.
      `http: {addr: '${address}', secret: a-secret-of-this-test}`,
      '',
    ].join('\n'),
  );
  let child = await start(config, address);
  return {
    address,
    data,
    restart: async () => {
      await end(child, 'SIGKILL');
      child = await start(config, address);
    },
    async [Symbol.asyncDispose]() {
      await end(child, 'SIGTERM');
      folder[Symbol.dispose]();
    },
  };
}

async function start(config: string, address: string): Promise<ChildProcess> {
  const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  const failed = once(child, 'error').then(([error]) => Promise.reject(error));
  failed.catch(() => {});
  const until = Date.now() + STARTS_WITHIN_MS;
  while (!(await Promise.race([answers(address), failed]))) {
    assert.ok(child.exitCode === null && Date.now() < until, 'docker-registry does not start');
    await sleep(50);
  }
  return child;
}

async function answers(address: string): Promise<boolean> {
  try {
    return (await fetch(`http://${address}/v2/`)).ok;
  } catch {
    return false;
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  server.close();
  await once(server, 'close');
  assert.ok(bound !== null && typeof bound === 'object');
  return bound.port;
}
