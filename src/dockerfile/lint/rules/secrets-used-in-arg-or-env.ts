/** SecretsUsedInArgOrEnv: ARG or ENV with a name like that of a secret. */
import { foundAt, statementsOf } from '../findings.ts';
import type { Rule } from '../rule.ts';

const SECRET = /(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
/** Words that say it is not the secret itself. */
const HARMLESS = /(?:_|^)(?:public|file|version)(?:_|$)/i;

export const secretsUsedInArgOrEnv: Rule = {
  name: 'SecretsUsedInArgOrEnv',
  profile: 'buildkit',
  severity: 'warning',
  description: 'Sensitive data should not be used in the ARG or ENV commands',
  explanation:
    'What ARG and ENV hold stays readable in the image config and its history for everybody who ' +
    'has the image. Pass secrets with RUN --mount=type=secret, which leaves no trace.',
  url: 'https://docs.docker.com/go/dockerfile/rule/secrets-used-in-arg-or-env/',
  *check(subject) {
    for (const statement of statementsOf(subject)) {
      const { instruction, words } = statement;
      const names =
        instruction.kind === 'arg'
          ? instruction.args.map(({ name }) => ({ text: name.text, range: name.range }))
          : instruction.kind === 'env'
            ? instruction.pairs.map(({ key }, index) => ({
                text: words[2 * index]?.text ?? key.text,
                range: key.range,
              }))
            : [];
      for (const { text, range } of names) {
        if (!SECRET.test(text) || HARMLESS.test(text)) continue;
        const kind = instruction.kind.toUpperCase();
        yield foundAt(statement, {
          message: `Do not use ARG or ENV instructions for sensitive data (${kind} ${JSON.stringify(text)})`,
          range,
          hint: `Use RUN --mount=type=secret,id=${text.toLowerCase()} … where it is needed.`,
        });
      }
    }
  },
};
