/** `slipway run -i` and `-t` on a pseudo-terminal: keys, size, signals, and what stays as it was. */
import assert from 'node:assert/strict';
import { type FaultSite, fault } from '#test/helpers/fault-site.ts';
import { onTerminal, type TerminalSession, terminalUnfit } from '#test/helpers/terminal.ts';

/** On a terminal, with an image `app`; skipped aloud where there is none. */
function interactive(
  name: string,
  body: (
    session: (...argv: readonly string[]) => TerminalSession,
    site: FaultSite,
  ) => Promise<void>,
): void {
  fault(name, async (site, t) => {
    const unfit = terminalUnfit();
    if (unfit !== undefined) {
      t.skip(unfit);
      return;
    }
    await site.good('build', '-t', 'app', site.context('CMD ["sh"]\n'));
    const sessions: TerminalSession[] = [];
    const environment = { SLIPWAY_ROOT: site.store, TMPDIR: site.folder.at('tmp') };
    try {
      await body((...argv) => {
        const session = onTerminal(['run', '--rm', ...argv], environment);
        sessions.push(session);
        return session;
      }, site);
    } finally {
      for (const session of sessions) session.kill();
    }
  });
}

interactive('-it: a shell with a terminal of its own, and its exit code', async (open) => {
  const session = open('-it', 'app');
  await session.until(/# /);
  session.type('tty; stty size; echo $TERM\r');
  await session.until(/\/dev\/pts\/0\r\n30 100\r\nxterm\r\n/);
  session.type('exit 7\r');
  assert.equal(await session.exitCode, 7);
});

interactive('a window that changes its size is told', async (open) => {
  const watch = 'trap "stty size; exit 5" WINCH; echo ready; while :; do sleep 1; done';
  const session = open('-it', 'app', 'sh', '-c', watch);
  await session.until(/ready\r\n/);
  session.resize(50, 132);
  await session.until(/50 132\r\n/);
  assert.equal(await session.exitCode, 5);
});

interactive('Ctrl-C is the program’s, Ctrl-D ends its input', async (open) => {
  const session = open(
    '-it',
    'app',
    'sh',
    '-c',
    'trap "cat; exit 6" INT; echo rea""dy; while :; do sleep 1; done',
  );
  await session.until(/ready\r\n/);
  session.type('\x03');
  await session.until(/\^C/);
  session.type('still here\r');
  await session.until(/still here\r\nstill here\r\n/);
  session.type('\x04');
  assert.equal(await session.exitCode, 6);
});

interactive('the terminal is afterwards what it was', async (open) => {
  const session = open('-it', 'app', 'sh', '-c', 'stty -echo; exit 0');
  assert.equal(await session.exitCode, 0);
  assert.doesNotMatch(session.shown(), /ERROR/);
});

interactive('a terminal that is closed ends the container', async (open) => {
  const session = open('-it', 'app', 'sh', '-c', 'echo rea""dy; while :; do sleep 1; done');
  await session.until(/ready\r\n/);
  // That nothing of it is left is looked for behind every test.
  session.kill();
  await session.exitCode;
});

interactive('-t without -i: a terminal that nobody types into', async (open) => {
  const session = open('-t', 'app', 'sh', '-c', 'test -t 0 && test -t 1 && stty size');
  await session.until(/30 100\r+\n/);
  assert.equal(await session.exitCode, 0);
});

fault('-i gives the container our input; without it there is none', async (site) => {
  await site.good('build', '-t', 'app', site.context('CMD ["cat"]\n'));
  const options = { input: 'through stdin' };
  assert.equal((await site.run(['run', '-i', 'app'], options)).stdout, 'through stdin');
  assert.equal((await site.run(['run', 'app'], options)).stdout, '');
  const { exitCode, stderr } = await site.run(['run', '-it', 'app'], options);
  assert.equal(exitCode, 1);
  assert.match(stderr, /^the input device is not a TTY\nrun it from a terminal/);
});
