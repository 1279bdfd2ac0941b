/** `build --check` and `build --call=…`: what the Dockerfile says of itself, in docker's words. */
import { SlipwayError } from '#core/errors.ts';
import type { CheckedDockerfile } from '#engine/check-dockerfile.ts';

const METHODS = ['build', 'check', 'outline', 'targets'] as const;

export interface DockerfileCall {
  readonly method: (typeof METHODS)[number];
  readonly format: 'text' | 'json';
}

export interface CallRequest {
  readonly call: DockerfileCall;
  readonly context: string;
  readonly dockerfile?: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly target?: string;
  /** For a context or a Dockerfile that is called `-`. */
  readonly stdin: NodeJS.ReadableStream;
  readonly signal: AbortSignal;
  /** The store's root, which remembers what was parsed. */
  readonly root?: string;
}

export interface CallAnswer {
  /** For standard output. */
  readonly text: string;
  /** What follows `ERROR: `, where findings are errors or the file could not be built. */
  readonly failure?: string;
}

/** `check`, `outline,format=json`; also docker's older `lint` for `check`. @throws USAGE */
export function parseCall(text: string): DockerfileCall {
  const [name = '', ...options] = text.split(',');
  const wanted = name === 'lint' ? 'check' : name;
  const method = METHODS.find((one) => one === wanted);
  const bad = options.find((option) => !/^format=(text|json)$/.test(option));
  if (!method || bad !== undefined) {
    throw new SlipwayError('USAGE', `invalid value "${text}" for --call`, {
      hint: `use ${METHODS.join(', ')}, with ,format=json behind it if wanted`,
    });
  }
  return { method, format: options.includes('format=json') ? 'json' : 'text' };
}

/** @throws DOCKERFILE_MISSING, DOCKERFILE_INVALID (not for a check), TARGET_UNKNOWN */
export async function answerCall(request: CallRequest): Promise<CallAnswer> {
  const { checkAsBuilt, checkValid, readInput, readStream } = await import(
    '#engine/check-dockerfile.ts'
  );
  const { call, context, dockerfile: path, buildArgs, target, root } = request;
  if (/^(https?|git|ssh):\/\/|^\w[\w.-]*@/.test(context)) throw notHere(context);
  const input = [context, path].includes('-')
    ? await readStream(request.stdin, request.signal)
    : await readInput({ context, ...(path === undefined ? {} : { dockerfile: path }) });
  const settings = { buildArgs, ...(root === undefined ? {} : { root }) };
  if (call.method === 'check') return await checkAnswer(await checkAsBuilt(input, settings), call);
  const { dockerfile, subject } = await checkValid(input, settings);
  if (call.method === 'targets') {
    const { formatTargets, listTargets, targetsDocument } = await import(
      '#dockerfile/lint/targets.ts'
    );
    const targets = listTargets(dockerfile);
    return { text: answer(call, formatTargets(targets), targetsDocument(targets)) };
  }
  const { formatOutline, outlineDocument, outlineOf } = await import('#dockerfile/lint/outline.ts');
  const outline = outlineOf(subject, target);
  return { text: answer(call, formatOutline(outline), outlineDocument(outline)) };
}

function notHere(context: string): SlipwayError {
  return new SlipwayError('USAGE', `${context} is not looked into without a build`, {
    hint: 'name a folder, or - and give the Dockerfile on standard input',
  });
}

/** The warnings and, of a file that could not be built, the errors behind them, as docker does. */
async function checkAnswer(
  { dockerfile: { file }, findings, refused }: CheckedDockerfile,
  call: DockerfileCall,
): Promise<CallAnswer> {
  const { checkDocument, formatCheck, formatErrors } = await import('#dockerfile/lint/summary.ts');
  const { failureOf } = await import('#dockerfile/lint/engine.ts');
  const [first] = refused;
  const failure = first ? formatErrors(refused, file) : failureOf(findings);
  const summary = first && findings.length === 0 ? '' : formatCheck(findings, file);
  const text = answer(call, summary, checkDocument(findings, file, first));
  return { text, ...(failure === undefined ? {} : { failure }) };
}

function answer({ format }: DockerfileCall, text: string, document: unknown): string {
  return format === 'json' ? `${JSON.stringify(document, null, 2)}\n` : text;
}
