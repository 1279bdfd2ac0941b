import { assignmentWords } from '#cli/assignments.ts';
import { BaseCommand } from '#cli/base-command.ts';
import { list, text, toggle } from '#cli/flags.ts';
import { limitsOf, RUN_LIMIT_FLAGS } from '#cli/limit-flags.ts';
import { DNS_FLAGS, NETWORK_FLAGS } from '#cli/network-flags.ts';
import { pullImage } from '#cli/pull-image.ts';
import { REGISTRY_FLAGS } from '#cli/registry-flags.ts';
import { SECURITY_FLAGS, securityOf } from '#cli/security-flags.ts';
import { outOfMemory } from '#core/container-limits.ts';
import { parseNetwork } from '#core/container-network.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { familiarReference, parseReference, withDefaultTag } from '#core/reference.ts';
import type { RunOptions, RunResult } from '#engine.ts';

export default class Run extends BaseCommand {
  static override readonly summary = 'Run a command in a new container, in the foreground';
  static override readonly usage = 'run [OPTIONS] IMAGE [COMMAND] [ARG...]';
  static readonly flagsFirst = true;
  static override readonly args = {
    image: { description: 'A name, a digest or an ID', required: true },
    command: { description: "Replaces the image's CMD", required: false, multiple: true },
  } as const;
  static override readonly flags = {
    entrypoint: text({ description: "Replaces the image's ENTRYPOINT", helpValue: 'program' }),
    env: list({ char: 'e', description: 'Set a variable', helpValue: 'name=value' }),
    ...RUN_LIMIT_FLAGS,
    hostname: text({ char: 'h', description: "The container's host name", helpValue: 'name' }),
    interactive: toggle({ char: 'i', description: 'The container gets your standard input' }),
    isolation: text({
      description:
        'How the container is kept apart: auto (the default), namespaces, userns or chroot',
      helpValue: 'string',
      options: ['auto', 'namespaces', 'userns', 'chroot'],
    }),
    ...NETWORK_FLAGS,
    ...REGISTRY_FLAGS,
    ...DNS_FLAGS,
    quiet: toggle({ char: 'q', description: 'No output of a pull' }),
    rm: toggle({ description: 'Accepted; the container is always removed when it ends' }),
    runtime: text({
      description: 'Runtime to use for this container: crun, runc or a path',
      helpValue: 'string',
    }),
    ...SECURITY_FLAGS,
    tty: toggle({ char: 't', description: 'The container gets a terminal' }),
    user: text({ char: 'u', description: 'Name or uid, and group', helpValue: 'user[:group]' }),
    workdir: text({
      char: 'w',
      description: 'Working folder in the container',
      helpValue: 'folder',
    }),
  };

  protected async run(): Promise<number> {
    const { flags, args } = this.parse(Run);
    const { entrypoint, hostname, user, workdir } = flags;
    const settings = this.settings(flags);
    if (flags.tty && flags.interactive && this.host.stdin.isTTY !== true) {
      this.report(noTerminal());
      return 1;
    }
    this.needForeignFiles(settings);
    const limits = limitsOf(flags);
    const security = securityOf(flags['security-opt']);
    const network = parseNetwork(flags);
    const options: RunOptions = {
      image: args.image,
      ...(network === undefined ? {} : { network }),
      env: assignmentWords(flags.env, settings.variable),
      signal: this.host.interrupts.signal,
      ...(args.command.length > 0 ? { command: args.command } : {}),
      ...(entrypoint === undefined ? {} : { entrypoint }),
      ...(hostname === undefined ? {} : { hostname }),
      ...(limits === undefined ? {} : { limits }),
      ...(security === undefined ? {} : { security }),
      ...(flags.interactive ? { hasInput: true } : {}),
      ...(flags.tty ? { hasTerminal: true } : {}),
      ...(user === undefined ? {} : { user }),
      ...(workdir === undefined ? {} : { workdir }),
    };
    const engine = await this.engine();
    try {
      return this.#told(await engine.run(options), options);
    } catch (error) {
      if (!isSlipwayError(error, 'IMAGE_UNKNOWN')) throw error;
    }
    await this.#pullMissing(args.image, flags.quiet);
    return this.#told(await engine.run(options), options);
  }

  /** The exit code; why it was killed, when the container cannot have said so itself. */
  #told({ exitCode, oomKilled }: RunResult, { limits }: RunOptions): number {
    if (oomKilled && exitCode !== 0 && limits?.memory !== undefined) {
      this.host.stderr.write(`slipway: ${outOfMemory(limits.memory)}\n`);
    }
    return exitCode;
  }

  async #pullMissing(image: string, quiet: boolean): Promise<void> {
    const { stderr } = this.host;
    const name = familiarReference(withDefaultTag(parseReference(image)));
    stderr.write(`Unable to find image '${name}' locally\n`);
    const engine = await this.engine();
    const settings = this.settings();
    const { host } = this;
    await pullImage(image, { engine, host, settings, stream: stderr, quiet, inPassing: true });
  }

  /** docker's codes for failures before the command had a say. */
  protected override failureExitCode(error: unknown): number {
    if (isSlipwayError(error, 'COMMAND_NOT_FOUND')) return 127;
    return isSlipwayError(error, 'COMMAND_NOT_EXECUTABLE') ? 126 : 125;
  }
}

/** docker's words, and its exit code where it is told. */
function noTerminal(): SlipwayError {
  return new SlipwayError('USAGE', 'the input device is not a TTY', {
    hint: 'run it from a terminal, or leave out -t',
  });
}
