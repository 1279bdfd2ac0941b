/** Two requests that write to one upload session at once would mix their bytes: the second is refused. */
import { Refusal } from './errors.ts';

export class UploadLocks {
  readonly #busy = new Set<string>();

  /** @throws Refusal 416: the client asks where the upload stands and goes on from there */
  async exclusively<T>(id: string, work: () => Promise<T>): Promise<T> {
    if (this.#busy.has(id)) {
      throw new Refusal('BLOB_UPLOAD_INVALID', 'another request is writing to this upload', {
        status: 416,
      });
    }
    this.#busy.add(id);
    try {
      return await work();
    } finally {
      this.#busy.delete(id);
    }
  }
}
