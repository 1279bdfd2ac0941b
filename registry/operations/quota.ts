/**
 * How many bytes of blobs repositories may hold. Asked before a byte is taken where its number is known,
 * while bytes come where it is not, and once more before a manifest is taken: uploads side by side can
 * go past the limit together, but no image is made of them.
 */
import { formatByteSize } from '#core/byte-size.ts';
import type { QuotaConfig } from '#core/registry-config.ts';
import { Refusal } from '../errors.ts';
import { namePattern } from '../pattern.ts';
import type { RegistryCare } from '../provider.ts';

export class Quota {
  readonly #care: Pick<RegistryCare, 'usage' | 'usageNow'>;
  readonly #totalBytes: number;
  readonly #rules: readonly { readonly names: RegExp; readonly bytes: number }[];

  constructor(care: Pick<RegistryCare, 'usage' | 'usageNow'>, { totalBytes, rules }: QuotaConfig) {
    this.#care = care;
    this.#totalBytes = totalBytes ?? Number.POSITIVE_INFINITY;
    this.#rules = rules.map(({ repositories, bytes }) => ({
      names: namePattern(repositories),
      bytes,
    }));
  }

  /** @throws Refusal DENIED when the repository cannot take so many bytes more */
  async need(repository: string, bytes: number): Promise<void> {
    await this.#needOf(repository, { limit: this.#limitOf(repository), bytes });
    await this.#needOf(undefined, { limit: this.#totalBytes, bytes });
  }

  /** The bytes as they come, until there are too many. */
  async *bounded(
    repository: string,
    source: AsyncIterable<Uint8Array>,
    before = 0,
  ): AsyncGenerator<Uint8Array> {
    let bytes = before;
    for await (const chunk of source) {
      bytes += chunk.byteLength;
      await this.need(repository, bytes);
      yield chunk;
    }
  }

  #limitOf(repository: string): number {
    const rule = this.#rules.find(({ names }) => names.test(repository));
    return rule?.bytes ?? Number.POSITIVE_INFINITY;
  }

  async #needOf(
    repository: string | undefined,
    { limit, bytes }: { readonly limit: number; readonly bytes: number },
  ): Promise<void> {
    if (limit === Number.POSITIVE_INFINITY) return;
    if ((await this.#care.usage(repository)) + bytes <= limit) return;
    const used = await this.#care.usageNow(repository);
    if (used + bytes <= limit) return;
    const who = repository ?? 'the registry';
    const more = bytes > 0 ? `, and ${formatByteSize(bytes)} more do not fit` : '';
    throw new Refusal(
      'DENIED',
      `quota exceeded: ${who} holds ${formatByteSize(used)} of ${formatByteSize(limit)}${more}`,
      { detail: { used, limit, requested: bytes } },
    );
  }
}
