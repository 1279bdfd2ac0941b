/** CopyIgnoredFile: COPY or ADD of something that .dockerignore leaves out. */
import { posix } from 'node:path';
import { foundAt, statementsOf } from '../findings.ts';
import type { Rule } from '../rule.ts';

/** Silent without a context, and where the ignore file takes paths back in with `!`. */
export const copyIgnoredFile: Rule = {
  name: 'CopyIgnoredFile',
  profile: 'buildkit',
  severity: 'warning',
  description: 'Attempting to Copy file that is excluded by .dockerignore',
  explanation:
    'The ignore file keeps the source out of the build context, so the build will not find it. ' +
    'Take the pattern out of the ignore file, or do not copy the file.',
  url: 'https://docs.docker.com/go/dockerfile/rule/copy-ignored-file/',
  *check(subject) {
    const { isIgnored } = subject;
    if (isIgnored === undefined) return;
    for (const statement of statementsOf(subject)) {
      const { instruction, words } = statement;
      if (instruction.kind !== 'copy' && instruction.kind !== 'add') continue;
      if (instruction.kind === 'copy' && instruction.from !== undefined) continue;
      const isAdd = instruction.kind === 'add';
      for (const { operand, text } of words) {
        if (!instruction.sources.includes(operand) || (isAdd && isRemote(text))) continue;
        const path = cleaned(text);
        if (!isIgnored(path === '/' ? '.' : path.replace(/^\/+/, ''))) continue;
        yield foundAt(statement, {
          message: `Attempting to ${isAdd ? 'Add' : 'Copy'} file ${JSON.stringify(path)} that is excluded by .dockerignore`,
          range: operand.range,
          hint: 'Change the ignore file, or do not copy it.',
        });
      }
    }
  },
};

function cleaned(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 ? normal.replace(/\/$/, '') : normal;
}

/** A download or a git repository: no file of the context. */
function isRemote(source: string): boolean {
  return /^(?:https?|git|ssh):\/\//i.test(source) || /^[\w.-]+@[\w.-]+:/.test(source);
}
