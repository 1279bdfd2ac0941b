import { BaseCommand } from '#cli/base-command.ts';
import { text } from '#cli/flags.ts';
import { REGISTRY_FLAGS } from '#cli/registry-flags.ts';
import { parseTemplate } from '#cli/template.ts';
import type { Finding } from '#core/doctor.ts';

const MARKS = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' } as const;

export default class Doctor extends BaseCommand {
  static override readonly summary =
    'Look whether this machine can build and run, and what to do if not';
  static override readonly usage = 'doctor [OPTIONS] [HOST[:PORT]]';
  static override readonly args = {
    registry: { description: 'A registry to be looked at, too', required: false },
  } as const;
  static override readonly flags = {
    ...REGISTRY_FLAGS,
    format: text({ description: "Format output: 'json' or a Go template", helpValue: 'string' }),
  };

  protected async run(): Promise<number> {
    const { flags, args } = this.parse(Doctor);
    const settings = this.settings();
    // As build would.
    this.needForeignFiles(settings);
    const engine = await this.engine();
    const searchPath = settings.variable('PATH');
    const { findings } = await engine.doctor({
      signal: this.host.interrupts.signal,
      ...(args.registry === undefined ? {} : { registry: args.registry }),
      ...(searchPath === undefined ? {} : { searchPath }),
    });
    if (flags.format === undefined) this.#show(findings);
    else if (flags.format === 'json') this.print(JSON.stringify({ findings }, null, 2));
    else {
      const rows = findings.map(({ name, status, text: found, remedy = '' }) => ({
        Name: name,
        Status: status,
        Text: found,
        Remedy: remedy,
      }));
      this.print(parseTemplate(flags.format).render({ Findings: rows }));
    }
    return findings.some(({ status }) => status === 'fail') ? 1 : 0;
  }

  #show(findings: readonly Finding[]): void {
    const width = Math.max(...findings.map(({ name }) => name.length));
    for (const { status, name, text: found, remedy } of findings) {
      this.print(`${MARKS[status]}  ${name.padEnd(width)}  ${found}`);
      if (remedy !== undefined) this.print(`${' '.repeat(width + 8)}fix: ${remedy}`);
    }
  }
}
