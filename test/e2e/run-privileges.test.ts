/** What a RUN has beyond its files: networks, proxies, and rights that only --allow gives. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type FaultSite, fault } from '#test/helpers/fault-site.ts';

/** Builds, and gives the log. */
async function built(
  site: FaultSite,
  context: string,
  options: {
    readonly flags?: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
  } = {},
): Promise<string> {
  const { flags = [], environment = {} } = options;
  const argv = ['build', '--progress', 'plain', '-t', 'app:1', ...flags, context];
  const { exitCode, stderr } = await site.run(argv, { environment });
  assert.equal(exitCode, 0, stderr);
  return stderr;
}

fault('--network=host and --security=insecure need --allow, before any step', async (site) => {
  for (const [flag, entitlement] of [
    ['--network=host', 'network.host'],
    ['--security=insecure', 'security.insecure'],
  ] as const) {
    const context = site.context(`RUN echo first\nRUN ${flag} true\n`);
    const told = await site.bad(1, ['build', '--progress', 'plain', context]);
    assert.ok(told.includes(`${entitlement} is not allowed`), told);
    assert.match(told, new RegExp(`5 \\| >>> RUN ${flag} true\\n *\\| +\\^+`));
    assert.match(told, new RegExp(`^ {2}fix: allow it with --allow ${entitlement}`, 'm'));
    assert.doesNotMatch(told, /echo first\n#\d+ /);
  }
  await built(site, site.context('RUN --network=host true\n'), { flags: ['--network', 'host'] });
  // Not of a stage that the target does not need.
  const beside = site.context('RUN --network=host true\nFROM scratch AS last\nCOPY busybox /\n');
  await built(site, beside, { flags: ['--target', 'last'] });
  const told = await site.bad(1, ['build', '--allow', 'network', site.context('')]);
  assert.match(told, /unknown entitlement network/);
});

fault('--network=none has a loopback alone', async (site) => {
  const context = site.context(
    'RUN --network=none echo "SAID $(ls /sys/class/net)"\nRUN --network=host echo "SAID $(ls /sys/class/net | wc -l)"\n',
  );
  const log = await built(site, context, { flags: ['--allow', 'network.host'] });
  assert.match(log, /SAID lo$/m);
  assert.match(log, /SAID [1-9]/);
});

fault('proxies reach RUN undeclared, and neither key nor history', async (site) => {
  const config = site.folder.at('docker/config.json');
  mkdirSync(dirname(config));
  const write = (proxy: string): void =>
    writeFileSync(config, JSON.stringify({ proxies: { default: { httpProxy: proxy } } }));
  const environment = { DOCKER_CONFIG: dirname(config), no_proxy: 'localhost' };
  write('http://user:word@one:1');
  const context = site.context('RUN echo "SAID $HTTP_PROXY $http_proxy $no_proxy"\n');
  const log = await built(site, context, { environment });
  assert.match(log, /SAID http:\/\/user:word@one:1 http:\/\/user:word@one:1 localhost/);
  write('http://two:2');
  assert.match(await built(site, context, { environment }), /RUN echo[^\n]*\n#\d+ CACHED/);
  assert.doesNotMatch(log, /were not consumed/);
  for (const what of [['history', '--no-trunc'], ['inspect']]) {
    assert.doesNotMatch(await site.good(...what, 'app:1'), /one:1/);
  }
  const given = await built(site, context, {
    environment,
    flags: ['--no-cache', '--build-arg', 'HTTP_PROXY=http://three:3'],
  });
  assert.match(given, /SAID http:\/\/three:3 http:\/\/two:2/);
});

fault('--build-arg NAME is the variable; one that nobody declares is told', async (site) => {
  const context = site.context('ARG FROM_HERE\nRUN echo "SAID $FROM_HERE"\n');
  const log = await built(site, context, {
    environment: { FROM_HERE: 'yes' },
    flags: ['--build-arg', 'FROM_HERE', '--build-arg', 'NOBODY=1', '--build-arg', 'UNSET'],
  });
  assert.match(log, /SAID yes/);
  assert.match(log, /\[Warning\] One or more build-args \[NOBODY\] were not consumed/);
});

fault(
  '--security=insecure: all capabilities, no filter, devices; another step has none of it',
  async (site) => {
    const look = `grep -E '^(CapEff|Seccomp):' /proc/self/status | tr '\\t\\n' ': ' | sed 's/^/SAID /'; echo; mkdir -p /m; mount -t tmpfs none /m 2>&1 && echo SAID mounted; cat /dev/loop-control 2>&1 | head -c 0`;
    const context = site.context(
      `RUN --security=insecure ${look}\nRUN --security=sandbox ${look}\n`,
    );
    const log = await built(site, context, { flags: ['--allow', 'security.insecure'] });
    const said = [...log.matchAll(/^#\d+ [\d.]+ SAID (.*)$/gm)].map(([, text]) => text?.trim());
    const own = /^CapBnd:\t(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    assert.deepEqual(said, [
      `CapEff::${own} Seccomp::0`,
      'mounted',
      'CapEff::00000000a80425fb Seccomp::2',
    ]);
    // The same command with other rights is another step.
    const sandbox = site.context(`RUN --security=sandbox ${look}\n`);
    assert.match(await built(site, sandbox), /RUN --security=sandbox[^\n]*\n#\d+ [\d.]+ SAID/);
  },
);
