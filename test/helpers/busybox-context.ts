/**
 * Build contexts for end-to-end tests: Debian's static busybox and a Dockerfile. Tests that build
 * with RUN skip aloud where either busybox or the right to make containers is missing.
 */
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const BUSYBOX = '/bin/busybox';

/** Why tests that run containers of busybox cannot run here; undefined when they can. */
export function busyboxUnfit(): string | undefined {
  if (!existsSync(BUSYBOX)) return 'needs /bin/busybox: install busybox-static';
  return process.getuid?.() === 0 ? undefined : 'needs root: containers are made with namespaces';
}

/** Start of a Dockerfile in which RUN, with its shell, works. */
export const BUSYBOX_BASE = `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
`;

/** Fills a folder: the Dockerfile, busybox, and files by path. */
export function writeContext(
  folder: string,
  dockerfile: string,
  files: Readonly<Record<string, string>> = {},
): string {
  mkdirSync(folder, { recursive: true });
  copyFileSync(BUSYBOX, join(folder, 'busybox'));
  for (const [name, text] of Object.entries({ Dockerfile: dockerfile, ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}
