/** What a user without root meets: what works without any isolation, what is refused, what a crash leaves. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BUSYBOX_BASE, busyboxUnfit, writeContext } from '#test/helpers/busybox-context.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';
import {
  homeFolder,
  runStanding,
  SLIPWAY,
  type Standing,
  standingCommand,
  standingUnfit,
} from '#test/helpers/unprivileged.ts';

interface Site {
  readonly home: string;
  /** A context folder with this Dockerfile. */
  readonly context: (dockerfile: string) => string;
}

function standing(name: string, who: Standing, body: (site: Site) => Promise<void> | void): void {
  test(`${who}: ${name}`, async (t: TestContext) => {
    const reason = busyboxUnfit() ?? standingUnfit(who);
    if (reason !== undefined) return t.skip(reason);
    using folder = tempFolder();
    let count = 0;
    await body({
      home: homeFolder(folder.at('home')),
      context: (dockerfile) => {
        count += 1;
        return writeContext(folder.at(`context-${count}`), dockerfile);
      },
    });
  });
}

for (const who of ['user without namespaces', 'root of a container'] as const) {
  standing('a Dockerfile without RUN needs nothing', who, ({ home, context }) => {
    const files = context(
      'FROM scratch\nCOPY busybox /bin/busybox\nWORKDIR /made\nCMD ["/bin/busybox"]\n',
    );
    const built = runStanding(who, { home }, [
      SLIPWAY,
      '--root',
      join(home, 'store'),
      'build',
      '-q',
      files,
    ]);
    assert.match(built.stdout, /^sha256:[0-9a-f]{64}\n$/, built.stderr);
    assert.equal(built.exitCode, 0);
  });
}

standing(
  'RUN is refused with every rung and the line that helps',
  'user without namespaces',
  ({ home, context }) => {
    const files = context(`${BUSYBOX_BASE}`);
    const built = runStanding('user without namespaces', { home }, [SLIPWAY, 'build', files]);
    assert.equal(built.exitCode, 1);
    for (const part of [
      'ERROR: failed to build: failed to solve: this machine offers no way to isolate a container',
      'namespaces + EROFS: ',
      'namespaces + overlay over folders: ',
      'user namespace + overlay over folders: unshare CLONE_NEWUSER: the limit of user namespaces is reached',
      'user namespace + a plain copy: ',
      'chroot over a private copy: chroot: operation not permitted',
      'sysctl -w user.max_user_namespaces=',
      'slipway doctor',
    ]) {
      assert.ok(built.stderr.includes(part), `${part}\nin\n${built.stderr}`);
    }
  },
);

standing(
  'owners that one id cannot have are refused, with the way to get more',
  'user without subids',
  ({ home, context }) => {
    const files = context(
      `FROM scratch\nCOPY --chown=7:42 busybox /bin/busybox\nRUN ["/bin/busybox", "true"]\n`,
    );
    const built = runStanding('user without subids', { home }, [SLIPWAY, 'build', files]);
    assert.equal(built.exitCode, 1);
    assert.match(built.stderr, /bin\/busybox": owner 7:42 is not mapped into this user namespace/);
    assert.match(built.stderr, /fix: .*--add-subuids 100000-165535/);
  },
);

standing('so are those of mounts', 'user without subids', ({ home, context }) => {
  const mounts = {
    '/c uid=7': 'type=cache,target=/c,uid=7',
    '/run/secrets/s': 'type=secret,id=s,uid=7',
  };
  for (const [shown, mount] of Object.entries(mounts)) {
    const files = context(`${BUSYBOX_BASE}RUN --mount=${mount} true\n`);
    const built = runStanding('user without subids', { home }, [
      SLIPWAY,
      'build',
      '--secret',
      `id=s,src=${join(files, 'Dockerfile')}`,
      files,
    ]);
    assert.equal(built.exitCode, 1);
    assert.ok(built.stderr.includes(`${shown}": owner 7:0 is not mapped`), built.stderr);
    assert.match(built.stderr, /fix: .*--add-subuids 100000-165535/);
  }
});

standing('files of many owners come and go', 'user with subids', ({ home, context }) => {
  const who = 'user with subids';
  const files = context(
    `${BUSYBOX_BASE}RUN mkdir -m 700 /p && touch /p/f && chown -R 33:44 /p\nRUN stat -c '%u:%g %a' /p > /seen\n`,
  );
  const slipway = (...args: readonly string[]) => runStanding(who, { home }, [SLIPWAY, ...args]);
  const built = slipway('build', '-t', 'many', files);
  assert.equal(built.exitCode, 0, built.stderr);
  assert.equal(slipway('run', '--rm', 'many', 'cat', '/seen').stdout, '33:44 700\n');
  assert.equal(slipway('run', '--rm', '-u', '33', 'many', 'id', '-u').stdout, '33\n');
  assert.equal(slipway('system', 'df').exitCode, 0);
  assert.equal(slipway('system', 'prune', '-a', '-f').exitCode, 0);
  const store = join(home, '.local/share/slipway');
  assert.deepEqual(readdirSync(join(store, 'merged/v1/sha256')), []);
});

for (const who of ['user with subids', 'root of a container', 'root'] as const) {
  standing(
    'SIGKILL of the command leaves no process, no mount, and no files after the next start',
    who,
    async ({ home, context }) => {
      const env = who === 'root' ? { SLIPWAY_ISOLATION: 'chroot' } : {};
      const seconds = String(200_000 + process.pid);
      const files = context(
        `${BUSYBOX_BASE}RUN mkdir -m 700 /p && chown 9:9 /p && (sleep ${seconds} & sleep ${seconds} & sleep ${seconds})\n`,
      );
      const [program, ...args] = standingCommand(who, home, [
        SLIPWAY,
        '--root',
        join(home, 'store'),
        'build',
        '--progress',
        'plain',
        files,
      ]);
      const child = spawn(program ?? '', args, {
        env: { PATH: process.env.PATH, HOME: home, ...env },
        stdio: 'ignore',
      });
      const gone = once(child, 'close');
      try {
        await settled(() => sleepers(seconds) >= 3, 'the step does not start');
      } finally {
        child.kill('SIGKILL');
        await gone;
      }
      await settled(() => sleepers(seconds) === 0, 'processes of the step live on');
      assert.ok(!readFileSync('/proc/mounts', 'utf8').includes(home));
      const next = runStanding(who, { home, env }, [
        SLIPWAY,
        '--root',
        join(home, 'store'),
        'system',
        'gc',
      ]);
      assert.equal(next.exitCode, 0, next.stderr);
      for (const place of ['snapshots', 'trash', 'ingest']) {
        assert.deepEqual(readdirSync(join(home, 'store', place)), [], place);
      }
    },
  );
}

function sleepers(seconds: string): number {
  return readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && commandOf(name).includes(`sleep\0${seconds}\0`),
  ).length;
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

async function settled(isSo: () => boolean, otherwise: string): Promise<void> {
  for (let i = 0; i < 2400 && !isSo(); i += 1) await sleep(50);
  assert.ok(isSo(), otherwise);
}
