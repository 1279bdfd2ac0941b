/** DuplicateStageName: two stages of one name. */
import { foundIn } from '../findings.ts';
import type { Rule } from '../rule.ts';

export const duplicateStageName: Rule = {
  name: 'DuplicateStageName',
  profile: 'buildkit',
  severity: 'warning',
  description: 'Stage names should be unique',
  explanation:
    'A second stage of the same name hides the first: what refers to the name behind it, and ' +
    '--target, mean the later one. Give each stage a name of its own.',
  url: 'https://docs.docker.com/go/dockerfile/rule/duplicate-stage-name/',
  *check({ stages: { stages } }) {
    const seen = new Set<string>();
    for (const { name, from } of stages) {
      if (name === undefined || from.name === undefined) continue;
      if (seen.has(name)) {
        yield foundIn(from, {
          message: `Duplicate stage name ${JSON.stringify(name)}, stage names should be unique`,
          range: from.name.range,
          hint: 'Rename one of the two stages.',
        });
      }
      seen.add(name);
    }
  },
};
