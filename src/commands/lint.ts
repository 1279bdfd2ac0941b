import { writeFileSync } from 'node:fs';
import { assignments } from '#cli/assignments.ts';
import { BaseCommand } from '#cli/base-command.ts';
import { list, text, toggle } from '#cli/flags.ts';
import { packageVersion } from '#cli/package-root.ts';
import { SlipwayError } from '#core/errors.ts';
import type { LintOptions } from '#dockerfile/lint/engine.ts';
import { REPORT_FORMATS } from '#dockerfile/lint/report/formats.ts';
import { type FileReport, severityOf } from '#dockerfile/lint/report/report.ts';
import {
  type CheckSettings,
  checkDockerfile,
  type DockerfileInput,
  fixDockerfile,
  readInput,
  readStream,
} from '#engine/check-dockerfile.ts';

const FORMATS = ['tty', 'json', 'sarif', 'gitlab', 'github', 'checkstyle', 'junit'] as const;
const PROFILES = ['buildkit', 'hadolint', 'all'] as const;

export default class Lint extends BaseCommand {
  static override readonly summary = 'Check Dockerfiles without building';
  static override readonly usage = 'lint [OPTIONS] [FILE...]';
  static override readonly args = {
    file: { description: 'Dockerfiles; - is standard input', required: false, multiple: true },
  } as const;
  static override readonly flags = {
    'build-arg': list({ description: 'Set a build-time variable', helpValue: 'name=value' }),
    error: toggle({ description: 'Exit with 1 for warnings too' }),
    experimental: list({ description: 'Run an experimental rule, or all', helpValue: 'rule' }),
    fix: toggle({ description: 'Write the mechanical fixes into the files' }),
    format: text({
      description: `The report: ${FORMATS.join(', ')}`,
      helpValue: 'string',
      options: FORMATS,
    }),
    profile: text({
      description: "The rules: docker's (buildkit, the default), hadolint or all",
      helpValue: 'string',
      options: PROFILES,
    }),
    skip: list({ description: 'Leave out a rule, or all', helpValue: 'rule' }),
  };

  protected async run(): Promise<number> {
    const { flags, args } = this.parse(Lint);
    const settings: CheckSettings = {
      buildArgs: assignments(flags['build-arg'], this.settings().variable),
      options: lintOptions(flags),
      root: this.settings().engine.root,
    };
    const files = args.file.length > 0 ? args.file : [undefined];
    const reports: FileReport[] = [];
    for (const file of files) {
      const input = await this.#input(file);
      reports.push(
        await (flags.fix ? this.#fixed(input, settings) : this.#checked(input, settings)),
      );
    }
    await this.#print(reports, flags.format);
    const hasErrors = reports.some(({ reported }) =>
      reported.some((one) => severityOf(one) === 'error'),
    );
    return hasErrors ? 1 : 0;
  }

  async #input(file: string | undefined): Promise<DockerfileInput> {
    const { stdin, interrupts } = this.host;
    if (file === '-') return await readStream(stdin, interrupts.signal);
    return await readInput(file === undefined ? {} : { dockerfile: file });
  }

  async #checked(input: DockerfileInput, settings: CheckSettings): Promise<FileReport> {
    return { file: input.file, reported: (await checkDockerfile(input, settings)).reported };
  }

  /** Fixes the file in place and reports what is left. */
  async #fixed(input: DockerfileInput, settings: CheckSettings): Promise<FileReport> {
    const { path, file } = input;
    if (path === undefined) {
      throw new SlipwayError('USAGE', '--fix needs a file to write to', {
        hint: 'save the Dockerfile and name it instead of -',
      });
    }
    const fixed = await fixDockerfile(input, settings);
    if (fixed.text !== file.text) writeFileSync(path, fixed.text);
    if (fixed.count > 0) this.host.stderr.write(`${file.name}: ${fixed.count} fixed\n`);
    return { file: { ...file, text: fixed.text }, reported: fixed.remaining };
  }

  async #print(reports: readonly FileReport[], format: string | undefined): Promise<void> {
    const name = FORMATS.find((one) => one === format) ?? 'tty';
    const colours = this.settings().colour && this.host.stdout.isTTY === true;
    const report = await REPORT_FORMATS[name]();
    this.host.stdout.write(report(reports, { version: packageVersion(), colours }));
  }
}

function lintOptions(flags: {
  readonly skip: readonly string[];
  readonly experimental: readonly string[];
  readonly error: boolean;
  readonly profile: string | undefined;
}): LintOptions {
  const profile = PROFILES.find((one) => one === flags.profile);
  const names = (list: readonly string[]) => (list.includes('all') ? ('all' as const) : list);
  return {
    skip: names(flags.skip),
    experimental: names(flags.experimental),
    error: flags.error,
    ...(profile === undefined ? {} : { profile }),
  };
}
