/** A docker-credential program of the test's own on PATH, which keeps what it is given in files. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import type { TempFolder } from './temp-folder.ts';

export interface HelperProgram extends Disposable {
  /** The folder to be on PATH. */
  readonly path: string;
}

/** Installs `docker-credential-<name>`; this process finds it until the value is disposed. */
export function credentialHelper(folder: TempFolder, name: string, script = STORE): HelperProgram {
  const path = folder.at('bin');
  mkdirSync(path, { recursive: true });
  const program = folder.at('bin', `docker-credential-${name}`);
  writeFileSync(program, `#!/bin/sh\nkept="${folder.at('kept')}"\n${script}`);
  chmodSync(program, 0o755);
  const before = process.env.PATH;
  process.env.PATH = `${path}:${before}`;
  return {
    path,
    [Symbol.dispose]: () => {
      process.env.PATH = before;
    },
  };
}

/** One registry's credentials in a file; says what docker's own helpers say. */
const STORE = `
case "$1" in
  get)
    read -r server
    if [ -f "$kept" ] && grep -q "\\"$server\\"" "$kept"; then cat "$kept"; exit 0; fi
    echo "credentials not found in native keychain"; exit 1 ;;
  store) cat > "$kept" ;;
  erase) rm -f "$kept" ;;
esac
`;
