/**
 * The Dockerfile as typed data (Dockerfile 1.20). Every operand keeps its range and its raw text:
 * quotes, escapes and `$` are as written; `expandWord` (words.ts) is applied where the reference
 * says so, by whoever knows the environment.
 */
import type { Diagnostic } from '#core/diagnostic.ts';
import type { Range, SourceFile } from '#core/source.ts';

export interface Dockerfile {
  readonly file: SourceFile;
  readonly directives: Directives;
  readonly instructions: readonly Instruction[];
  /**
   * What each ONBUILD leaves to the builds upon it, in their order, parsed by itself as docker does
   * then: ranges are in the trigger's own text. Empty for one that is wrong, and in a fragment.
   */
  readonly triggers: readonly (readonly Instruction[])[];
  /** Errors and warnings of the whole file; with an error the instructions must not be built. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface Directives {
  readonly syntax?: string;
  readonly escape: '\\' | '`';
  readonly check?: string;
}

/** Raw text with its place. */
export interface Operand {
  readonly text: string;
  readonly range: Range;
}

export interface Heredoc {
  /** The delimiter word without quotes. */
  readonly name: string;
  /** The delimiter was quoted: the body is literal. */
  readonly literal: boolean;
  /** `<<-`: leading tabs are already removed from `content`. */
  readonly chomp: boolean;
  /** The file descriptor before `<<` in RUN (default 0). */
  readonly descriptor: number;
  readonly content: string;
  /** The body with the line that ends it. */
  readonly range: Range;
}

interface InstructionBase {
  /** From the keyword to the end of the last operand, heredoc bodies included. */
  readonly range: Range;
  /** The keyword as written. */
  readonly keyword: Operand;
  /**
   * One line for history and progress: continuations joined, comments dropped, the keyword in upper
   * case, heredoc bodies left out.
   */
  readonly source: string;
}

export type Instruction =
  | FromInstruction
  | ArgInstruction
  | EnvInstruction
  | LabelInstruction
  | MaintainerInstruction
  | RunInstruction
  | CmdInstruction
  | EntrypointInstruction
  | CopyInstruction
  | AddInstruction
  | WorkdirInstruction
  | UserInstruction
  | ExposeInstruction
  | VolumeInstruction
  | OnbuildInstruction
  | StopsignalInstruction
  | ShellInstruction
  | HealthcheckInstruction;

export interface FromInstruction extends InstructionBase {
  readonly kind: 'from';
  readonly image: Operand;
  readonly platform?: Operand;
  /** After AS, as written. */
  readonly name?: Operand;
}

export interface ArgInstruction extends InstructionBase {
  readonly kind: 'arg';
  readonly args: readonly { readonly name: Operand; readonly value?: Operand }[];
}

export interface KeyValue {
  readonly key: Operand;
  readonly value: Operand;
}

export interface EnvInstruction extends InstructionBase {
  readonly kind: 'env';
  readonly pairs: readonly KeyValue[];
  /** `ENV key value` without `=`. */
  readonly legacy: boolean;
}

export interface LabelInstruction extends InstructionBase {
  readonly kind: 'label';
  readonly pairs: readonly KeyValue[];
  readonly legacy: boolean;
}

export interface MaintainerInstruction extends InstructionBase {
  readonly kind: 'maintainer';
  readonly author: Operand;
}

/** What RUN, CMD, ENTRYPOINT and HEALTHCHECK CMD execute. */
export type CommandLine =
  | { readonly form: 'exec'; readonly args: readonly Operand[] }
  /** `text`: the command with continuations joined, for the SHELL. */
  | { readonly form: 'shell'; readonly text: Operand };

export interface RunInstruction extends InstructionBase {
  readonly kind: 'run';
  readonly command: CommandLine;
  readonly heredocs: readonly Heredoc[];
  /** The values of `--mount`. */
  readonly mounts: readonly Operand[];
  readonly network?: Operand;
  readonly security?: Operand;
  readonly device: readonly Operand[];
}

export interface CmdInstruction extends InstructionBase {
  readonly kind: 'cmd';
  readonly command: CommandLine;
}

export interface EntrypointInstruction extends InstructionBase {
  readonly kind: 'entrypoint';
  readonly command: CommandLine;
}

interface FileInstruction extends InstructionBase {
  /** Paths and patterns; heredocs are not among them. */
  readonly sources: readonly Operand[];
  readonly heredocs: readonly Heredoc[];
  readonly destination: Operand;
  readonly chown?: Operand;
  readonly chmod?: Operand;
  readonly link: boolean;
  readonly exclude: readonly Operand[];
}

export interface CopyInstruction extends FileInstruction {
  readonly kind: 'copy';
  readonly from?: Operand;
  readonly parents: boolean;
}

export interface AddInstruction extends FileInstruction {
  readonly kind: 'add';
  readonly checksum?: Operand;
  readonly keepGitDir: boolean;
  /** Absent: archives from the context are unpacked, downloads are not. */
  readonly unpack?: boolean;
}

export interface WorkdirInstruction extends InstructionBase {
  readonly kind: 'workdir';
  readonly path: Operand;
}

export interface UserInstruction extends InstructionBase {
  readonly kind: 'user';
  readonly user: Operand;
}

export interface ExposeInstruction extends InstructionBase {
  readonly kind: 'expose';
  readonly ports: readonly Operand[];
}

export interface VolumeInstruction extends InstructionBase {
  readonly kind: 'volume';
  readonly paths: readonly Operand[];
}

export interface OnbuildInstruction extends InstructionBase {
  readonly kind: 'onbuild';
  /** The trigger as it goes into the image config. */
  readonly trigger: Operand;
}

export interface StopsignalInstruction extends InstructionBase {
  readonly kind: 'stopsignal';
  readonly signal: Operand;
}

export interface ShellInstruction extends InstructionBase {
  readonly kind: 'shell';
  readonly args: readonly Operand[];
}

export interface HealthcheckInstruction extends InstructionBase {
  readonly kind: 'healthcheck';
  /** Absent: NONE. */
  readonly command?: CommandLine;
  /** Raw durations (`30s`) and the raw count. */
  readonly interval?: Operand;
  readonly timeout?: Operand;
  readonly startPeriod?: Operand;
  readonly startInterval?: Operand;
  readonly retries?: Operand;
}
