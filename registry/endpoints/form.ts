/** The body of a form (application/x-www-form-urlencoded), bounded. */
import { Refusal } from '../errors.ts';
import type { RegistryCall } from './base.ts';

const FORM_BYTES_MAX = 64 * 1024;

/** @throws Refusal SIZE_INVALID */
export async function formIn({ body }: Pick<RegistryCall, 'body'>): Promise<URLSearchParams> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > FORM_BYTES_MAX) {
      throw new Refusal('SIZE_INVALID', 'the form is too large', { status: 413 });
    }
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}
