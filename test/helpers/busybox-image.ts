/** The image `busybox` of build cases, as the tar of a root: every applet, and a few users. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempFolder } from './temp-folder.ts';

const BUSYBOX = '/bin/busybox';

const PASSWD = `root:x:0:0:root:/root:/bin/sh
app:x:1000:1001::/home/app:/bin/sh
daemon:x:1:1::/:/bin/sh
`;
const GROUP = `root:x:0:
daemon:x:1:
app:x:1001:
extra:x:50:app
more:x:60:app,daemon
`;

let made: Buffer | undefined;

/** Made once in a process. */
export function busyboxTar(): Buffer {
  made ??= makeTar();
  return made;
}

function makeTar(): Buffer {
  using folder = tempFolder();
  const root = folder.at('root');
  for (const name of ['bin', 'etc', 'root', 'tmp'])
    mkdirSync(join(root, name), { recursive: true });
  chmodSync(join(root, 'tmp'), 0o1777);
  copyFileSync(BUSYBOX, join(root, 'bin/busybox'));
  writeFileSync(join(root, 'etc/passwd'), PASSWD);
  writeFileSync(join(root, 'etc/group'), GROUP);
  checked(BUSYBOX, ['--install', '-s', join(root, 'bin')]);
  // The links lead to the program's own place, which is another one in the image.
  const links = 'for link in "$0"/*; do [ -L "$link" ] && ln -sf /bin/busybox "$link"; done; true';
  checked('sh', ['-c', links, join(root, 'bin')]);
  const options = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@1'];
  return checked('tar', ['-c', ...options, '-C', root, '.']);
}

function checked(program: string, argv: readonly string[]): Buffer {
  const { status, stdout, stderr } = spawnSync(program, argv, { maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`${program}: ${stderr}`);
  return stdout;
}
