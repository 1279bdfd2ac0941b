/** StageNameCasing: `AS Build` where docker will call the stage `build`. */
import { renameStage } from '../edits.ts';
import { foundIn } from '../findings.ts';
import type { Rule } from '../rule.ts';

export const stageNameCasing: Rule = {
  name: 'StageNameCasing',
  profile: 'buildkit',
  severity: 'warning',
  description: 'Stage names should be lowercase',
  explanation:
    'Docker keeps stage names in lower case and compares them so. A name written in any other way ' +
    'looks as if it could differ from one in lower case, but it cannot. Write it in lower case, ' +
    'where it is given and where it is used.',
  url: 'https://docs.docker.com/go/dockerfile/rule/stage-name-casing/',
  *check(subject) {
    for (const stage of subject.stages.stages) {
      const name = stage.from.name;
      if (name === undefined || stage.name === undefined || name.text === stage.name) continue;
      const fix = renameStage(stage, stage.name, subject);
      yield foundIn(stage.from, {
        message: `Stage name '${name.text}' should be lowercase`,
        range: name.range,
        hint: `Write ${stage.name}.`,
        ...(fix && { fix }),
      });
    }
  },
};
