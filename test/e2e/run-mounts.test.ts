/** RUN --mount through the real command: what the step sees, and what of it is in the image. */
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { BUSYBOX_BASE } from '#test/helpers/busybox-context.ts';
import { type FaultSite, fault } from '#test/helpers/fault-site.ts';

/** Builds, and gives the log. */
async function built(
  site: FaultSite,
  context: string,
  ...flags: readonly string[]
): Promise<string> {
  const argv = ['build', '--progress', 'plain', '-t', 'app:1', ...flags, context];
  const { exitCode, stderr } = await site.run(argv);
  assert.equal(exitCode, 0, stderr);
  return stderr;
}

async function files(site: FaultSite): Promise<readonly string[]> {
  const listed = await site.good('image', 'ls-files', '--format', '{{.Path}}', 'app:1');
  return listed.trim().split('\n');
}

/** What a step printed, without the numbers of the log. */
function said(log: string, word: string): readonly string[] {
  return [...log.matchAll(/^#\d+ [\d.]+ (.*)$/gm)].flatMap(([, line = '']) =>
    line.startsWith(word) ? [line.slice(word.length + 1)] : [],
  );
}

/** The Dockerfile of a context with these stages, each after one with busybox. */
function stages(...texts: readonly string[]): string {
  const base = BUSYBOX_BASE.replace('FROM scratch', 'FROM scratch AS base');
  return [base, ...texts.map((text, i) => `FROM base AS stage${i}\n${text}`)].join('');
}

fault(
  'bind: the context, a stage; read-only unless rw, whose changes are thrown away',
  async (site) => {
    const context = site.context('', { 'sub/a': 'A', one: '1' });
    writeFileSync(
      join(context, 'Dockerfile'),
      stages(
        'RUN mkdir /made && echo old >/made/note\n',
        `RUN --mount=target=/src,source=sub --mount=type=bind,source=one,target=/root/deep/one \\
  echo "SAID $(cat /src/a /root/deep/one)"; echo "SAID $(echo x 2>&1 >/src/a)"; stat -c 'SAID %a %u' /src/a
RUN --mount=type=bind,from=stage0,source=/made,target=/made,rw cat /made/note && echo new >/made/note && cp /made/note /kept
`,
      ),
    );
    chmodSync(join(context, 'sub/a'), 0o640);
    const log = await built(site, context);
    assert.deepEqual(said(log, 'SAID'), [
      'A1',
      "/bin/sh: can't create /src/a: Read-only file system",
      '640 0',
    ]);
    const found = await files(site);
    for (const path of ['/src', '/root/deep', '/made']) assert.ok(!found.includes(path), path);
    assert.equal(await site.good('image', 'cat', 'app:1', '/kept'), 'new\n');
    // By content: the same again is cached, another byte is not.
    assert.match(await built(site, context), /RUN --mount=target=\/src[^\n]*\n#\d+ CACHED/);
    writeFileSync(join(context, 'sub/a'), 'B');
    assert.deepEqual(said(await built(site, context), 'SAID')[0], 'B1');
  },
);

fault('cache: kept from build to build, in no layer; tmpfs: gone with the step', async (site) => {
  const step = (echo: string): string =>
    site.context(`RUN --mount=type=cache,target=/var/cache/x --mount=type=tmpfs,target=/scratch,size=1m \\
  echo ${echo} >>/var/cache/x/log && echo "SAID $(cat /var/cache/x/log | tr '\\n' ' ')" && echo t >/scratch/t
`);
  assert.deepEqual(said(await built(site, step('one')), 'SAID'), ['one ']);
  assert.deepEqual(said(await built(site, step('two')), 'SAID'), ['one two ']);
  const found = await files(site);
  for (const path of ['/var', '/var/cache/x', '/scratch']) assert.ok(!found.includes(path), path);
  assert.match(await site.good('system', 'df', '-v'), /exec\.cachemount/);
  await site.good('builder', 'prune', '-f');
  assert.deepEqual(said(await built(site, step('three')), 'SAID'), ['three ']);
});

fault(
  'cache: seeded from a stage, with the owner asked for; locked steps take turns',
  async (site) => {
    const context = site.context('');
    writeFileSync(
      join(context, 'Dockerfile'),
      stages(
        'RUN mkdir /seed && echo s >/seed/s\n',
        `RUN --mount=type=cache,target=/c,from=stage0,source=/seed,uid=7,mode=0700 \\
    --mount=type=cache,target=/d,uid=7,gid=8,mode=0700,sharing=locked \\
  echo "SAID $(cat /c/s) $(stat -c '%a %u %g' /c /d | tr '\\n' ' ')"
`,
      ),
    );
    assert.deepEqual(said(await built(site, context), 'SAID'), ['s 755 0 0 700 7 8 ']);
  },
);

fault(
  'secret: a file for root alone or a variable, in no layer, log, history or key',
  async (site) => {
    const secret = 'correct horse battery';
    const place = join(site.folder.path, 'token');
    writeFileSync(place, `${secret}\n`);
    const context =
      site.context(`RUN --mount=type=secret,id=token --mount=type=secret,id=token,env=TOKEN \\
  stat -c 'SAID %a %u %n' /run/secrets/token; echo "SAID $TOKEN"; echo "SAID $(echo -n "$TOKEN" | base64)"; echo -n "$TOKEN" | wc -c >/length
RUN echo "SAID [$TOKEN]" && ls /run 2>/dev/null | wc -l
`);
    const log = await built(site, context, '--secret', `id=token,src=${place}`);
    assert.ok(!log.includes(secret), log);
    const [stat, whole, encoded = '', after] = said(log, 'SAID');
    assert.deepEqual([stat, whole, after], ['400 0 /run/secrets/token', '***', '[]']);
    assert.match(encoded, /^\*\*\*.{0,4}$/);
    assert.ok(!(await files(site)).includes('/run/secrets'));
    for (const what of [['history', '--no-trunc'], ['inspect']]) {
      assert.ok(!(await site.good(...what, 'app:1')).includes(secret));
    }
    writeFileSync(place, 'another one\n');
    const again = await built(site, context, '--secret', `id=token,src=${place}`);
    assert.deepEqual(said(again, 'SAID'), []);
  },
);

fault('a secret that would be in the image fails the build, and says where', async (site) => {
  const place = join(site.folder.path, 'token');
  writeFileSync(place, 'hunter2hunter2');
  const flags = ['--secret', `id=token,src=${place}`];
  const leaks = {
    'cp /run/secrets/token /etc/copy': 'the file /etc/copy of the layer',
    'base64 /run/secrets/token >/encoded': 'the file /encoded of the layer',
  };
  for (const [command, where] of Object.entries(leaks)) {
    const context = site.context(`RUN --mount=type=secret,id=token ${command}\n`);
    const told = await site.bad(1, ['build', '-t', 'app:1', ...flags, context]);
    assert.ok(told.includes(`the secret token would be given away in ${where}`), told);
    assert.match(told, /^ {2}fix: remove what holds it/m);
  }
  const around = {
    // The file itself, with the ignore file forgotten.
    'COPY npmrc /root/.npmrc': 'the file /root/.npmrc of the layer',
    // By way of a folder that no layer has.
    'RUN --mount=type=cache,target=/c --mount=type=secret,id=token cp /run/secrets/token /c\nRUN --mount=type=cache,target=/c cp /c/token /later':
      'the file /later of the layer',
  };
  for (const [step, where] of Object.entries(around)) {
    const context = site.context(`${step}\n`, { npmrc: '_auth=hunter2hunter2\n' });
    const told = await site.bad(1, ['build', '-t', 'app:1', ...flags, context]);
    assert.ok(told.includes(`the secret token would be given away in ${where}`), told);
    assert.match(told, /^ {3}\d+ \| >>> (?:COPY npmrc|RUN --mount=type=cache,target=\/c cp)/m);
    const again = await site.bad(1, ['build', '-t', 'app:1', ...flags, context]);
    assert.ok(again.includes(where), 'a layer that was refused is in no cache');
  }
  const context = site.context('RUN --mount=type=secret,id=token true\nENV TOKEN=hunter2hunter2\n');
  const told = await site.bad(1, ['build', '-t', 'app:1', ...flags, context]);
  assert.ok(told.includes('given away in the config or history of the image'), told);
  assert.equal(await site.good('images', '-q'), '');
});

fault('what is missing: required or not', async (site) => {
  const context = site.context('RUN --mount=type=secret,id=none test ! -e /run/secrets/none\n');
  await built(site, context);
  const required = site.context('RUN --mount=type=secret,id=none,required=true true\n');
  const told = await site.bad(1, ['build', required]);
  assert.match(told, /^ {3}\d+ \| >>> RUN --mount=type=secret/m);
  assert.match(told, /secret none: not found/);
  const agent = site.context('RUN --mount=type=ssh,required true\n');
  assert.match(await site.bad(1, ['build', agent]), /unset ssh forward key default/);
  const known = site.context('RUN --mount=type=ssh,id=constructor,required true\n');
  assert.match(await site.bad(1, ['build', known]), /unset ssh forward key constructor/);
  const source = site.context('RUN --mount=source=nowhere,target=/x true\n');
  assert.match(await site.bad(1, ['build', source]), /"\/nowhere": not found/);
});

fault('ssh: a socket of the step, with the mode asked for', async (site) => {
  const socket = join(site.folder.path, 'agent');
  const server = createServer((client) => client.end('an agent\n'));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  try {
    const context = site.context(`RUN --mount=type=ssh,mode=0666 \\
  echo "SAID $SSH_AUTH_SOCK $(stat -c '%a %F' $SSH_AUTH_SOCK)"
RUN echo "SAID [$SSH_AUTH_SOCK]"
`);
    const log = await built(site, context, '--ssh', `default=${socket}`);
    assert.deepEqual(said(log, 'SAID'), ['/run/buildkit/ssh_agent.0 666 socket', '[]']);
  } finally {
    server.close();
  }
});

fault('cache: another owner or mode is another cache; one twice in a step is one', async (site) => {
  const line = (flags: string, at = '/c'): string =>
    `RUN --mount=type=cache,${flags} echo x >>${at}/log; echo "SAID $(wc -l <${at}/log) $(stat -c '%a %u:%g' ${at})"\n`;
  const twice = 'type=cache,id=y,sharing=locked';
  const context = site.context(
    [
      line('target=/c'),
      line('id=/c,target=/other', '/other'),
      line('target=/c,uid=5,gid=6,mode=0700'),
      `RUN --mount=${twice},target=/b --mount=${twice},target=/a touch /b/z; echo "SAID $(ls /a)"\n`,
    ].join(''),
  );
  const log = await built(site, context);
  assert.deepEqual(said(log, 'SAID'), ['1 755 0:0', '2 755 0:0', '1 700 5:6', 'z']);
});

fault('bind: parents before children, whatever their order', async (site) => {
  const context = site.context(
    'RUN --mount=source=in,target=/a/b --mount=source=out,target=/a echo "SAID $(ls /a /a/b | tr "\\n" " ")"\n',
    { 'in/inner': '', 'out/b/hidden': '', 'out/outer': '' },
  );
  assert.deepEqual(said(await built(site, context), 'SAID'), ['/a: b outer  /a/b: inner ']);
});

fault(
  'bind: the same files from a stage and a folder with other names are no miss',
  async (site) => {
    const context = site.context('');
    const from = (name: string, command: string): void =>
      writeFileSync(
        join(context, 'Dockerfile'),
        `${BUSYBOX_BASE.replace('scratch', 'scratch AS base')}FROM base AS ${name}
RUN ${command}
FROM base
RUN --mount=from=${name},source=/${name},target=/in cat /in/a
`,
      );
    from('one', 'mkdir /one && echo same >/one/a');
    await built(site, context);
    from('other', 'mkdir /other && echo same >/other/a');
    assert.match(await built(site, context), /RUN --mount=from=other[^\n]*\n#\d+ CACHED/);
  },
);

fault('a target of another kind is said, at the mount', async (site) => {
  for (const [mount, problem] of [
    ['source=busybox,target=/bin', '/bin: is a directory'],
    ['source=.,target=/bin/busybox', '/bin/busybox: not a directory'],
    ['type=tmpfs,target=/bin/busybox/x', '/bin/busybox/x: not a directory'],
  ]) {
    const told = await site.bad(1, ['build', site.context(`RUN --mount=${mount} true\n`)]);
    assert.ok(told.includes(`cannot mount at ${problem}`), told);
    assert.match(told, /^ {3}4 \| >>> RUN --mount/m);
    assert.match(told, /^ {2}fix: /m);
  }
});

fault('nothing of a mount point stays, whatever roots are made of', async (site) => {
  const context = site.context(
    `RUN mkdir /root
RUN --mount=type=cache,target=/root/.cache/pip --mount=source=busybox,target=/deep/er/file \\
    --mount=type=tmpfs,target=/t/t touch /root/.cache/kept
`,
  );
  for (const snapshotter of ['auto', 'folders', 'copy']) {
    const environment = { SLIPWAY_SNAPSHOTTER: snapshotter };
    const argv = ['build', '--no-cache', '-t', 'app:1', context];
    const { exitCode, stderr } = await site.run(argv, { environment });
    assert.equal(exitCode, 0, `${snapshotter}: ${stderr}`);
    const own = (await files(site)).filter((path) => !path.startsWith('/bin') && path !== '/');
    assert.deepEqual(own, ['/root', '/root/.cache', '/root/.cache/kept'], snapshotter);
  }
});
