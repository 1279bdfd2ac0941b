/** `build --check` and `build --call=…`: what the Dockerfile says of itself, in docker's words. */
import { SlipwayError } from '#core/errors.ts';

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
  /** The store's root, which remembers what was parsed. */
  readonly root?: string;
}

export interface CallAnswer {
  /** For standard output. */
  readonly text: string;
  /** docker's words when findings are errors. */
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

/** @throws DOCKERFILE_MISSING, DOCKERFILE_INVALID, TARGET_UNKNOWN */
export async function answerCall(request: CallRequest): Promise<CallAnswer> {
  const { checkValid, readInput } = await import('#engine/check-dockerfile.ts');
  const { call, context, dockerfile: path, buildArgs, target, root } = request;
  const input = await readInput({ context, ...(path === undefined ? {} : { dockerfile: path }) });
  const { dockerfile, subject, reported } = await checkValid(input, {
    buildArgs,
    ...(root === undefined ? {} : { root }),
  });
  const answer = (text: string, document: unknown): string =>
    call.format === 'json' ? `${JSON.stringify(document, null, 2)}\n` : text;
  if (call.method === 'targets') {
    const { formatTargets, listTargets, targetsDocument } = await import(
      '#dockerfile/lint/targets.ts'
    );
    const targets = listTargets(dockerfile);
    return { text: answer(formatTargets(targets), targetsDocument(targets)) };
  }
  if (call.method === 'outline') {
    const { formatOutline, outlineDocument, outlineOf } = await import(
      '#dockerfile/lint/outline.ts'
    );
    const outline = outlineOf(subject, target);
    return { text: answer(formatOutline(outline), outlineDocument(outline)) };
  }
  const { checkDocument, formatCheck } = await import('#dockerfile/lint/summary.ts');
  const { failureOf } = await import('#dockerfile/lint/engine.ts');
  const failure = failureOf(reported);
  const text = answer(
    formatCheck(reported, dockerfile.file),
    checkDocument(reported, dockerfile.file),
  );
  return { text, ...(failure === undefined ? {} : { failure }) };
}
