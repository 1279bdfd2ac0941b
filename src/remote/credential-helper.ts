/**
 * Programs that keep credentials, `docker-credential-NAME get|store|erase`: the server's name or a
 * JSON document on stdin, JSON on stdout (docker-credential-helpers). They inherit our environment,
 * since that is how they find keyrings and clouds.
 */
import { spawn } from 'node:child_process';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import { ObjectReader, parseJson } from '#core/json.ts';
import type { Credential } from './credentials.ts';

const OUTPUT_BYTES_MAX = 1024 * 1024;
/** A keyring may ask its owner something, a cloud may be slow; nobody waits longer. */
const ANSWER_MS_MAX = 120_000;
/** The user name of an identity token. */
const TOKEN_USER = '<token>';
const NOT_FOUND = /credentials not found|no credentials server URL/i;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/** Undefined when the program knows nobody. @throws CREDENTIAL_HELPER */
export async function helperGet(name: string, server: string): Promise<Credential | undefined> {
  const { code, output } = await runHelper({ name, verb: 'get', input: server });
  if (code !== 0) {
    if (NOT_FOUND.test(output)) return undefined;
    throw failed(name, 'get', output);
  }
  return decodeAnswer(name, output);
}

/** @throws CREDENTIAL_HELPER */
export async function helperStore(
  name: string,
  server: string,
  credential: Credential,
): Promise<void> {
  const [Username, Secret] =
    credential.kind === 'password'
      ? [credential.username, credential.password]
      : [TOKEN_USER, credential.token];
  const input = JSON.stringify({ ServerURL: server, Username, Secret });
  const { code, output } = await runHelper({ name, verb: 'store', input });
  if (code !== 0) throw failed(name, 'store', output.replaceAll(Secret, '[redacted]'));
}

/** Forgetting what is not known is success. @throws CREDENTIAL_HELPER */
export async function helperErase(name: string, server: string): Promise<void> {
  const { code, output } = await runHelper({ name, verb: 'erase', input: server });
  if (code !== 0 && !NOT_FOUND.test(output)) throw failed(name, 'erase', output);
}

/** What it says is never repeated: it holds the secret. */
function decodeAnswer(name: string, output: string): Credential | undefined {
  let reader: ObjectReader;
  try {
    reader = new ObjectReader(parseJson(output, 'answer'), 'answer');
  } catch {
    throw failed(name, 'get', 'its answer is not JSON');
  }
  const username = reader.optionalString('Username');
  const secret = reader.optionalString('Secret');
  if (!secret) return undefined;
  if (username === TOKEN_USER) return { kind: 'identity-token', token: secret };
  return { kind: 'password', username: username ?? '', password: secret };
}

interface HelperCall {
  readonly name: string;
  readonly verb: 'get' | 'store' | 'erase';
  readonly input: string;
}

async function runHelper({
  name,
  verb,
  input,
}: HelperCall): Promise<{ readonly code: number; readonly output: string }> {
  if (!NAME.test(name)) throw failed(name, verb, 'its name is no word');
  const child = spawn(`docker-credential-${name}`, [verb], {
    stdio: ['pipe', 'pipe', 'ignore'],
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });
  const ended = Promise.withResolvers<number>();
  child.on('error', (cause) => ended.reject(unstartable(name, cause)));
  child.on('close', (code) => ended.resolve(code ?? 1));
  // One that reads nothing answers all the same.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const chunks: Buffer[] = [];
  let size = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.byteLength;
    if (size > OUTPUT_BYTES_MAX) child.kill();
    else chunks.push(chunk);
  });
  const code = await ended.promise;
  return { code, output: Buffer.concat(chunks).toString('utf8') };
}

function unstartable(name: string, cause: Error): SlipwayError {
  if (errnoOf(cause) === 'ENOENT') {
    return new SlipwayError(
      'CREDENTIAL_HELPER',
      `error getting credentials - err: exec: "docker-credential-${name}": executable file not found in $PATH`,
      { hint: `install docker-credential-${name}, or remove it from credsStore and credHelpers` },
    );
  }
  return failed(name, 'run', cause.message);
}

function failed(name: string, verb: string, output: string): SlipwayError {
  const said = output
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 300);
  return new SlipwayError(
    'CREDENTIAL_HELPER',
    `error getting credentials - err: docker-credential-${name} ${verb} failed, out: \`${said}\``,
    { hint: `run "docker-credential-${name} list" to see what is wrong with it` },
  );
}
