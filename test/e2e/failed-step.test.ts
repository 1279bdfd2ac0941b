/** What a failed RUN leaves: an image of its root, a shell in it on a terminal, the whole log, annotations. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FaultSite, fault } from '#test/helpers/fault-site.ts';
import { onTerminal, type TerminalSession, terminalUnfit } from '#test/helpers/terminal.ts';

const FAILING = `ARG WHO=me
ENV KEPT=yes
WORKDIR /work
RUN echo one >one
RUN --mount=type=cache,target=/cache echo two >two; echo three >/cache/f; echo "I am $WHO"; exit 3
`;

const KEPT = /^The root of the failed step is image ([0-9a-f]{12})\. Look into it: slipway (.*)$/m;

async function failed(site: FaultSite, ...argv: readonly string[]): Promise<string> {
  return await site.bad(1, ['build', '--progress', 'plain', ...argv]);
}

function idIn(stderr: string): string {
  const [, id = ''] = KEPT.exec(stderr) ?? assert.fail(stderr);
  return id;
}

fault(
  'the root of the failed step is an image: its files, variables, folder, command',
  async (site) => {
    const stderr = await failed(site, site.context(FAILING));
    const id = idIn(stderr);
    assert.match(stderr, new RegExp(`Look into it: slipway run --rm -it ${id} sh\n`));
    assert.match(
      stderr,
      /\nThe whole log: slipway history logs [0-9a-z]{25}\nERROR: failed to build/,
    );
    const script = 'pwd; cat one two; echo $WHO $KEPT; test -e /cache || echo no mounts';
    assert.equal(
      await site.good('run', '--rm', id, 'sh', '-c', script),
      '/work\none\ntwo\nme yes\nno mounts\n',
    );
    const history = await site.good(
      'history',
      '--no-trunc',
      '--format',
      '{{.CreatedBy}}:{{.Comment}}',
      id,
    );
    assert.match(history, /^RUN .* exit 3:failed: exit code 3\n/);
    assert.match(await site.good('images', '--filter', 'dangling=true', '-q'), new RegExp(id));
    const inspected = await site.good('history', 'inspect', '--format', '{{.FailedImage}}');
    assert.ok(inspected.includes(id));
    await site.good('system', 'check');
  },
);

fault('it goes with its record, and a build that goes well leaves none', async (site) => {
  await failed(site, site.context(FAILING));
  await site.good('build', site.context('RUN true\n'));
  assert.equal((await site.good('images', '-q')).trim().split('\n').length, 2);
  await site.good('history', 'rm', '--all');
  assert.equal((await site.good('images', '-q')).trim().split('\n').length, 1);
});

fault('--no-keep-failed: nothing is kept', async (site) => {
  const stderr = await failed(site, '--no-keep-failed', site.context(FAILING));
  assert.doesNotMatch(stderr, KEPT);
  assert.match(stderr, /^The whole log: slipway history logs /m);
  assert.equal(await site.good('images', '-q'), '');
});

fault(
  'a command that is not there: the root is kept; without a shell its files are',
  async (site) => {
    assert.ok(idIn(await failed(site, site.context('RUN ["/no/such"]\n'))));
    const context = site.context('');
    const dockerfile = site.folder.at('Dockerfile');
    writeFileSync(dockerfile, 'FROM scratch\nCOPY busybox /b\nRUN ["/b", "false"]\n');
    const stderr = await failed(site, '-f', dockerfile, context);
    const id = idIn(stderr);
    assert.match(stderr, new RegExp(`Look into it: slipway image ls-files ${id}\n`));
    assert.match(await site.good('image', 'ls-files', id), /\/b$/m);
  },
);

fault('a root that holds a secret is not kept', async (site) => {
  writeFileSync(site.folder.at('secret'), 'hunter2-hunter2');
  const context = site.context('RUN --mount=type=secret,id=s cp /run/secrets/s /leaked; exit 1\n');
  const stderr = await failed(site, '--secret', `id=s,src=${site.folder.at('secret')}`, context);
  assert.doesNotMatch(stderr, KEPT);
  assert.match(stderr, /WARNING: the root of the failed step is not kept: .*secret/);
  assert.equal(await site.good('images', '-q'), '');
});

fault('--output-on-failure: nothing while well, all of it when not', async (site) => {
  const context = site.context('RUN echo before\nRUN seq 1 2000; exit 1\n');
  const well = await site.run(['build', '--output-on-failure', site.context('RUN echo fine\n')]);
  assert.deepEqual(well, { exitCode: 0, stdout: '', stderr: '' });
  const stderr = await site.bad(1, ['build', '--output-on-failure', context]);
  assert.match(stderr, /^#\d+ \d+\.\d{3} before$/m);
  assert.equal(stderr.match(/^#\d+ \d+\.\d{3} \d+$/gm)?.length, 2000);
  assert.match(stderr, /^>>> *RUN seq|^ *\d+ \| >>> RUN seq/m);
});

fault('GitHub: groups, and a command for each warning and the error at its line', async (site) => {
  const context = site.context('run true\nRUN echo said; exit 4\n');
  const environment = { GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: site.folder.path };
  const { stderr } = await site.run(['build', context], { environment });
  assert.equal(stderr.match(/^::group::#\d+ /gm)?.length, stderr.match(/^::endgroup::$/gm)?.length);
  const file = join('context-1', 'Dockerfile');
  assert.match(stderr, new RegExp(`^::warning file=${file},line=4,.*title=Consistent`, 'm'));
  assert.match(
    stderr,
    new RegExp(
      `^::error file=${file},line=5,endLine=5,.*title=RUN_FAILED::process .*exit code: 4%0Asaid$`,
      'm',
    ),
  );
  const none = await site.run(['build', '--annotations', 'none', context], { environment });
  assert.doesNotMatch(none.stderr, /^::/m);
  const json = await site.run(['build', '--progress', 'rawjson', context], { environment });
  assert.doesNotMatch(json.stderr, /^::/m);
});

fault('GitLab: sections, and a Code Quality report', async (site) => {
  const context = site.context('run true\nCOPY nowhere /\n');
  const report = site.folder.at('quality.json');
  const environment = { GITLAB_CI: 'true', CI_PROJECT_DIR: site.folder.path };
  const { stderr } = await site.run(['build', '--code-quality', report, context], { environment });
  const starts = stderr.match(/\[0Ksection_start:\d+:slipway_\d+\r/g) ?? [];
  assert.ok(starts.length > 2);
  assert.equal(stderr.match(/section_end:\d+:slipway_\d+\r/g)?.length, starts.length);
  const found = JSON.parse(readFileSync(report, 'utf8')).map(
    (one: { check_name: string; location: { path: string; lines: { begin: number } } }) => [
      one.check_name,
      one.location.path,
      one.location.lines.begin,
    ],
  );
  assert.deepEqual(found, [
    ['ConsistentInstructionCasing', 'context-1/Dockerfile', 4],
    ['SOURCE_MISSING', 'context-1/Dockerfile', 5],
  ]);
});

fault('--on-error=shell without a terminal is refused before anything is built', async (site) => {
  const stderr = await site.bad(1, ['build', '--on-error=shell', site.context(FAILING)]);
  assert.match(stderr, /^--on-error=shell needs a terminal as standard input\n/);
  assert.match(await site.run(['history', 'ls', '-q']).then(({ stdout }) => stdout), /^$/);
});

/** A build on a terminal; skipped aloud where there is none. */
function interactive(
  name: string,
  body: (open: (...argv: readonly string[]) => TerminalSession, site: FaultSite) => Promise<void>,
): void {
  fault(name, async (site, t) => {
    const unfit = terminalUnfit();
    if (unfit !== undefined) {
      t.skip(unfit);
      return;
    }
    const environment = { SLIPWAY_ROOT: site.store, TMPDIR: site.folder.at('tmp') };
    const sessions: TerminalSession[] = [];
    try {
      await body((...argv) => {
        const session = onTerminal(['build', '--on-error=shell', ...argv], environment);
        sessions.push(session);
        return session;
      }, site);
    } finally {
      for (const session of sessions) session.kill();
    }
  });
}

for (const progress of ['tty', 'plain']) {
  interactive(
    `--on-error=shell in ${progress}: root, mounts, variables, user, folder`,
    async (open, site) => {
      const context =
        site.context(`RUN echo 'me:x:7:7::/:/bin/sh' >/etc/passwd 2>/dev/null || mkdir /etc
RUN echo 'me:x:7:7::/:/bin/sh' >/etc/passwd; mkdir /work; chmod 777 /work
ARG WHO=you
USER me
WORKDIR /work
RUN --mount=type=cache,target=/cache,uid=7 echo half >done; echo warm >/cache/f; echo failing; exit 5
`);
      const session = open(`--progress=${progress}`, context);
      await session.until(/failing\r\n[\s\S]*A shell in the root of this step[\s\S]*\$ /);
      session.type('echo "$(id -u) $PWD $WHO $(cat done /cache/f | tr "\\n" " ")"; stty size\r');
      await session.until(/7 \/work you half warm ?\r\n30 100\r\n/);
      session.type('echo seen >>done; exit 0\r');
      assert.equal(await session.exitCode, 1);
      const shown = session.shown();
      assert.match(shown, /did not complete successfully: exit code: 5\r\n/);
      const id = idIn(shown.replaceAll('\r', ''));
      assert.equal(await site.good('run', '--rm', id, 'cat', 'done'), 'half\nseen\n');
    },
  );
}

interactive(
  'a SHELL of its own is the one that opens; a build that goes well opens none',
  async (open, site) => {
    const context = site.context('SHELL ["/bin/ash", "-c"]\nRUN exit 1\n');
    const session = open('--no-keep-failed', context);
    await session.until(/A shell in the root/);
    session.type('echo "this is $0"\r');
    await session.until(/this is \/bin\/ash\r\n/);
    session.type('exit 9\r');
    assert.equal(await session.exitCode, 1);
    const well = open(site.context('RUN true\n'));
    assert.equal(await well.exitCode, 0);
    assert.doesNotMatch(well.shown(), /A shell/);
  },
);
