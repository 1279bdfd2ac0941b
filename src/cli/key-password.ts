/** The password of an encrypted private key: from cosign's variable, else from whoever sits there. */
import { SlipwayError } from '#core/errors.ts';
import type { Host } from './host.ts';
import { askSecret } from './prompt.ts';
import type { CliSettings } from './settings.ts';

const VARIABLE = 'COSIGN_PASSWORD';
const QUESTION = 'Enter password for private key: ';

/** What asks for the password of a key that exists. */
export function keyPassword(host: Host, { variable }: CliSettings): () => Promise<string> {
  return async () => variable(VARIABLE) ?? (await askAtTerminal(host, QUESTION));
}

/** The password of a new key: asked for twice. @throws USAGE */
export async function newKeyPassword(host: Host, { variable }: CliSettings): Promise<string> {
  const given = variable(VARIABLE);
  if (given !== undefined) return given;
  const first = await askAtTerminal(host, QUESTION);
  const second = await askAtTerminal(host, `${QUESTION.replace(': ', ' again: ')}`);
  if (first === second) return first;
  throw new SlipwayError('USAGE', 'passwords do not match', { hint: 'try again' });
}

/** On stderr: stdout is for what the command has to say. */
async function askAtTerminal(host: Host, question: string): Promise<string> {
  if (host.stdin.isTTY === true) return await askSecret({ ...host, stdout: host.stderr }, question);
  throw new SlipwayError(
    'USAGE',
    'the private key has a password, and nobody can be asked for it',
    {
      hint: `put it into the variable ${VARIABLE}`,
    },
  );
}
