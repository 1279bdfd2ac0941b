/** In which forms the bytes of a secret give it away: as they are, line by line, in base64, in a URL. */

/** What is shorter is found everywhere by chance. */
const MASKED_BYTES_MIN = 4;
const GUARDED_BYTES_MIN = 8;

/** For logs: the longest first, so that a whole secret is one mask. */
export function maskedForms(secrets: Iterable<Uint8Array>): readonly Buffer[] {
  return formsOf(secrets, MASKED_BYTES_MIN).sort((a, b) => b.byteLength - a.byteLength);
}

/** For what is kept. */
export function guardedForms(secret: Uint8Array): readonly Buffer[] {
  return formsOf([secret], GUARDED_BYTES_MIN);
}

function formsOf(secrets: Iterable<Uint8Array>, bytesMin: number): Buffer[] {
  const forms = new Map<string, Buffer>();
  for (const secret of secrets) {
    const whole = Buffer.from(secret).toString('latin1').replace(/\s+$/, '');
    for (const text of new Set([whole, ...whole.split(/\r?\n/)])) {
      if (text.length < bytesMin) continue;
      const bytes = Buffer.from(text, 'latin1');
      for (const form of [bytes, base64(bytes), Buffer.from(urlEncoded(bytes))]) {
        forms.set(form.toString('latin1'), form);
      }
    }
  }
  return [...forms.values()];
}

/** Without the end, which depends on what follows. */
function base64(bytes: Buffer): Buffer {
  const whole = bytes.subarray(0, bytes.byteLength - (bytes.byteLength % 3));
  return Buffer.from((whole.byteLength > 0 ? whole : bytes).toString('base64'));
}

function urlEncoded(bytes: Buffer): string {
  return [...bytes]
    .map((byte) => {
      const letter = String.fromCharCode(byte);
      return /[A-Za-z0-9\-_.~]/.test(letter)
        ? letter
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}
