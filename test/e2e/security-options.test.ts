/** `slipway run --security-opt`: each option as the program in the container finds it. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { type CliOutcome, slipway } from '#test/helpers/cli-process.ts';
import { contained, INIT_PROGRAM } from '#test/helpers/containers.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

/** Runs slipway-init as the image's only file. */
async function runner(
  folder: TempFolder,
): Promise<(options: readonly string[], ...init: readonly string[]) => Promise<CliOutcome>> {
  const cli = { root: folder.at('store') };
  mkdirSync(folder.at('context'));
  copyFileSync(INIT_PROGRAM, folder.at('context/init'));
  writeFileSync(folder.at('context/Dockerfile'), 'FROM scratch\nCOPY init /init\n');
  const built = await slipway(['build', '-q', '-t', 'init', folder.at('context')], cli);
  assert.equal(built.exitCode, 0, built.stderr);
  return async (options, ...init) =>
    await slipway(['run', ...options, 'init', '/init', ...init], cli);
}

contained('no-new-privileges, seccomp and systempaths', async () => {
  using folder = tempFolder();
  const run = await runner(folder);
  const plain = await run([], 'caps');
  assert.match(plain.stdout, /NoNewPrivs:\t0\nSeccomp:\t2\n/, plain.stderr);
  const kept = await run(['--security-opt', 'no-new-privileges'], 'caps');
  assert.match(kept.stdout, /NoNewPrivs:\t1\nSeccomp:\t2\n/, kept.stderr);
  const open = await run(['--security-opt', 'seccomp=unconfined'], 'caps');
  assert.match(open.stdout, /Seccomp:\t0\n/, open.stderr);
  const masked = (text: string): boolean => text.includes(' /proc/sys ');
  assert.ok(masked((await run([], 'mounts')).stdout));
  const unmasked = await run(['--security-opt', 'systempaths=unconfined'], 'mounts');
  assert.ok(!masked(unmasked.stdout) && unmasked.stdout.includes(' /proc '), unmasked.stderr);
});

contained('a profile in docker’s format; one that is none says where', async () => {
  using folder = tempFolder();
  const run = await runner(folder);
  const profile = (rule: object): string => {
    const syscalls = [{ names: ['mkdir', 'mkdirat'], ...rule }];
    writeFileSync(
      folder.at('profile.json'),
      JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }),
    );
    return `seccomp=${folder.at('profile.json')}`;
  };
  const denied = profile({ action: 'SCMP_ACT_ERRNO', errnoRet: 17 });
  assert.match((await run(['--security-opt', denied], 'mkdir', '/x')).stderr, /File exists/);
  const wrong = await run(['--security-opt', profile({ action: 1 })], 'true');
  assert.equal(wrong.exitCode, 125);
  assert.match(wrong.stderr, /seccomp profile .*: \/syscalls\/0\/action must be a string/);
  const unknown = await run(['--security-opt', 'magic'], 'true');
  assert.deepEqual([unknown.exitCode, unknown.stdout], [125, '']);
  assert.match(unknown.stderr, /invalid --security-opt: "magic"/);
});
