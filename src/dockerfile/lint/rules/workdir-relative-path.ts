/** WorkdirRelativePath: the first WORKDIR of a stage is relative to whatever the base says. */
import { foundAt, statementsOf } from '../findings.ts';
import type { Rule } from '../rule.ts';

export const workdirRelativePath: Rule = {
  name: 'WorkdirRelativePath',
  profile: 'buildkit',
  severity: 'warning',
  description:
    'Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes',
  explanation:
    'A relative WORKDIR starts at the working directory of the base image, which may change with ' +
    'any new version of it. Begin with an absolute path; those below may be relative to it.',
  url: 'https://docs.docker.com/go/dockerfile/rule/workdir-relative-path/',
  *check(subject) {
    for (const statement of statementsOf(subject)) {
      const { instruction, hasWorkdir, stage } = statement;
      const path = statement.words[0]?.text ?? '';
      if (instruction.kind !== 'workdir' || hasWorkdir) continue;
      if (isAbsolute(path, stage.wantedPlatform.os)) continue;
      yield foundAt(statement, {
        message: `Relative workdir ${JSON.stringify(path)} can have unexpected results if the base image changes`,
        range: instruction.path.range,
        hint: /^[a-z]:/i.test(path)
          ? `A path of Windows, and the build is for ${stage.wantedPlatform.os}: begin with /.`
          : `Write an absolute path: WORKDIR /${path}.`,
      });
    }
  },
};

function isAbsolute(path: string, os: string): boolean {
  return path.startsWith('/') || (os === 'windows' && /^(?:[a-z]:)?[\\/]/i.test(path));
}
