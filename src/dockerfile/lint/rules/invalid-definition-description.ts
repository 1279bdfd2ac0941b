/** InvalidDefinitionDescription: a comment above ARG or FROM that is no description of it. */
import type { Operand } from '../../ast.ts';
import { commentsAbove } from '../comments.ts';
import type { Rule } from '../rule.ts';

export const invalidDefinitionDescription: Rule = {
  name: 'InvalidDefinitionDescription',
  profile: 'experimental',
  severity: 'warning',
  description:
    'Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.',
  explanation:
    'build --call=targets and --call=outline show the comment above a named stage or an ARG as its ' +
    'description, if it starts with the name. Start the comment with the name, or cut it off with ' +
    'an empty comment line.',
  url: 'https://docs.docker.com/go/dockerfile/rule/invalid-definition-description/',
  *check(subject) {
    for (const instruction of subject.dockerfile.instructions) {
      const names: readonly Operand[] =
        instruction.kind === 'arg'
          ? instruction.args.map(({ name }) => name)
          : instruction.kind === 'from' && instruction.name !== undefined
            ? [{ ...instruction.name, text: instruction.name.text.toLowerCase() }]
            : [];
      const comment = commentsAbove(instruction, subject).at(-1);
      if (comment === undefined || names.length === 0) continue;
      const first = comment.text.split(' ')[0];
      if (names.some(({ text }) => text === first)) continue;
      const example = names.length > 1 ? '<arg_key>' : names[0]?.text;
      yield {
        message: `Comment for ${instruction.kind.toUpperCase()} should follow the format: \`# ${example} <description>\``,
        range: comment.range,
        statement: instruction.range,
        hint: 'Start the comment with the name, or put an empty comment (#) below it.',
      };
    }
  },
};
