/** rpm's database: what rpm itself wrote, what we write in its form, and files that are neither. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { type RpmPackages, rpmPackages } from '#image/sbom/rpm.ts';
import { MergedTree } from '#layer/merged-tree.ts';
import { directory, file, layerIn, symlink, tarOf } from '#test/helpers/entries.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const PATH = 'usr/lib/sysimage/rpm/rpmdb.sqlite';

async function read(database: Buffer | string, log = ''): Promise<RpmPackages> {
  using folder = tempFolder();
  const entries = [
    file(PATH, database),
    file(`${PATH}-wal`, log),
    directory('var/lib'),
    symlink('var/lib/rpm', '../../usr/lib/sysimage/rpm'),
  ];
  using tree = MergedTree.open([await layerIn(folder.path, await tarOf(entries))]);
  return rpmPackages(tree);
}

type Field = readonly [tag: number, type: number, value: string | number];

/** As rpm lays it out: counts, entries, data. */
function header(fields: readonly Field[]): Buffer {
  const data: Buffer[] = [];
  let offset = 0;
  const entries = fields.map(([tag, type, value]) => {
    const bytes = typeof value === 'string' ? Buffer.from(`${value}\0`) : Buffer.alloc(4);
    if (typeof value === 'number') bytes.writeUInt32BE(value);
    const entry = Buffer.alloc(16);
    for (const [i, number] of [tag, type, offset, 1].entries()) entry.writeUInt32BE(number, i * 4);
    data.push(bytes);
    offset += bytes.length;
    return entry;
  });
  const counts = Buffer.alloc(8);
  counts.writeUInt32BE(fields.length);
  counts.writeUInt32BE(offset, 4);
  return Buffer.concat([counts, ...entries, ...data]);
}

function database(statements: string, ...headers: readonly Buffer[]): Buffer {
  using made = new DatabaseSync(':memory:');
  made.exec(statements);
  for (const bytes of headers) made.prepare('INSERT INTO Packages(blob) VALUES (?)').run(bytes);
  return Buffer.from(made.serialize());
}

const TABLE = 'CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)';
const BASH: readonly Field[] = [
  [1000, 6, 'bash'],
  [1001, 6, '5.2.26'],
  [1002, 6, '3.fc40'],
  [1004, 9, 'The GNU shell'],
  [1014, 6, 'GPL-3.0-or-later'],
  [1022, 6, 'x86_64'],
];

test('a package has version and release, an epoch where there is one; keys are none', async () => {
  const key: readonly Field[] = [
    [1000, 6, 'gpg-pubkey'],
    [1001, 6, 'a15b79cc'],
  ];
  const old: readonly Field[] = [
    [1000, 6, 'old'],
    [1001, 6, '1'],
    [1003, 4, 2],
  ];
  const { packages, unread } = await read(database(TABLE, ...[BASH, key, old].map(header)));
  assert.deepEqual(unread, []);
  assert.deepEqual(packages, [
    {
      type: 'rpm',
      name: 'bash',
      version: '5.2.26-3.fc40',
      foundIn: PATH,
      architecture: 'x86_64',
      license: 'GPL-3.0-or-later',
    },
    { type: 'rpm', name: 'old', version: '1', foundIn: PATH, epoch: 2 },
  ]);
});

for (const [what, bytes, log] of [
  ['a text', 'no database', ''],
  ['nothing', '', ''],
  ['a database of something else', database('CREATE TABLE x (y)'), ''],
  ['a view', database(`CREATE VIEW Packages AS SELECT x'00' AS blob`), ''],
  ['a header that is cut off', database(TABLE, header(BASH).subarray(0, 60)), ''],
  ['a header that counts to no end', database(TABLE, Buffer.alloc(64, 0xff)), ''],
  ['a text outside', database(TABLE, outside()), ''],
  ['half a file', database(TABLE, header(BASH)).subarray(0, 5000), ''],
  ['what is not written back', database(TABLE, header(BASH)), 'a log'],
] as const) {
  test(`${what} is told as not read`, async () => {
    assert.deepEqual(await read(bytes, log), { packages: [], unread: [PATH] });
  });
}

function outside(): Buffer {
  const bytes = header(BASH);
  bytes.writeUInt32BE(0x7fffffff, 8 + 8);
  return bytes;
}

const hasRpm = spawnSync('rpmbuild', ['--version']).status === 0;

test('what rpm wrote', { skip: hasRpm ? false : 'needs rpm and rpmbuild' }, async () => {
  using folder = tempFolder();
  const fields = 'Version: 2.12\nRelease: 3\nEpoch: 1\nSummary: x\nLicense: MIT\nBuildArch: noarch';
  writeFileSync(folder.at('a.spec'), `Name: hello\n${fields}\n%description\nx\n%files\n`);
  const define = ['--define', `_topdir ${folder.at('top')}`, '--define', '_dbpath /db'];
  execFileSync('rpmbuild', [...define, '-bb', folder.at('a.spec')], { stdio: 'pipe' });
  mkdirSync(folder.at('root'));
  const rpm = (...argv: readonly string[]) =>
    execFileSync('rpm', ['--root', folder.at('root'), ...define, ...argv], { stdio: 'pipe' });
  rpm('--initdb');
  rpm('-i', '--nodeps', folder.at('top/RPMS/noarch/hello-2.12-3.noarch.rpm'));
  const { packages } = await read(readFileSync(folder.at('root/db/rpmdb.sqlite')));
  const [version, architecture, license] = ['2.12-3', 'noarch', 'MIT'];
  assert.deepEqual(packages, [
    { type: 'rpm', name: 'hello', version, foundIn: PATH, epoch: 1, architecture, license },
  ]);
});
