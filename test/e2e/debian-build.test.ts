/** A build upon Debian, without a network: its own tools find their system whole. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { debianSite } from '#test/helpers/debian-image.ts';

const DOCKERFILE = `FROM debian
RUN dpkg -V && echo VERIFIED
RUN useradd --create-home --shell /bin/bash app && su app -c 'cd && pwd && id -un'
RUN --mount=type=cache,target=/var/cache/apt apt-get --version | head -n 1 && touch /var/cache/apt/mine
RUN mkdir /opt/lib && cp /lib/*/libc.so.6 /opt/lib/libmine.so.1 && echo /opt/lib > /etc/ld.so.conf.d/mine.conf && ldconfig && ldconfig -p | grep -c /opt/lib
USER app
WORKDIR /home/app
RUN bash -c 'echo "$HOME $(id -u) $(stat -c %U .)"; printf %s "\${BASH_VERSINFO[0]}" > version'
CMD ["cat", "version"]
`;

test('dpkg finds every file as it was; users, su, ldconfig and perl work', async (t) => {
  const site = await debianSite();
  if (typeof site === 'string') {
    t.skip(site);
    return;
  }
  using _ = site;
  const log = await site.build(DOCKERFILE);
  // dpkg names each file that differs.
  assert.match(log, /^#\d+ [\d.]+ VERIFIED$/m);
  assert.equal(log.match(/^#\d+ [\d.]+ (?:missing|\?\?)/gm), null, log);
  assert.match(log, /^#\d+ [\d.]+ \/home\/app\n#\d+ [\d.]+ app$/m);
  assert.match(log, /^#\d+ [\d.]+ apt \d/m);
  assert.match(log, /^#\d+ [\d.]+ \/home\/app 1000 app$/m);
  assert.match((await site.run('run', '--rm', 'app')).stdout, /^\d+$/);
  const mine = await site.run('image', 'ls-files', 'app', '/var/cache/apt');
  assert.doesNotMatch(mine.stdout, /mine/);
});
