/** The registry's error codes: all fourteen of the specification, with the status they go with. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DISTRIBUTION_ERRORS } from '#core/distribution-errors.ts';

/** distribution-spec §Error Codes, code-1 to code-14; statuses from the endpoints that answer so. */
const SPECIFIED: Readonly<Record<string, number>> = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429,
};

describe('distribution errors', () => {
  for (const [code, status] of Object.entries(SPECIFIED)) {
    it(`${code} is ${status}`, () => {
      const found = Object.entries(DISTRIBUTION_ERRORS).find(([name]) => name === code);
      assert.equal(found?.[1].status, status);
    });
  }

  it('has one more, for what the specification leaves open', () => {
    const others = Object.keys(DISTRIBUTION_ERRORS).filter((code) => !(code in SPECIFIED));
    assert.deepEqual(others, ['UNKNOWN']);
    assert.equal(DISTRIBUTION_ERRORS.UNKNOWN.status, 500);
  });

  it('each has words of its own, in lower case as every registry writes them', () => {
    const messages = Object.values(DISTRIBUTION_ERRORS).map(({ message }) => message);
    assert.equal(new Set<string>(messages).size, messages.length);
    for (const message of messages) assert.match(message, /^[a-z][a-z ]+$/);
  });
});
