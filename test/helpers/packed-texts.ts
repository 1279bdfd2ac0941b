/**
 * Small compressed texts, base64, made by bzip2 1.0 and xz 5: tests need them where the programs are
 * not installed.
 */

/** What XZ_TEXT and BZIP2_TEXT hold. */
export const PACKED_TEXT = Array.from({ length: 400 }, (_, i) => `line ${i} of a text\n`).join('');

/** bzip2 of PACKED_TEXT. */
export const BZIP2_TEXT =
  'QlpoOTFBWSZTWaBqGAEACfFZgAAQQAB/4CMlhEBQA77gBCrwpYKBpoZGTEKBpoZGTEKp7Jkf6pVQaAQN/+qk9Un/' +
  '6lUaABJHqojeVQyMT2AQJ4AIE8gECeO1Fd+s36+/zx1lZmZmY6QAsSBQcBwFBIFiAHTYB5oAOtIAebAOkALEgUHA' +
  'cBQSBYgB02AeaAC2iQPNgHSAFiQKDgOAoJAsQA6bAPNABQcBwFBIFiAHTYB5oAPrWta+a18+szWZmZmfZ5sA6QBV' +
  'VVV73oiIiIiIiIiIiIiIiIiE6mQMzM1mZmZh5sCqqqrAkGlsg0tkGlsg0tkGlsg0tkGlsg0tkGlshvHFcbu7u51h' +
  'mZmZm7u6bu7u8888889bmWQaWyC20QW2iC20QW2iC20QW2iC20QW2iG8ccRmZmY6bAPNAZd3d2eb181MxO9QW2iC' +
  'rIKsgqyCrIKsgqz5qZmfnzWc5zJzMzFiAHTYLy7u7V6gAAAAAbznN3m7u3VUqqyrtVZm5mZV3AAAAAA3nObu9bu3' +
  'Kq5VXVUqzM3MyrAAAAAAN5zmZmXmJAoOA4Xd3l2KmZmZkAAAAG85zd3d77dqqrKlVXVmZmblXAAAABMzMzMzze8q' +
  'qzMzOkALEgVVVVd799VVVVVVVVVVWqWwCBPQBAnkAgT2AQJ7AIE9AECewCBOwBAnwAgSgCBPgBAn+LuSKcKEhQNQ' +
  'wAg=';

/** xz of PACKED_TEXT. */
export const XZ_TEXT =
  '/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4B1BAZhdADYaSh8IoCYDTQad7+2MoT/IKg/y/+Yui4erUOkMqkO3fz18' +
  'AJFVIZHXp0W5HSslhKN9iAZtWLIXyU3uFLh4SRZKV4ONbdO3jkynbM2BoR9yyTTA0iPdaUMBccHu6HifJPLE2p8t' +
  '7cWibAfzBn1jhBhXra3jQuyxVvQ/0admt+WXc0FzcKN/yZvx39d7SBexz2gIedTE0OL/kkX6IvWhd1hAqE4iXJ0/' +
  '8MtV6bkC6fupeQIo3EXLM1uzCTwdu59bAwvNM5eAEt8XHY5zD8yxobSIyaE/Jpsb97TvUPC8qFbY7JXN+4CVf2I8' +
  'RhNxzPIY0EICMblNXJ5CZy/fDFncLy+Qc5COdtgHoTineonnm7nRhRV3tcbS2t/KDTPmMMIsOlrbGFdvHK81vdJd' +
  'ZAht9tUQhEvyG5r3/VbRUPjRHby9LjFautGkE3aYUu1m3an+vGs/Ouc+ErCNzWUckGp5SnlbpRaCtviqYpgES6Dj' +
  'FnuPZZ1UXsgkQFReIRUoDwkS2gUwwYms4VTexNAU8vLrZtrz1teAaCBuAAAy75nPY+9L9wABtAPCOgAApbkW8LHE' +
  'Z/sCAAAAAARZWg==';

/** xz of its first 500 bytes, in ways that are refused by name. */
export const XZ_UNKNOWN = {
  'a SHA-256 check':
    '/Td6WFoAAArh+wyhAgAhARYAAAB0L+Wj4AHzAEtdADYaSh8IoCYDTQad7+2MoT/IKg/y/+Yui4erUOkMqkO3fz18' +
    'AJFVIZHXp0W5HSslhKN9iAZtWLIXyLZN9UdQhD2/gZfbU7RUPsnBAAAASW8t/YPqH51NkDd2/WsLBIAm+jw+ab5J' +
    'vZw9il3XatkAAX/0AwAAALoyIJa26d8cAgAAAAAKWVo=',
  'a filter before LZMA2':
    '/Td6WFoAAATm1rRGAgEEACEBEACLIW9J4AHzAExdADYaSh8IoCYDTQad7+2MoT/IKg/y/+Yui4erUOkMqkO3fz18' +
    'AJFVIZJAHssaIA/9R6uDz0CEm6l0ICcn531X9ZDggPyc+QucgfSAsWEAw7DP70eVHgQAAWj0AwAAAJkA84ixxGf7' +
    'AgAAAAAEWVo=',
  'a dictionary of more than 64 MiB':
    '/Td6WFoAAATm1rRGAgAhAR4AAACbB1Fm4AHzAEtdADYaSh8IoCYDTQad7+2MoT/IKg/y/+Yui4erUOkMqkO3fz18' +
    'AJFVIZHXp0W5HSslhKN9iAZtWLIXyLZN9UdQhD2/gZfbU7RUPsnBAAAAw7DP70eVHgQAAWf0AwAAAEyypXmxxGf7' +
    'AgAAAAAEWVo=',
} as const;
