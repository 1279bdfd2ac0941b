import { existsSync } from 'node:fs';
import { BaseCommand } from '#cli/base-command.ts';
import { packageVersion } from '#cli/package-root.ts';
import { PROGRAMS } from '#cli/shims/programs.ts';
import { runPlan } from '#cli/shims/run-shim.ts';
import { translate } from '#cli/shims/translate.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';

export default class Shim extends BaseCommand {
  static override readonly summary =
    'Stand in for docker, docker-buildx, buildah, podman or kaniko: their command lines';
  static override readonly usage = 'shim PROGRAM [ARG...]';
  static readonly flagsFirst = true;
  static override readonly args = {
    program: { description: 'Whose command line it is', required: true },
    words: { description: 'Its arguments', required: false, multiple: true },
  } as const;
  static override readonly flags = {};

  protected async run(): Promise<number> {
    const { args } = this.parse(Shim);
    const program = Object.hasOwn(PROGRAMS, args.program) ? PROGRAMS[args.program] : undefined;
    if (!program) {
      throw new SlipwayError('USAGE', `unknown program: ${args.program}`, {
        hint: `the programs are ${Object.keys(PROGRAMS).join(', ')}`,
      });
    }
    const { commands } = this.host;
    if (!commands) throw new Error('a shim needs the other commands');
    const translation = await translate(program, args.words, {
      commands,
      version: packageVersion(),
      place: { exists: existsSync, variable: this.settings().variable },
    });
    if (translation.kind === 'print') {
      this.print(translation.text);
      return 0;
    }
    const { plan, notes } = translation;
    if (plan.lines.some((line) => line.includes('--debug'))) {
      for (const note of notes) this.host.stderr.write(`note: ${note}\n`);
    }
    return await runPlan(plan, this.host, commands.run);
  }

  /** What docker and podman give for what they cannot do. */
  protected override failureExitCode(error: unknown): number {
    return isSlipwayError(error, 'NOT_IMPLEMENTED', 'USAGE') ? 125 : 1;
  }
}
