/** Archives that a tool cannot read, or old versions of it, with what it says. */
interface Refusal {
  readonly form: string;
  readonly reader: RegExp;
  readonly says: RegExp;
}

const REFUSALS: readonly Refusal[] = [
  // Before 23.
  { form: 'zstd layers', reader: /^docker load/, says: /invalid tar header/ },
  { form: 'zstd layers', reader: /^crane validate/, says: /gzip: invalid header/ },
  {
    form: 'several images, one with two names',
    reader: /^crane validate/,
    says: /tarball must contain only a single image/,
  },
];

/** What the reader says of that form where it cannot; undefined when all of its versions can. */
export function refusalOf(reader: string, form: string): RegExp | undefined {
  return REFUSALS.find((one) => one.form === form && one.reader.test(reader))?.says;
}

/** What is said of an archive that leaves layers out. */
export const LAYER_MISSING = /no such file or directory|layer tarfiles are missing|not found/;
