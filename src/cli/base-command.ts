/**
 * What all commands share: parsing by their tables, one engine opened when first asked for and
 * closed at the end, errors turned into text and an exit code. The statics are oclif's, so that
 * its help, manifest and loader take our commands as they are.
 */
import { errnoOf, firstError, isSlipwayError } from '#core/errors.ts';
import type { Engine } from '#engine.ts';
import { type CommandLine, type Parsed, parseArguments } from './arguments.ts';
import { type ArgumentTable, type FlagTable, type FlagValues, GLOBAL_FLAGS } from './flags.ts';
import { type Host, processHost } from './host.ts';
import { errorText, outputError } from './report-error.ts';
import type { CliSettings, SettingsFlags } from './settings.ts';

/** What SIGPIPE would have made of it, as every other program in a pipe. */
const CLOSED_PIPE_EXIT_CODE = 141;

/** How long an interrupted command waits for the reader of its output. */
const INTERRUPTED_OUTPUT_MS = 500;

/** A command's class, as the dispatcher sees it. */
export interface CommandClass {
  new (argv: readonly string[], host: Host): BaseCommand;
  readonly usage: string;
  readonly flags: FlagTable;
}

/** Settings that a command's own flags decide. */
const CHOSEN = [
  'cache-max',
  'isolation',
  'plain-http',
  'retry',
  'retry-delay',
  'runtime',
  'sourceDateEpoch',
  'tls-verify',
] as const;
type ChosenSettings = Pick<SettingsFlags, (typeof CHOSEN)[number]>;

export abstract class BaseCommand {
  static readonly strict = true;
  static readonly baseFlags = GLOBAL_FLAGS;
  static readonly summary: string;
  /** As typed, without the program: `tag SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]`. */
  static readonly usage: string;
  /** Command lines for help, with the program; what they do stands behind a `#`. */
  static readonly examples: readonly string[] = [];
  static readonly args: ArgumentTable = {};
  static readonly flags: FlagTable = {};

  /** oclif's way in: runs with this process around it. */
  static async run(this: CommandClass, argv: readonly string[]): Promise<void> {
    process.exitCode = await new this(argv, processHost()).execute();
  }

  protected readonly host: Host;
  readonly #argv: readonly string[];
  readonly #held = new AsyncDisposableStack();
  #globals: FlagValues<typeof GLOBAL_FLAGS> = { root: undefined, debug: false, help: false };
  #chosen: ChosenSettings = {};
  #engine: Promise<Engine> | undefined;

  constructor(argv: readonly string[], host: Host) {
    this.#argv = argv;
    this.host = host;
  }

  /** Does the work. The number is the exit code; nothing means 0. */
  protected abstract run(): Promise<number | undefined>;

  /** The exit code for a failure of our own; `run` keeps 1 for the container. */
  protected failureExitCode(_error: unknown): number {
    return 1;
  }

  /** Words in front of an error's first line. */
  protected errorPrefix(_error: unknown): string {
    return '';
  }

  /** Runs to the end and says how it went. Never throws. */
  async execute(): Promise<number> {
    try {
      const exitCode = await this.#runHeld();
      const isTaken = await this.#outputTaken();
      return isTaken ? exitCode : (this.host.interrupts.exitCode() ?? exitCode);
    } catch (error) {
      return await this.#fail(error);
    }
  }

  async #runHeld(): Promise<number> {
    await using _ = this.#held;
    return (await this.run()) ?? 0;
  }

  /**
   * Output that its reader did not get is a failure, though every write returned. False when an
   * interrupt came before a reader that stands still.
   */
  async #outputTaken(): Promise<boolean> {
    const taken = Promise.withResolvers<boolean>();
    const { signal } = this.host.interrupts;
    const giveUp = (): void => {
      setTimeout(() => taken.resolve(false), INTERRUPTED_OUTPUT_MS);
    };
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
    this.host.stdout.write('', () => taken.resolve(true));
    const isTaken = await taken.promise;
    signal.removeEventListener('abort', giveUp);
    const failure = this.host.outputFailure();
    if (failure) throw failure;
    return isTaken;
  }

  /** Reads the command line by the class's tables. @throws USAGE, HelpWanted */
  protected parse<F extends FlagTable, A extends ArgumentTable>(
    line: CommandLine<F, A>,
  ): Parsed<F, A> {
    this.#globals = { ...this.#globals, debug: this.#argv.includes('--debug') };
    const parsed = parseArguments(
      this.#argv,
      {
        flags: { ...GLOBAL_FLAGS, ...line.flags },
        args: line.args,
        flagsFirst: line.flagsFirst ?? false,
      },
      this.#name(),
    );
    this.#globals = parsed.flags;
    this.#chosen = { ...this.#chosen, ...registryFlags(parsed.flags) };
    if (parsed.flags.help) throw new HelpWanted();
    return parsed;
  }

  /** The settings, `--root` considered. After {@link parse}. */
  protected settings(flags: ChosenSettings = {}): CliSettings {
    for (const name of CHOSEN) {
      if (flags[name] !== undefined) this.#chosen = { ...this.#chosen, [name]: flags[name] };
    }
    return this.host.settings({ root: this.#globals.root, ...this.#chosen });
  }

  /**
   * For commands that start containers, and for those that remove what containers left. Call it
   * before anything is done or shown: the command may begin again in a user namespace.
   */
  protected needForeignFiles(settings: CliSettings): void {
    this.host.enterUserNamespace(settings);
  }

  /** One engine per command; closed when the command ends. After {@link parse}. */
  protected engine(): Promise<Engine> {
    this.#engine ??= this.#openEngine();
    return this.#engine;
  }

  async #openEngine(): Promise<Engine> {
    const { engine, debug } = this.settings();
    const isTraced = this.#globals.debug || debug.includes('http');
    return this.#held.use(
      await this.host.openEngine(isTraced ? { ...engine, trace: this.#trace } : engine),
    );
  }

  readonly #trace = (line: string): void => void this.host.stderr.write(`${line}\n`);

  /** One line of result. */
  protected print(line: string): void {
    this.host.stdout.write(`${line}\n`);
  }

  /** Prints an error without ending the command: the next argument may fare better. */
  protected report(error: unknown): void {
    this.host.stderr.write(
      errorText(error, {
        prefix: this.errorPrefix(error),
        debug: this.#globals.debug,
        command: this.#name(),
        usage: `slipway ${this.#class().usage}`,
      }),
    );
  }

  async #fail(caught: unknown): Promise<number> {
    const error = firstError(caught);
    if (error instanceof HelpWanted) {
      const { helpText } = await import('./help.ts');
      this.host.stdout.write(await helpText(this.#name().split(' ').slice(1)));
      return 0;
    }
    const output = this.host.outputFailure();
    if (output) return this.#failOutput(output);
    const interrupted = this.host.interrupts.exitCode();
    // Who pressed Ctrl-C need not be told.
    if (interrupted === undefined || !isSlipwayError(error, 'CANCELLED')) this.report(caught);
    return interrupted ?? this.failureExitCode(error);
  }

  /** Whatever failed besides, it is stdout that matters: a reader that has enough ends us quietly. */
  #failOutput(failure: Error): number {
    if (errnoOf(failure) === 'EPIPE') return CLOSED_PIPE_EXIT_CODE;
    this.report(outputError(failure));
    return this.failureExitCode(failure);
  }

  /** `slipway registry serve`: the lower-case words that usage begins with. */
  #name(): string {
    const words = this.#class().usage.split(' ');
    const end = words.findIndex((word) => !/^[a-z][a-z-]*$/.test(word));
    return ['slipway', ...(end < 0 ? words : words.slice(0, end))].join(' ');
  }

  #class(): CommandClass {
    return this.constructor as CommandClass;
  }
}

/** REGISTRY_FLAGS, where a command has them. */
function registryFlags(
  flags: Readonly<Record<string, unknown>>,
): Pick<SettingsFlags, 'plain-http' | 'tls-verify'> {
  const { 'plain-http': plainHttp, 'tls-verify': tlsVerify } = flags;
  return {
    ...(typeof plainHttp === 'string' ? { 'plain-http': plainHttp } : {}),
    ...(typeof tlsVerify === 'boolean' ? { 'tls-verify': tlsVerify } : {}),
  };
}

/** `--help` was given; not an error, but it ends the parsing. */
class HelpWanted extends Error {}
