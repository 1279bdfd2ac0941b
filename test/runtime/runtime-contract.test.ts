/** The contract of test/contract/runtime.ts on our launcher, and on crun and runc where they are. */
import { Launcher } from '#runtime/launcher.ts';
import { findRuntime, OciCli } from '#runtime/oci-cli.ts';
import { runtimeContract } from '#test/contract/runtime.ts';
import { ForegroundRuntime } from '#test/helpers/foreground-runtime.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';

runtimeContract('launcher, resident', { make: () => new Launcher({ helper: HELPER_PROGRAM }) });
runtimeContract('launcher, foreground', { make: () => new ForegroundRuntime(HELPER_PROGRAM) });

for (const name of ['crun', 'runc']) {
  const find = (): string => findRuntime(name, process.env.PATH ?? '');
  runtimeContract(name, {
    make: () => new OciCli({ helper: HELPER_PROGRAM, program: find() }),
    obstacle: () => {
      try {
        find();
        return undefined;
      } catch {
        return `needs ${name}`;
      }
    },
  });
}
