import { writeFileSync } from 'node:fs';
import { allowedIn } from '#cli/allow-option.ts';
import { argumentWords } from '#cli/argument-file.ts';
import { assignments } from '#cli/assignments.ts';
import { ATTEST_FLAGS, attestIn } from '#cli/attest-option.ts';
import { BaseCommand } from '#cli/base-command.ts';
import { buildMetadata } from '#cli/build-metadata.ts';
import { cacheSourceIn, cacheTargetIn } from '#cli/cache-option.ts';
import { answerCall, type CallRequest, parseCall } from '#cli/dockerfile-call.ts';
import { FAILURE_FLAGS } from '#cli/failure-flags.ts';
import { FailureKit } from '#cli/failure-kit.ts';
import { list, text, toggle } from '#cli/flags.ts';
import { epochIn, IMAGE_FLAGS, imageOptions, isTrue } from '#cli/image-flags.ts';
import { LIMIT_FLAGS, limitsOf } from '#cli/limit-flags.ts';
import { DNS_FLAGS, NETWORK_FLAGS } from '#cli/network-flags.ts';
import { outputsOf, writesTo } from '#cli/output-option.ts';
import { packageVersion } from '#cli/package-root.ts';
import { proxyArguments } from '#cli/proxy-arguments.ts';
import { REGISTRY_FLAGS } from '#cli/registry-flags.ts';
import { RETRY_FLAGS } from '#cli/retry-flags.ts';
import { agentsIn, secretsIn } from '#cli/secret-option.ts';
import { type CliSettings, PROGRESS_MODES } from '#cli/settings.ts';
import { volumeIn } from '#cli/volume-option.ts';
import type { CacheTarget } from '#core/build-cache.ts';
import { parseNetwork } from '#core/container-network.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { parseDuration } from '#dockerfile/duration.ts';
import type { BuildOptions } from '#engine.ts';

export default class Build extends BaseCommand {
  static override readonly summary = 'Build an image from a Dockerfile';
  static override readonly usage = 'build [OPTIONS] PATH | URL | -';
  static override readonly args = {
    path: {
      description: 'The context: a folder, a git repository, the URL of an archive, or - for stdin',
      required: true,
    },
  } as const;
  static override readonly flags = {
    allow: list({
      description: 'What steps may ask for: network.host, security.insecure',
      helpValue: 'entitlement',
    }),
    ...ATTEST_FLAGS,
    ...IMAGE_FLAGS,
    'build-arg': list({ description: 'Set a build-time variable', helpValue: 'name=value' }),
    'build-arg-file': list({
      description: 'Set build-time variables from a file, a name=value a line',
      helpValue: 'file',
    }),
    'build-context': list({
      description:
        'Name another context: a folder, docker-image://, oci-layout://, bundle://, a URL',
      helpValue: 'name=path',
    }),
    'cache-from': list({
      description:
        'Look steps up in a cache, too: an image, type=registry,ref=image, type=local,src=folder',
      helpValue: 'cache',
    }),
    'cache-max': text({
      description: 'What the build cache may take, also while this build runs',
      helpValue: 'bytes',
    }),
    'cache-to': list({
      description:
        'Write the cache: type=inline, type=registry,ref=image, type=local,dest=folder; mode=max, cache-mounts=true',
      helpValue: 'cache',
    }),
    'cache-ttl': text({
      description: 'Do a RUN again that was done longer ago than this, such as 24h',
      helpValue: 'duration',
    }),
    call: text({
      description: 'Do something else with the Dockerfile: check, outline or targets',
      helpValue: 'string',
    }),
    check: toggle({ description: 'Check the Dockerfile, build nothing: --call=check' }),
    compress: toggle({ description: 'Accepted; the context is not sent anywhere', hidden: true }),
    explain: toggle({ description: 'Say why steps were not in the cache' }),
    ...FAILURE_FLAGS,
    file: text({
      char: 'f',
      description: 'The Dockerfile, or - for stdin (default: Dockerfile in PATH)',
      helpValue: 'file',
    }),
    'force-rm': toggle({ description: 'Accepted; no container of a step stays', hidden: true }),
    ignorefile: text({
      description: 'Leave out what this file says, in place of .dockerignore',
      helpValue: 'file',
    }),
    iidfile: text({ description: 'Write the image ID to a file', helpValue: 'file' }),
    ...LIMIT_FLAGS,
    ...NETWORK_FLAGS,
    ...DNS_FLAGS,
    ...REGISTRY_FLAGS,
    jobs: text({
      description: 'How many steps may work at the same time (16, or the processors)',
      helpValue: 'number',
    }),
    load: toggle({ description: 'Put the image into the local store, beside other outputs' }),
    'metadata-file': text({
      description: 'Write what was built to a file, as JSON',
      helpValue: 'file',
    }),
    isolation: text({
      description: 'How RUN is kept apart: auto (the default), namespaces, userns or chroot',
      helpValue: 'string',
      options: ['auto', 'namespaces', 'userns', 'chroot'],
    }),
    frozen: toggle({
      description: 'Take nothing from elsewhere that Dockerfile.lock does not name',
    }),
    lock: toggle({ description: 'Write down what was taken from elsewhere, in Dockerfile.lock' }),
    'no-cache': toggle({ description: 'Run every step again' }),
    output: list({
      char: 'o',
      description: 'Where the result goes: type=image|registry|oci|docker|tar|local[,dest=path]',
      helpValue: 'dest',
    }),
    'no-cache-filter': list({
      description: 'Run every step of these stages again',
      helpValue: 'stage',
    }),
    offline: toggle({ description: 'Use what is here, and no network' }),
    progress: text({
      description: 'How to show progress: auto (the default), tty, plain, quiet or rawjson',
      helpValue: 'string',
      options: [...PROGRESS_MODES, 'none'],
    }),
    pull: text({
      description: 'Ask registries for newer base images; =missing (the default) and =never do not',
      helpValue: 'string',
      bare: 'always',
    }),
    push: toggle({ description: 'Push the image to the registries of its names' }),
    quiet: toggle({ char: 'q', description: 'Print the image ID only' }),
    ...RETRY_FLAGS,
    rm: toggle({ description: 'Accepted; no container of a step stays', hidden: true }),
    runtime: text({
      description: 'Runtime to use for RUN: crun, runc or a path',
      helpValue: 'string',
    }),
    secret: list({
      description: 'A secret for RUN --mount=type=secret: id=name,src=file or id=name,env=NAME',
      helpValue: 'secret',
    }),
    ssh: list({
      description: 'An ssh agent for RUN --mount=type=ssh: default, or id=socket',
      helpValue: 'agent',
    }),
    tag: list({ char: 't', description: 'Name for the image', helpValue: 'name[:tag]' }),
    volume: list({
      description: 'Mount a folder of this machine in every RUN',
      helpValue: 'source:target[:ro]',
    }),
    verify: toggle({ description: 'Build twice, and show the first difference if there is one' }),
    target: text({ description: 'Build up to this stage', helpValue: 'stage' }),
  };

  protected async run(): Promise<number> {
    const { flags, args } = this.parse(Build);
    const words = [...argumentWords(flags['build-arg-file']), ...flags['build-arg']];
    const sourceDateEpoch = epochIn(flags, words);
    const settings = this.settings({ ...flags, sourceDateEpoch });
    const call = parseCall(flags.check ? 'check' : (flags.call ?? 'build'));
    const buildArgs = this.#buildArguments(words, settings);
    if (call.method !== 'build') {
      return await this.#answer({
        call,
        root: settings.engine.root,
        context: args.path,
        buildArgs,
        stdin: this.host.stdin,
        signal: this.host.interrupts.signal,
        ...(flags.file === undefined ? {} : { dockerfile: flags.file }),
        ...(flags.target === undefined ? {} : { target: flags.target }),
      });
    }
    const outputs = outputsOf(flags, this.host.stdout);
    if (flags.quiet && outputs.some(writesTo(this.host.stdout))) throw quietOutput();
    this.needForeignFiles(settings);
    const progress = flags.progress === 'none' ? 'quiet' : flags.progress;
    const chosen = PROGRESS_MODES.find((name) => name === progress) ?? settings.progress;
    const kit = new FailureKit({
      flags,
      host: this.host,
      settings,
      mode: flags.quiet ? 'quiet' : chosen,
      context: args.path,
      dockerfile: flags.file,
    });
    const attest = attestIn(flags, `slipway-${packageVersion()}`);
    const limits = limitsOf(flags);
    const network = parseNetwork(flags);
    const options: BuildOptions = {
      context: args.path,
      tags: flags.tag,
      buildArgs,
      // Who gives the network to all steps allows it to each, as in docker.
      allow: allowedIn([...flags.allow, ...(flags.network === 'host' ? ['network.host'] : [])]),
      explain: flags.explain,
      ...(flags.jobs === undefined ? {} : { jobs: jobsIn(flags.jobs) }),
      noCache: flags['no-cache'],
      ...ttlIn(flags['cache-ttl']),
      volumes: flags.volume.map(volumeIn),
      noCacheStages: flags['no-cache-filter'].flatMap((names) => names.split(',')),
      bases: basesFrom(flags),
      ...lockFrom(flags),
      ...(flags.verify ? { verify: true } : {}),
      outputs,
      cacheFrom: flags['cache-from'].map(cacheSourceIn),
      cacheTo: cacheTargets(flags['cache-to'], buildArgs),
      secrets: secretsIn(flags.secret, settings.variable),
      agents: agentsIn(flags.ssh, settings.variable),
      ...imageOptions(flags, buildArgs, settings),
      ...(attest ? { attest } : {}),
      ...kit.options,
      signal: this.host.interrupts.signal,
      ...(limits === undefined ? {} : { limits }),
      ...(network === undefined ? {} : { network }),
      buildContexts: flags['build-context'],
      ...([args.path, flags.file].includes('-') ? { stdin: this.host.stdin } : {}),
      ...(flags.ignorefile === undefined ? {} : { ignoreFile: flags.ignorefile }),
      ...(flags.file === undefined ? {} : { dockerfile: flags.file }),
      ...(flags.target === undefined ? {} : { target: flags.target }),
    };
    try {
      const engine = await this.engine();
      const built = await engine.build(options);
      const { imageId } = built;
      kit.succeeded();
      const result = { imageId, path: flags.iidfile, text: imageId, flag: '--iidfile' };
      writeResult({ ...result, what: 'the image ID' });
      writeResult({
        ...result,
        path: flags['metadata-file'],
        text: buildMetadata(built),
        flag: '--metadata-file',
        what: 'the metadata',
      });
      if (flags.quiet) this.print(imageId);
      return 0;
    } catch (error) {
      await kit.failed(error, () => this.engine());
      throw error;
    }
  }

  #buildArguments(
    words: readonly string[],
    { engine, variable }: CliSettings,
  ): Readonly<Record<string, string>> {
    const proxies = proxyArguments({
      configFile: engine.credentialsFile,
      variable,
      warn: (text) => this.host.stderr.write(`${text}\n`),
    });
    return { ...proxies, ...assignments(words, variable) };
  }

  async #answer(request: CallRequest): Promise<number> {
    const { text: answer, failure } = await answerCall(request);
    this.host.stdout.write(answer);
    if (failure !== undefined) this.host.stderr.write(`ERROR: ${failure}\n`);
    return failure === undefined ? 0 : 1;
  }

  /** docker's words in front of a failure, by what failed. */
  protected override errorPrefix(error: unknown): string {
    if (isSlipwayError(error, 'CONTEXT_MISSING', 'REFERENCE_INVALID')) return 'failed to build: ';
    return isSlipwayError(error) ? 'failed to build: failed to solve: ' : '';
  }
}

/** BuildKit's older way to ask for an inline cache is a build argument. */
function cacheTargets(
  words: readonly string[],
  buildArgs: Readonly<Record<string, string>>,
): readonly CacheTarget[] {
  const targets = words.map(cacheTargetIn);
  return isTrue(buildArgs.BUILDKIT_INLINE_CACHE) ? [...targets, { kind: 'inline' }] : targets;
}

/** @throws USAGE */
function basesFrom({
  pull,
  offline,
}: {
  readonly pull: string | undefined;
  readonly offline: boolean;
}): NonNullable<BuildOptions['bases']> {
  const bases = pull === undefined ? undefined : pulled(pull);
  if (bases === 'newest' && offline) {
    throw new SlipwayError('USAGE', '--pull and --offline exclude each other', {
      hint: 'keep the one you mean',
    });
  }
  return offline ? 'offline' : (bases ?? 'local');
}

/** docker's booleans, and podman's words. @throws USAGE */
function pulled(word: string): NonNullable<BuildOptions['bases']> {
  if (isTrue(word) || ['always', 'newer', 'ifnewer'].includes(word)) return 'newest';
  if (/^(?:0|f|false)$/i.test(word) || ['missing', 'ifmissing'].includes(word)) return 'local';
  if (word === 'never') return 'offline';
  throw new SlipwayError('USAGE', `invalid argument "${word}" for "--pull"`, {
    hint: 'write --pull alone, or always, newer, missing or never',
  });
}

/** @throws USAGE */
function lockFrom({
  lock,
  frozen,
  pull,
}: {
  readonly lock: boolean;
  readonly frozen: boolean;
  readonly pull: string | undefined;
}): Pick<BuildOptions, 'lock'> {
  const isNewest = pull !== undefined && pulled(pull) === 'newest';
  const other = lock ? '--lock' : isNewest ? '--pull' : undefined;
  if (frozen && other !== undefined) {
    throw new SlipwayError('USAGE', `--frozen and ${other} exclude each other`, {
      hint: 'keep the one you mean: --frozen changes nothing',
    });
  }
  if (frozen) return { lock: 'frozen' };
  return lock ? { lock: 'write' } : {};
}

interface ResultFile {
  /** Absent: not wanted. */
  readonly path: string | undefined;
  readonly text: string;
  readonly what: string;
  readonly flag: string;
  readonly imageId: string;
}

function writeResult({ path, text: content, what, flag, imageId }: ResultFile): void {
  if (path === undefined) return;
  try {
    writeFileSync(path, content);
  } catch (cause) {
    throw new SlipwayError('FILE_UNUSABLE', `failed to write ${what} to ${path}`, {
      hint: `the image is built: ${imageId}; name another file with ${flag}`,
      cause,
      detail: { path, imageId },
    });
  }
}

function quietOutput(): SlipwayError {
  return new SlipwayError(
    'USAGE',
    'the image ID and the output cannot both go to standard output',
    {
      hint: 'leave out -q, and write the ID to a file with --iidfile; or give the output a file with dest=',
    },
  );
}

/** @throws USAGE */
function ttlIn(word: string | undefined): Pick<BuildOptions, 'cacheTtlMs'> {
  if (word === undefined) return {};
  const parsed = parseDuration(word);
  if ('nanoseconds' in parsed && parsed.nanoseconds >= 0) {
    return { cacheTtlMs: parsed.nanoseconds / 1e6 };
  }
  const problem = 'error' in parsed ? parsed.error : 'it is negative';
  throw new SlipwayError('USAGE', `invalid argument "${word}" for "--cache-ttl": ${problem}`, {
    hint: 'write a time such as 24h or 90m',
  });
}

/** As in podman 0 is no limit. @throws USAGE */
function jobsIn(word: string): number {
  if (/^\d{1,4}$/.test(word)) return Number(word) || Number.POSITIVE_INFINITY;
  throw new SlipwayError(
    'USAGE',
    `invalid argument "${word}" for "--jobs": not a number of steps`,
    {
      hint: 'write a number such as 4, or 0 for no limit',
    },
  );
}
