/**
 * What a build offers when it fails, put together from its flags: the display, a shell in the failed
 * step's root, the image of it, the whole log, and annotations for CI systems.
 */
import { writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { BuildOptions, Engine } from '#engine.ts';
import { Annotations, type CiSystem, ciSystem } from './annotations.ts';
import { type FailureFlags, wantsShell } from './failure-flags.ts';
import type { Host } from './host.ts';
import { GITHUB_SECTIONS, gitlabSections, type Sections } from './progress/ci-sections.ts';
import { failureTail, keptText, shellIntroduction } from './progress/failure.ts';
import { HeldProgress } from './progress/held.ts';
import { buildProgress } from './progress/pick.ts';
import { PlainProgress } from './progress/plain.ts';
import type { CliSettings, ProgressMode } from './settings.ts';

export interface KitOptions {
  readonly flags: FailureFlags;
  readonly host: Host;
  readonly settings: CliSettings;
  readonly mode: ProgressMode;
  readonly context: string;
  readonly dockerfile: string | undefined;
}

export class FailureKit {
  readonly #options: KitOptions;
  readonly #progress: HeldProgress;
  readonly #annotations: Annotations;
  readonly #system: CiSystem | undefined;
  readonly #hasShell: boolean;
  #ref: string | undefined;

  /** @throws USAGE */
  constructor(options: KitOptions) {
    const { flags, host, settings, mode } = options;
    this.#options = options;
    this.#hasShell = wantsShell(flags, host);
    this.#system = ciSystem(flags.annotations, settings.variable);
    this.#annotations = new Annotations(this.#dockerfileInRepository());
    const sections = this.#sections();
    this.#progress = new HeldProgress(
      buildProgress({
        mode: flags['output-on-failure'] ? 'quiet' : mode,
        host,
        settings,
        ...(sections ? { sections } : {}),
      }),
    );
  }

  /** For the engine. */
  get options(): Pick<BuildOptions, 'events' | 'keepFailed' | 'onFailure' | 'onRecord'> {
    let opened = false;
    return {
      events: (event) => {
        this.#annotations.sink(event);
        this.#progress.sink(event);
      },
      keepFailed: !this.#options.flags['no-keep-failed'],
      onRecord: ({ ref }) => {
        this.#ref = ref;
      },
      ...(this.#hasShell
        ? {
            onFailure: async (failure, shell) => {
              // There is one terminal: of steps that fail together it is the first one's.
              if (opened) return;
              opened = true;
              await this.#progress.while(async () => {
                this.#write(shellIntroduction(failure));
                await shell();
              });
            },
          }
        : {}),
    };
  }

  /** The build came to its end. @throws FILE_UNUSABLE */
  succeeded(): void {
    this.#progress.finish();
    this.#annotate();
  }

  /** Everything above the `ERROR:` line. */
  async failed(error: unknown, engine: () => Promise<Engine>): Promise<void> {
    this.#progress.finish();
    const { flags } = this.#options;
    const isWhole = flags['output-on-failure'] && (await this.#showLog(engine));
    this.#write(failureTail(error, isWhole ? undefined : this.#progress.failed));
    this.#write(keptText(error, { ref: this.#ref, root: this.#rootFlag() }));
    this.#annotate(error);
  }

  /** The whole log as it is on disk; false where there is none. */
  async #showLog(engine: () => Promise<Engine>): Promise<boolean> {
    if (this.#ref === undefined) return false;
    const display = new PlainProgress((shown) => this.#write(shown), this.#sections());
    await (await engine()).replayBuild(this.#ref, () => display.sink);
    display.finish();
    return true;
  }

  #annotate(error?: unknown): void {
    const { flags, mode } = this.#options;
    if (isSlipwayError(error, 'CANCELLED')) return;
    // Who reads the log as JSON makes its own of it.
    if (this.#system === 'github' && mode !== 'rawjson')
      this.#write(this.#annotations.github(error));
    const path = flags['code-quality'];
    if (path === undefined) return;
    try {
      writeFileSync(path, this.#annotations.gitlab(error));
    } catch (cause) {
      const failure = new SlipwayError('FILE_UNUSABLE', `failed to write the report to ${path}`, {
        hint: 'name another file with --code-quality',
        cause,
      });
      // What the build failed of is what counts.
      if (error === undefined) throw failure;
      this.#write(`WARNING: ${failure.message}\n`);
    }
  }

  #sections(): Sections | undefined {
    if (this.#system === 'github') return GITHUB_SECTIONS;
    return this.#system === 'gitlab' ? gitlabSections(this.#options.host.nowMs) : undefined;
  }

  /** As annotations name it: from where the repository is checked out, else from here. */
  #dockerfileInRepository(): string | undefined {
    const { context, dockerfile, settings } = this.#options;
    if (dockerfile === '-' || (dockerfile === undefined && !isFolder(context))) return undefined;
    const top = settings.variable('GITHUB_WORKSPACE') ?? settings.variable('CI_PROJECT_DIR') ?? '';
    return relative(resolve(top), resolve(dockerfile ?? join(context, 'Dockerfile')));
  }

  /** What a command needs to find the same store. */
  #rootFlag(): string {
    const { origins, engine } = this.#options.settings;
    return origins['engine.root'] === '--root' ? `--root ${engine.root} ` : '';
  }

  #write(text: string): void {
    this.#options.host.stderr.write(text);
  }
}

function isFolder(context: string): boolean {
  return context !== '-' && !/^(?:\w+:\/\/|[\w.-]+@[\w.-]+:)/.test(context);
}
