/**
 * What programs that know nothing of Slipway see in a folder: a line for every file, attribute and
 * content, sorted. Two folders with the same lines are the same tree. Sizes and link counts of
 * directories, which depend on the file system, are left out.
 */
import { execFileSync, spawnSync } from 'node:child_process';

const PROGRAMS = ['find', 'getfattr', 'sha256sum', 'tar', 'sort', 'xargs', 'stat'];

/** Which program is missing; undefined when all are there. */
export function missingTreeProgram(): string | undefined {
  const missing = PROGRAMS.find((program) => spawnSync(program, ['--version']).error !== undefined);
  return missing === undefined ? undefined : `needs ${missing}: the program is not installed`;
}

const SCRIPT = `
  set -eu; export LC_ALL=C; cd "$1"; shift
  prune= ; for path; do prune="$prune -path ./$path -prune -o"; done
  find . -xdev $prune ! -type d -printf '%P|%y|%m|%U|%G|%s|%n|%T@|%l\\0' | sort -z | tr '\\0' '\\n'
  find . -xdev -mindepth 1 $prune -type d -printf '%P|%y|%m|%U|%G|%T@\\0' | sort -z | tr '\\0' '\\n'
  find . -xdev $prune \\( -type c -o -type b \\) -print0 | sort -z | xargs -0r stat -c '%n %t:%T'
  find . -xdev -mindepth 1 $prune ! -type l -print0 | sort -z |
    xargs -0r getfattr -h -d -m '^(user|security|trusted|system)\\.' -e hex
  find . -xdev $prune -type f -print0 | sort -z | xargs -0r sha256sum
  find . -xdev $prune -type f -links +1 -printf '%i|%P\\0' | sort -z | tr '\\0' '\\n' |
    awk -F'|' '{ if (!($1 in first)) first[$1] = $2; print "same file: " first[$1] " " $2 }' | sort
`;

/** @param without paths in the folder that do not count, with all below them */
export function treeLines(folder: string, without: readonly string[] = []): readonly string[] {
  const output = execFileSync('sh', ['-c', SCRIPT, 'sh', folder, ...without], {
    maxBuffer: 2 ** 28,
  });
  return output.toString('latin1').split('\n');
}
