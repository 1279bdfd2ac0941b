/**
 * A build as people do it: packages from Debian's mirror inside RUN, with apt's folders as cache
 * mounts. Needs the mirror that the machine is configured for, so it is no part of `npm test`:
 *
 *     npm run debian
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DebianSite, debianSite } from '#test/helpers/debian-image.ts';

const PACKAGES = 'sudo locales gcc libc6-dev libcap2-bin ca-certificates';

/** A mirror may be a snapshot, whose lists say that they are out of date: only then that is ignored. */
const UPDATE = 'apt-get update || apt-get -o Acquire::Check-Valid-Until=false update';

const MOUNTS = [
  '--mount=type=cache,target=/var/cache/apt,sharing=locked',
  '--mount=type=cache,target=/var/lib/apt/lists,sharing=locked',
].join(' ');

const INSTALLED = `FROM debian
ENV DEBIAN_FRONTEND=noninteractive
RUN ${MOUNTS} (${UPDATE}) && apt-get install -y --no-install-recommends ${PACKAGES}
`;

const USED = `${INSTALLED}RUN echo 'en_US.UTF-8 UTF-8' > /etc/locale.gen && locale-gen
ENV LC_ALL=en_US.UTF-8
RUN test "$(locale charmap)" = UTF-8 && echo LOCALE
RUN useradd -m app && echo 'app ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/app
USER app
RUN test "$(id -un) $(sudo id -un)" = 'app root' && echo SUDO
USER root
COPY mine.c main.c /src/
RUN gcc -shared -fPIC -o /usr/local/lib/libmine.so /src/mine.c && ldconfig && gcc -o /usr/local/bin/app /src/main.c -lmine
RUN app && ldconfig -p | grep -q libmine && echo LIBRARY
RUN setcap cap_net_raw+ep /usr/local/bin/app
RUN getcap /usr/local/bin/app | grep -q cap_net_raw && echo CAPABILITY
RUN find / -xdev -perm -4000 | grep -q sudo && dpkg -V && echo VERIFIED
CMD ["app"]
`;

async function site(t: { skip(reason: string): void }): Promise<DebianSite | undefined> {
  const found = await debianSite();
  if (typeof found !== 'string') return found;
  t.skip(found);
  return undefined;
}

test('packages are installed, work, and are as dpkg wrote them', async (t) => {
  using debian = await site(t);
  if (!debian) return;
  debian.write('mine.c', 'int mine(void) { return 42; }\n');
  debian.write(
    'main.c',
    '#include <stdio.h>\nint mine(void);\nint main(void) { printf("%d\\n", mine()); }\n',
  );
  const log = await debian.build(USED);
  for (const word of ['LOCALE', 'SUDO', 'LIBRARY', 'CAPABILITY', 'VERIFIED']) {
    assert.match(log, new RegExp(`^#\\d+ [\\d.]+ ${word}$`, 'm'), log);
  }
  assert.equal((await debian.run('run', '--rm', 'app')).stdout, '42\n');

  for (const folder of ['/var/cache/apt/archives', '/var/lib/apt/lists']) {
    const { stdout } = await debian.run('image', 'ls-files', 'app', folder);
    assert.doesNotMatch(stdout, /\.deb|_Packages/, folder);
  }

  // A later step changes: what was installed stays.
  const again = await debian.build(USED.replace('echo LOCALE', 'echo AGAIN'));
  assert.match(again, / RUN --mount=type=cache.*\n#\d+ CACHED$/m);

  // All steps again: every package comes from the cache mount.
  const anew = await debian.build(INSTALLED, '--no-cache');
  assert.match(anew, /Need to get 0 B/);
});
