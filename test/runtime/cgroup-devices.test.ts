/**
 * Device rules as a BPF program and as lines of version 1, each against the plain meaning of the list:
 * for every right that is asked for, the last rule that matches decides. The program is run by an
 * interpreter of the few instructions it uses, the lines by the kernel's rules for them.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import type { DeviceRule } from '#core/runtime-spec.ts';
import { call, imitated } from '#test/helpers/imitated-machine.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

interface Request {
  readonly type: 'b' | 'c';
  readonly major: number;
  readonly minor: number;
  /** Of r, w and m. */
  readonly access: string;
}

const NUMBERS = [0, 1, 3, 8] as const;
const ACCESSES = ['r', 'w', 'm', 'rw', 'rm', 'wm', 'rwm'] as const;

const REQUESTS: readonly Request[] = (['b', 'c'] as const).flatMap((type) =>
  NUMBERS.flatMap((major) =>
    NUMBERS.flatMap((minor) => ACCESSES.map((access) => ({ type, major, minor, access }))),
  ),
);

const rule = fc.record(
  {
    allow: fc.boolean(),
    type: fc.constantFrom('a', 'b', 'c'),
    major: fc.constantFrom(-1, ...NUMBERS),
    minor: fc.constantFrom(-1, ...NUMBERS),
    access: fc.constantFrom(...ACCESSES),
  },
  { requiredKeys: ['allow'] },
);
const rules = fc.array(rule as fc.Arbitrary<DeviceRule>, { maxLength: 8 });

function matches(rule: DeviceRule, request: Request): boolean {
  const { type = 'a', major = -1, minor = -1 } = rule;
  const isNumber = (wanted: number, found: number): boolean => wanted === -1 || wanted === found;
  return (
    (type === 'a' || type === request.type) &&
    isNumber(major, request.major) &&
    isNumber(minor, request.minor)
  );
}

/** The meaning of the list. */
function isAllowed(list: readonly DeviceRule[], request: Request): boolean {
  return [...request.access].every(
    (right) =>
      list.findLast((one) => matches(one, request) && (one.access ?? 'rwm').includes(right))
        ?.allow === true,
  );
}

function answersFor(command: 'program' | 'lines', devices: readonly DeviceRule[]) {
  using folder = tempFolder();
  writeFileSync(folder.at('resources.json'), JSON.stringify({ devices }));
  return call(command, folder.at('resources.json'));
}

// ---- BPF ---------------------------------------------------------------------------------------

const TYPES = { b: 1, c: 2 };
const RIGHTS = { m: 1, r: 2, w: 4 };

/** struct bpf_cgroup_dev_ctx: access and type, major, minor. */
function context({ type, major, minor, access }: Request): readonly number[] {
  let rights = 0;
  for (const right of access) rights |= RIGHTS[right as 'm' | 'r' | 'w'];
  return [(rights << 16) | TYPES[type], major, minor];
}

/** Runs the program: only what the compiler emits is known. */
function interpret(program: readonly (readonly number[])[], words: readonly number[]): number {
  const registers = new Array<number>(11).fill(Number.NaN);
  for (let at = 0; at < program.length; at++) {
    const [code = 0, to = 0, from = 0, offset = 0, value = 0] = program[at] ?? [];
    const x = registers[to] ?? 0;
    switch (code) {
      case 0x61: // r = *(u32 *)(r1 + off)
        registers[to] = words[offset / 4] ?? Number.NaN;
        break;
      case 0xb7:
        registers[to] = value;
        break;
      case 0xbf:
        registers[to] = registers[from] ?? Number.NaN;
        break;
      case 0x57:
        registers[to] = x & value;
        break;
      case 0x77:
        registers[to] = x >>> value;
        break;
      case 0x15:
        if (x === value) at += offset;
        break;
      case 0x55:
        if (x !== value) at += offset;
        break;
      case 0x95:
        return registers[0] ?? Number.NaN;
      default:
        throw new Error(`instruction ${code}`);
    }
  }
  throw new Error('the program has no end');
}

imitated('the program says what the list means', () => {
  fc.assert(
    fc.property(rules, (list) => {
      const program = answersFor('program', list).lines.map((line) => line.split(' ').map(Number));
      for (const request of REQUESTS) {
        const answer = interpret(program, context(request));
        assert.equal(answer, isAllowed(list, request) ? 1 : 0, JSON.stringify(request));
      }
    }),
    { numRuns: 60 },
  );
});

// ---- version 1 ---------------------------------------------------------------------------------

interface Exception {
  readonly type: string;
  readonly major: string;
  readonly minor: string;
  readonly rights: Set<string>;
}

/** devices.allow and devices.deny as the kernel takes them: a default and exceptions. */
function kernelList(lines: readonly string[]): (request: Request) => boolean {
  let isAllowing = true;
  let exceptions: Exception[] = [];
  for (const line of lines) {
    const [verb, type = '', numbers = '', access = ''] = line.split(' ');
    const isAllow = verb === 'allow';
    if (type === 'a') {
      isAllowing = isAllow;
      exceptions = [];
      continue;
    }
    const [major = '', minor = ''] = numbers.split(':');
    const same = exceptions.find(
      (one) => one.type === type && one.major === major && one.minor === minor,
    );
    if (isAllow === isAllowing) for (const right of access) same?.rights.delete(right);
    else if (same) for (const right of access) same.rights.add(right);
    else exceptions.push({ type, major, minor, rights: new Set(access) });
  }
  const meets = (one: Exception, request: Request): boolean =>
    one.type === request.type &&
    [one.major === '*' || one.major === `${request.major}`].every(Boolean) &&
    (one.minor === '*' || one.minor === `${request.minor}`);
  return (request) =>
    isAllowing
      ? !exceptions.some(
          (one) => meets(one, request) && [...request.access].some((r) => one.rights.has(r)),
        )
      : exceptions.some(
          (one) => meets(one, request) && [...request.access].every((r) => one.rights.has(r)),
        );
}

imitated('the lines of version 1 say what the list means for each right, or are refused', () => {
  const single = REQUESTS.filter(({ access }) => access.length === 1);
  let said = 0;
  fc.assert(
    fc.property(rules, (list) => {
      const { isOk, lines } = answersFor('lines', list);
      if (!isOk) {
        assert.match(lines[0] ?? '', /^cgroup check devices EOPNOTSUPP version 1/);
        return;
      }
      said++;
      const allows = kernelList(lines);
      for (const request of single) {
        assert.equal(allows(request), isAllowed(list, request), JSON.stringify([request, lines]));
      }
    }),
    { numRuns: 100 },
  );
  assert.ok(said > 20, `only ${said} lists could be said`);
});

imitated('the usual list: nothing, then what is allowed', () => {
  const list: readonly DeviceRule[] = [
    { allow: false, access: 'rwm' },
    { allow: true, type: 'c', major: 1, minor: 3, access: 'rwm' },
    { allow: true, type: 'c', major: 136, access: 'rw' },
  ];
  assert.deepEqual(answersFor('lines', list).lines, [
    ...['deny a', 'deny a', 'allow c 1:3 rwm', 'allow c 136:* rw'],
  ]);
});
