/**
 * The smallest program of an architecture: an ELF file that ends at once with code 0. Running it is
 * the one sure way to know whether this machine runs programs of that architecture.
 */
import { Buffer } from 'node:buffer';

interface Machine {
  /** e_machine of the ELF header. */
  readonly number: number;
  readonly bits: 32 | 64;
  readonly bigEndian?: boolean;
  readonly flags?: number;
  /** exit(0), in hexadecimal as it lies in memory. */
  readonly code: string;
}

/** By GOARCH. */
const MACHINES: Readonly<Record<string, Machine>> = {
  '386': { number: 3, bits: 32, code: '31db 31c0 40 cd80' },
  amd64: { number: 62, bits: 64, code: '31ff b83c000000 0f05' },
  arm: { number: 40, bits: 32, flags: 0x05000200, code: '0000a0e3 0170a0e3 000000ef' },
  arm64: { number: 183, bits: 64, code: '000080d2 a80b80d2 010000d4' },
  loong64: { number: 258, bits: 64, flags: 0x43, code: '0400c002 0b74c102 00002b00' },
  mips64le: { number: 8, bits: 64, flags: 0x80000007, code: '00000424 c2130224 0c000000' },
  ppc64le: { number: 21, bits: 64, flags: 2, code: '00006038 01000038 02000044' },
  riscv64: { number: 243, bits: 64, flags: 5, code: '13050000 9308d005 73000000' },
  s390x: { number: 22, bits: 64, bigEndian: true, code: 'a7290000 0a01' },
};

const LOAD_ADDRESS = 0x400000;
const PAGE = 0x10000;

/** Undefined for an architecture that we know no instructions of. */
export function exitProgram(architecture: string): Buffer | undefined {
  const machine = Object.hasOwn(MACHINES, architecture) ? MACHINES[architecture] : undefined;
  return machine && elfOf(machine);
}

/** A static executable with one segment, which holds its own headers too. */
function elfOf({ number, bits, bigEndian = false, flags = 0, code: hex }: Machine): Buffer {
  const code = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  const is64 = bits === 64;
  const headerSize = is64 ? 64 : 52;
  const programSize = is64 ? 56 : 32;
  const start = headerSize + programSize;
  const size = start + code.length;
  const fields = new Fields(size, { bigEndian, is64 });
  fields.bytes(Buffer.from([0x7f, 0x45, 0x4c, 0x46, is64 ? 2 : 1, bigEndian ? 2 : 1, 1]), 16);
  // Executable, machine, version; entry, program headers, no sections.
  fields
    .half(2)
    .half(number)
    .word(1)
    .address(LOAD_ADDRESS + start)
    .address(headerSize)
    .address(0);
  fields.word(flags).half(headerSize).half(programSize).half(1).half(0).half(0).half(0);
  // One loadable segment, to be read and executed.
  const readExecute = 5;
  fields.word(1);
  if (is64) fields.word(readExecute);
  fields.address(0).address(LOAD_ADDRESS).address(LOAD_ADDRESS).address(size).address(size);
  if (!is64) fields.word(readExecute);
  fields.address(PAGE);
  fields.bytes(code, code.length);
  return fields.buffer;
}

/** Numbers one after the other, in the byte order and address size of a machine. */
class Fields {
  readonly buffer: Buffer;
  readonly #format: { readonly bigEndian: boolean; readonly is64: boolean };
  #at = 0;

  constructor(size: number, format: { readonly bigEndian: boolean; readonly is64: boolean }) {
    this.buffer = Buffer.alloc(size);
    this.#format = format;
  }

  half(value: number): this {
    return this.#number(value, 2);
  }

  word(value: number): this {
    return this.#number(value, 4);
  }

  address(value: number): this {
    const isWide = this.#format.is64;
    if (isWide && this.#format.bigEndian) this.word(0);
    this.word(value);
    return isWide && !this.#format.bigEndian ? this.word(0) : this;
  }

  /** Padded with zeros to `size`. */
  bytes(value: Uint8Array, size: number): this {
    this.buffer.set(value, this.#at);
    this.#at += size;
    return this;
  }

  #number(value: number, size: number): this {
    if (this.#format.bigEndian) this.buffer.writeUIntBE(value, this.#at, size);
    else this.buffer.writeUIntLE(value, this.#at, size);
    this.#at += size;
    return this;
  }
}
