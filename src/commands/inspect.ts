import { BaseCommand } from '#cli/base-command.ts';
import { text } from '#cli/flags.ts';
import { imageJson } from '#cli/image-json.ts';
import { parseTemplate } from '#cli/template.ts';
import type { JsonObject } from '#core/json.ts';

export default class Inspect extends BaseCommand {
  static override readonly summary = 'Show all about one or more images, as JSON';
  static override readonly usage = 'inspect [OPTIONS] IMAGE [IMAGE...]';
  static override readonly args = {
    image: { description: 'A name, a digest or an ID', required: true, multiple: true },
  } as const;
  static override readonly flags = {
    format: text({
      char: 'f',
      description: "Format output: 'json' or a Go template",
      helpValue: 'string',
    }),
  };

  protected async run(): Promise<number> {
    const { flags, args } = this.parse(Inspect);
    const template = flags.format === undefined ? undefined : parseTemplate(flags.format);
    const engine = await this.engine();
    const found: JsonObject[] = [];
    let failures = 0;
    for (const image of args.image) {
      try {
        found.push(imageJson(await engine.inspect(image)));
      } catch (error) {
        failures++;
        this.report(error);
      }
    }
    if (template) for (const image of found) this.print(template.render(image));
    else this.print(JSON.stringify(found, undefined, 4));
    return failures === 0 ? 0 : 1;
  }
}
