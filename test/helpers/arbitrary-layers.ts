/** Random chains of layers: files, links, whiteouts and opaque directories at a few paths. */
import fc from 'fast-check';
import type { EntrySource } from '#archive/entry.ts';
import { directory, file, hardlink, symlink } from './entries.ts';
import { applyLayers, type FlatTree, OracleRefusal } from './trees.ts';

const paths = fc
  .array(fc.constantFrom('a', 'b', 'c', 'a-b'), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'));
const anyEntry: fc.Arbitrary<(serial: number) => EntrySource> = fc.oneof(
  {
    weight: 4,
    arbitrary: paths.map(
      (path) => (serial: number) => file(path, `content ${serial}`, stamp(serial)),
    ),
  },
  { weight: 3, arbitrary: paths.map((path) => (serial: number) => directory(path, stamp(serial))) },
  {
    weight: 1,
    arbitrary: paths.map(
      (path) => (serial: number) => symlink(path, `to ${serial}`, stamp(serial)),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(paths, paths).map(
      ([path, target]) =>
        () =>
          hardlink(path, target),
    ),
  },
  {
    weight: 3,
    arbitrary: paths.map((path) => () => file(path.replace(/[^/]*$/, (last) => `.wh.${last}`))),
  },
  { weight: 1, arbitrary: paths.map((path) => () => file(`${path}/.wh..wh..opq`)) },
);

function stamp(serial: number): {
  mode: number;
  uid: number;
  mtime: { seconds: number; nanoseconds: number };
} {
  return { mode: serial % 0o1000, uid: serial, mtime: { seconds: serial, nanoseconds: 0 } };
}

/** Layers over one with something to link to and to hide. */
export const anyLayers: fc.Arbitrary<EntrySource[][]> = fc
  .array(fc.array(anyEntry, { maxLength: 7 }), { minLength: 1, maxLength: 4 })
  .map((makers) => {
    let serial = 0;
    const made = makers.map((layer) => layer.map((make) => make(++serial)));
    const targets = ['a', 'b/a', 'b/c', 'c/b/a', 'c/b/a-b', 'a-b/c'];
    made.unshift(targets.map((target) => file(target, target, stamp(++serial))));
    return made;
  });

/** The oracle's tree; entries that have no meaning are taken out of the layers one by one. */
export async function expectedOf(
  layers: EntrySource[][],
): Promise<{ tree: FlatTree; refused: number }> {
  for (let refused = 0; ; refused++) {
    try {
      return { tree: await applyLayers(layers), refused };
    } catch (error) {
      if (!(error instanceof OracleRefusal)) throw error;
      for (const layer of layers) {
        const index = layer.findIndex((source) => source.entry === error.entry);
        if (index >= 0) layer.splice(index, 1);
      }
    }
  }
}
