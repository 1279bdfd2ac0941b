/**
 * What a build says when it cannot go on, case by case: docker's first line, the place in the
 * Dockerfile where there is one, and a fix; and that each of them is on record.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { type FaultSite, fault } from '#test/helpers/fault-site.ts';

interface Case {
  readonly name: string;
  /** Behind the installation of busybox. */
  readonly steps?: string;
  readonly flags?: readonly string[];
  /** In place of the context's folder. */
  readonly path?: string;
  /** The error line; `ERROR: failed to build: ` goes without saying. */
  readonly error: RegExp;
  /** The line that the frame points at. */
  readonly at?: string;
  readonly fix: RegExp;
  /** A wrong command line: nothing was begun, so nothing is on record. */
  readonly isUsage?: boolean;
}

const CASES: readonly Case[] = [
  {
    name: 'no Dockerfile',
    flags: ['-f', 'nosuch'],
    error: /^failed to solve: failed to read dockerfile: open nosuch: no such file or directory$/,
    fix: /there is no Dockerfile at/,
  },
  {
    name: 'no context',
    path: 'nowhere',
    error: /^unable to prepare context: path "nowhere" not found$/,
    fix: /./,
  },
  {
    name: 'an instruction that is none',
    steps: 'RUM true\n',
    error: /^failed to solve: dockerfile parse error on line 4: unknown instruction: RUM/,
    at: 'RUM true',
    fix: /RUN/,
  },
  {
    name: 'a source that is not there',
    steps: 'COPY x /x\n',
    error: /^failed to solve: .*"\/x": not found$/,
    at: 'COPY x /x',
    fix: /./,
  },
  {
    name: 'a command that fails',
    steps: 'RUN exit 7\n',
    error:
      /^failed to solve: process "\/bin\/sh -c exit 7" did not complete successfully: exit code: 7$/,
    at: 'RUN exit 7',
    fix: /^$/,
  },
  {
    name: 'a command that is not there',
    steps: 'RUN nosuchprogram\n',
    error:
      /^failed to solve: process ".*nosuchprogram" did not complete successfully: exit code: 127$/,
    at: 'RUN nosuchprogram',
    fix: /was not found/,
  },
  {
    name: 'a base whose name is in capitals',
    steps: 'FROM App:1\n',
    error: /invalid reference format: repository name \(?.*App\)? must be lowercase/,
    at: 'FROM App:1',
    fix: /./,
  },
  {
    name: 'a base that is nowhere',
    steps: 'FROM 127.0.0.1:1/nosuch:1\n',
    error: /^failed to solve: 127\.0\.0\.1:1\/nosuch:1: failed to resolve source metadata for 127/,
    at: 'FROM 127.0.0.1:1/nosuch:1',
    fix: /./,
  },
  {
    name: 'a base that is not here, offline',
    steps: 'FROM 127.0.0.1:1/nosuch:1\n',
    flags: ['--offline'],
    error: /the build was told to stay offline$/,
    at: 'FROM 127.0.0.1:1/nosuch:1',
    fix: /load or copy it here first/,
  },
  {
    name: 'a target that is none',
    flags: ['--target', 'tset'],
    error: /^failed to solve: target stage "?tset"? could not be found/,
    fix: /./,
  },
  {
    name: 'a user that the image has not',
    steps: 'USER nobody-here\nRUN true\n',
    error: /nobody-here/,
    at: 'RUN true',
    fix: /./,
  },
  {
    name: 'a secret that the build was not given',
    steps: 'RUN --mount=type=secret,id=token,required=true true\n',
    error: /secret token: not found/,
    at: 'RUN --mount=type=secret,id=token,required=true true',
    fix: /--secret/,
  },
  {
    name: 'a right that the build does not give',
    steps: 'RUN --security=insecure true\n',
    error: /security\.insecure/,
    at: 'RUN --security=insecure true',
    fix: /--allow/,
  },
  {
    name: 'an image whose name is in capitals',
    flags: ['-t', 'App'],
    error:
      /^invalid tag "App": .*must be lowercase|^invalid reference format: repository name .*must be lowercase/,
    fix: /./,
    isUsage: true,
  },
  {
    name: 'an output that is a device',
    flags: ['-o', 'type=tar,dest=/dev/full'],
    error: /^failed to solve: invalid output path: "\/dev\/full" must be a regular file$/,
    fix: /standard output and redirect that: > \/dev\/full/,
  },
  {
    name: 'a push, offline',
    flags: ['--offline', '--push', '-t', '127.0.0.1:1/x'],
    error: /^failed to solve: cannot push the image: the build was told to stay offline$/,
    fix: /leave out --push/,
    isUsage: true,
  },
  {
    name: 'a cache for a registry, offline',
    flags: ['--offline', '--cache-to', 'type=registry,ref=127.0.0.1:1/x'],
    error:
      /^failed to solve: cannot write the cache to a registry: the build was told to stay offline$/,
    fix: /type=local/,
    isUsage: true,
  },
];

/** The parts of what was said. */
function parts(stderr: string) {
  const { line = '' } = /^ERROR: failed to build: (?<line>.*)$/m.exec(stderr)?.groups ?? {};
  const { place } = /^ *\d+ \| >>> (?<place>.*)$/m.exec(stderr)?.groups ?? {};
  const { fix = '' } = /^ {2}fix: (?<fix>.*)$/m.exec(stderr)?.groups ?? {};
  return { line, place, fix };
}

async function said(site: FaultSite, { steps = '', flags = [], path }: Case): Promise<string> {
  const context = path ?? site.context(steps);
  const cwd = site.folder.at('here');
  mkdirSync(cwd);
  return await site.bad(1, ['build', ...flags, context], { cwd });
}

for (const one of CASES) {
  fault(`${one.name}: the error, its place, a fix, on record`, async (site) => {
    const stderr = await said(site, one);
    const { line, place, fix } = parts(stderr);
    assert.match(line, one.error, stderr);
    assert.equal(place, one.at, stderr);
    assert.match(fix, one.fix, stderr);
    const status = await site.good('history', 'ls', '--format', '{{.Status}}');
    assert.equal(status, one.isUsage ? '' : 'Error\n');
  });
}
