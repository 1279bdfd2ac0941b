import { BaseCommand } from '#cli/base-command.ts';
import { text, toggle } from '#cli/flags.ts';
import { REGISTRY_FLAGS } from '#cli/registry-flags.ts';
import { checkLine } from '#cli/validate-text.ts';
import type { ImageCheck } from '#core/image-check.ts';

export default class Validate extends BaseCommand {
  static override readonly summary = 'Recompute every digest and size of images, wherever they are';
  static override readonly usage = 'validate [OPTIONS] PLACE [PLACE...]';
  static override readonly args = {
    place: {
      description: 'A name in a registry, or store:NAME, oci:FOLDER, bundle:FILE, ./FILE',
      required: true,
      multiple: true,
    },
  } as const;
  static override readonly examples = [
    'slipway validate localhost:5000/app:1     # all platforms, signatures and SBOMs too',
    'slipway validate --fast store:app:1       # without reading layers',
    'slipway validate ./images.tar             # every image of an archive',
  ];
  static override readonly flags = {
    fast: toggle({ description: 'Look for layers, and do not read them' }),
    format: text({ description: 'Format output', helpValue: 'string', options: ['json'] }),
    'no-referrers': toggle({
      description: 'Leave out signatures, SBOMs and whatever else refers to it',
    }),
    ...REGISTRY_FLAGS,
  };

  protected async run(): Promise<number> {
    const { flags, args } = this.parse(Validate);
    const isJson = flags.format === 'json';
    const { signal } = this.host.interrupts;
    const engine = await this.engine();
    let exitCode = 0;
    for (const place of args.place) {
      const checks: ImageCheck[] = [];
      try {
        await engine.validate(place, {
          signal,
          fast: flags.fast,
          noReferrers: flags['no-referrers'],
          onChecked: (check) => {
            checks.push(check);
            if (!isJson) this.print(checkLine(check));
          },
        });
      } catch (error) {
        if (signal.aborted) throw error;
        this.report(error);
        exitCode = 1;
        continue;
      }
      const bad = checks.find(({ problem }) => problem !== undefined);
      if (bad) exitCode = 1;
      if (isJson) this.print(JSON.stringify({ place, valid: !bad, manifests: checks }));
      else this.print(`${bad ? 'FAIL' : 'PASS'}: ${place}`);
    }
    return exitCode;
  }
}
