/**
 * The grammar of one instruction. Its actions build the typed instruction at once: there is no
 * concrete syntax tree. What a token is was decided by the lexer; what cannot be said with tokens
 * (flag names, durations, stage names) is checked in the actions, by checks.ts and flags.ts.
 * It is long because it is the whole language in one place, a method for each instruction.
 *
 * Spec: Dockerfile reference 1.20.
 */
import {
  EmbeddedActionsParser,
  EOF,
  type IToken,
  type ParserMethod,
  type TokenType,
} from 'chevrotain';
import { assert } from '#core/assert.ts';
import type { CommandLine, Instruction, KeyValue, Operand } from './ast.ts';
import {
  checkHealthcheck,
  checkNetwork,
  checkSecurity,
  checkStageName,
  checkTrigger,
  checkVolumes,
} from './checks.ts';
import { readFlags } from './flags.ts';
import type { InstructionContext } from './instruction-context.ts';
import type { Tokens } from './lexer.ts';
import {
  argumentCount,
  complaintFor,
  messagesAbout,
  type Subject,
  splitSubstitution,
} from './messages.ts';
import {
  addOf,
  copyOf,
  fileOperands,
  healthTimes,
  type InstructionBase,
  ownership,
  type PathList,
  refuseHeredocDestination,
  refuseSplitHeredocs,
  shellNotJson,
  warnIgnored,
} from './nodes.ts';

type Rule<T> = ParserMethod<[], T>;

/** Undefined: an action has reported why the instruction cannot be built. */
type InstructionRule = Rule<Instruction | undefined>;

export class InstructionParser extends EmbeddedActionsParser {
  readonly #t: Tokens;
  readonly #subject: Subject;
  readonly #instruction: InstructionRule;
  #context: InstructionContext | undefined;

  /** `validate`: let chevrotain look for ambiguities first; tests do, users need not wait for it. */
  constructor(tokens: Tokens, options: { readonly validate?: boolean } = {}) {
    const subject: Subject = { keyword: '' };
    super([...Object.values(tokens), EOF], {
      maxLookahead: 1,
      errorMessageProvider: messagesAbout(subject),
      skipValidations: options.validate !== true,
    });
    this.#t = tokens;
    this.#subject = subject;
    this.#instruction = this.#defineInstruction();
    this.performSelfAnalysis();
  }

  /** The instruction of these tokens, or undefined after reporting why there is none. */
  parse(tokens: readonly IToken[], context: InstructionContext): Instruction | undefined {
    this.input = [...tokens];
    this.#context = context;
    this.#subject.keyword = tokens[0]?.image ?? '';
    const instruction = this.#instruction();
    const error = this.errors[0];
    if (error === undefined) return instruction;
    const rule = error.context.ruleStack.at(-1) ?? '';
    context.report({
      ...complaintFor(rule, error.token, this.#subject.keyword),
      ...(rule === 'from' && splitSubstitution(tokens.map(({ image }) => image))),
      text: error.message,
      ...(error.token.tokenType !== EOF && { range: context.operand(error.token).range }),
    });
    return undefined;
  }

  /** Runs what builds the tree; not while chevrotain records the grammar. */
  #build<T>(action: (context: InstructionContext) => T): T {
    return this.ACTION(() => {
      assert(this.#context !== undefined, 'actions run within parse()');
      return action(this.#context);
    });
  }

  #defineInstruction(): InstructionRule {
    const flags = this.RULE('flags', () => {
      const words: IToken[] = [];
      this.MANY(() => {
        words.push(this.CONSUME(this.#t.Flag));
      });
      this.OPTION(() => this.CONSUME(this.#t.FlagsEnd));
      return words;
    });
    const jsonArray = this.#defineJsonArray();
    const command = this.#defineCommand(jsonArray);
    const paths = this.#definePaths(jsonArray);
    const alternatives: readonly InstructionRule[] = [
      this.#defineFrom(flags),
      ...this.#defineAssignments(flags),
      this.#defineRun(flags, jsonArray),
      ...this.#defineCommands(flags, command),
      ...this.#defineFiles(flags, paths),
      ...this.#defineTexts(flags),
      this.#defineExpose(flags),
      this.#defineVolume(flags, paths),
      this.#defineShell(flags, jsonArray),
      this.#defineOnbuild(flags),
      this.#defineHealthcheck(flags, command),
    ];
    return this.RULE('instruction', () =>
      this.OR(alternatives.map((rule, index) => ({ ALT: () => this.subrule(index, rule) }))),
    );
  }

  #defineJsonArray(): Rule<readonly Operand[]> {
    return this.RULE('jsonArray', () => {
      const elements: IToken[] = [];
      this.CONSUME(this.#t.JsonOpen);
      this.MANY_SEP({
        SEP: this.#t.JsonComma,
        DEF: () => {
          elements.push(this.CONSUME(this.#t.JsonString));
        },
      });
      this.CONSUME(this.#t.JsonClose);
      return this.#build((context) => elements.map((element) => context.jsonString(element)));
    });
  }

  /** The exec or shell form of CMD, ENTRYPOINT and HEALTHCHECK CMD; both may be empty. */
  #defineCommand(jsonArray: Rule<readonly Operand[]>): Rule<CommandLine> {
    return this.RULE('command', () =>
      this.OR([
        { ALT: (): CommandLine => ({ form: 'exec', args: this.SUBRULE(jsonArray) }) },
        {
          ALT: (): CommandLine => {
            const text = this.OPTION(() => this.CONSUME(this.#t.Text));
            return this.#build((context) => ({
              form: 'shell',
              text: context.text(text ? [text] : []),
            }));
          },
        },
      ]),
    );
  }

  #definePaths(jsonArray: Rule<readonly Operand[]>): Rule<PathList> {
    const word = this.RULE('pathWord', () =>
      this.OR([
        { ALT: () => this.CONSUME(this.#t.Heredoc) },
        { ALT: () => this.CONSUME(this.#t.Word) },
      ]),
    );
    return this.RULE('paths', () =>
      this.OR([
        {
          ALT: () => {
            const elements = this.SUBRULE(jsonArray);
            return this.#build(() => elements.map((operand) => ({ operand })));
          },
        },
        {
          ALT: () => {
            const words: IToken[] = [];
            this.MANY(() => {
              words.push(this.SUBRULE(word));
            });
            return this.#build((context) =>
              words.map((token) => ({
                operand: context.operand(token),
                ...(token.tokenType === this.#t.Heredoc && { heredoc: token }),
              })),
            );
          },
        },
      ]),
    );
  }

  #defineFrom(flags: Rule<IToken[]>): InstructionRule {
    return this.RULE('from', () => {
      const keyword = this.CONSUME(this.#t.From);
      const flagWords = this.SUBRULE(flags);
      const image = this.CONSUME(this.#t.Word);
      const name = this.OPTION(() => {
        this.CONSUME(this.#t.As);
        return this.CONSUME1(this.#t.Word);
      });
      this.CONSUME(EOF);
      return this.#build((context): Instruction => {
        const platform = readFlags(flagWords, 'from', context).text('platform');
        return {
          kind: 'from',
          ...context.base(keyword),
          image: context.operand(image),
          ...(platform && { platform }),
          ...(name && { name: checkStageName(context.operand(name), context) }),
        };
      });
    });
  }

  /** ARG, ENV and LABEL. */
  #defineAssignments(flags: Rule<IToken[]>): InstructionRule[] {
    const pair = this.RULE('pair', () => {
      const key = this.CONSUME(this.#t.PairKey);
      const equals = this.CONSUME(this.#t.Equals);
      const value = this.OPTION(() => this.CONSUME(this.#t.PairValue));
      return this.#build((context) => ({
        key: context.operand(key),
        value: value ? context.operand(value) : context.emptyAt(equals.startOffset + 1),
      }));
    });
    const legacyPair = this.RULE('legacyPair', () => {
      const key = this.CONSUME(this.#t.LegacyName);
      const value = this.CONSUME(this.#t.LegacyValue);
      return this.#build((context) => ({
        key: context.operand(key),
        value: context.operand(value),
      }));
    });
    return [
      this.#defineArg(flags, pair),
      ...(['env', 'label'] as const).map((kind) =>
        this.RULE(kind, () => {
          const keyword = this.CONSUME(kind === 'env' ? this.#t.Env : this.#t.Label);
          const flagWords = this.SUBRULE(flags);
          const pairs: KeyValue[] = [];
          const legacy = this.OR([
            {
              ALT: () => {
                pairs.push(this.SUBRULE(legacyPair));
                return true;
              },
            },
            {
              ALT: () => {
                this.AT_LEAST_ONE(() => {
                  pairs.push(this.SUBRULE(pair));
                });
                return false;
              },
            },
          ]);
          this.CONSUME(EOF);
          return this.#build((context): Instruction => {
            readFlags(flagWords, 'none', context);
            return { kind, ...context.base(keyword), pairs, legacy };
          });
        }),
      ),
    ];
  }

  #defineArg(flags: Rule<IToken[]>, pair: Rule<KeyValue>): InstructionRule {
    return this.RULE('arg', () => {
      const keyword = this.CONSUME(this.#t.Arg);
      const flagWords = this.SUBRULE(flags);
      const args: { name: Operand; value?: Operand }[] = [];
      this.AT_LEAST_ONE(() =>
        this.OR([
          {
            ALT: () => {
              const assigned = this.SUBRULE(pair);
              this.#build(() => args.push({ name: assigned.key, value: assigned.value }));
            },
          },
          {
            ALT: () => {
              const name = this.CONSUME(this.#t.BareWord);
              this.#build((context) => args.push({ name: context.operand(name) }));
            },
          },
        ]),
      );
      this.CONSUME(EOF);
      return this.#build((context): Instruction => {
        warnIgnored(flagWords, context);
        return { kind: 'arg', ...context.base(keyword), args };
      });
    });
  }

  #defineRun(flags: Rule<IToken[]>, jsonArray: Rule<readonly Operand[]>): InstructionRule {
    const shellWord = this.RULE('shellWord', () =>
      this.OR([
        { ALT: () => this.CONSUME(this.#t.Heredoc) },
        { ALT: () => this.CONSUME(this.#t.ShellWord) },
      ]),
    );
    return this.RULE('run', () => {
      const keyword = this.CONSUME(this.#t.Run);
      const flagWords = this.SUBRULE(flags);
      const words: IToken[] = [];
      const args = this.OR([
        { ALT: () => this.SUBRULE(jsonArray) },
        {
          ALT: () => {
            this.MANY(() => {
              words.push(this.SUBRULE(shellWord));
            });
            return undefined;
          },
        },
      ]);
      this.CONSUME(EOF);
      return this.#build((context): Instruction => {
        const given = readFlags(flagWords, 'run', context);
        const network = given.text('network');
        const security = given.text('security');
        checkNetwork(network, context);
        checkSecurity(security, context);
        return {
          kind: 'run',
          ...context.base(keyword),
          command: args ? { form: 'exec', args } : { form: 'shell', text: context.text(words) },
          heredocs: context.heredocs(words),
          mounts: given.list('mount'),
          ...(network && { network }),
          ...(security && { security }),
          device: given.list('device'),
        };
      });
    });
  }

  #defineCommands(flags: Rule<IToken[]>, command: Rule<CommandLine>): InstructionRule[] {
    return (['cmd', 'entrypoint'] as const).map((kind) =>
      this.RULE(kind, () => {
        const keyword = this.CONSUME(kind === 'cmd' ? this.#t.Cmd : this.#t.Entrypoint);
        const flagWords = this.SUBRULE(flags);
        const line = this.SUBRULE(command);
        this.CONSUME(EOF);
        return this.#build((context): Instruction => {
          readFlags(flagWords, 'none', context);
          return { kind, ...context.base(keyword), command: line };
        });
      }),
    );
  }

  /** COPY and ADD. */
  #defineFiles(flags: Rule<IToken[]>, paths: Rule<PathList>): InstructionRule[] {
    return (['copy', 'add'] as const).map((kind) =>
      this.RULE(kind, () => {
        const keyword = this.CONSUME(kind === 'copy' ? this.#t.Copy : this.#t.Add);
        const flagWords = this.SUBRULE(flags);
        const list = this.SUBRULE(paths);
        this.CONSUME(EOF);
        return this.#build((context): Instruction | undefined => {
          const destination = list.at(-1);
          if (destination === undefined || list.length < 2) {
            context.report(argumentCount(kind.toUpperCase()));
            return undefined;
          }
          const given = readFlags(flagWords, kind, context);
          refuseHeredocDestination(kind, destination, context);
          refuseSplitHeredocs(kind, list.slice(0, -1), context);
          const base = {
            ...context.base(keyword),
            ...fileOperands(list, context),
            ...ownership(given),
            destination: destination.operand,
          };
          return kind === 'copy' ? copyOf(base, given) : addOf(base, given);
        });
      }),
    );
  }

  /** Instructions whose one operand is the rest of the line. */
  #defineTexts(flags: Rule<IToken[]>): InstructionRule[] {
    const define = (
      kind: 'maintainer' | 'user' | 'workdir' | 'stopsignal',
      keywordType: TokenType,
      build: (base: InstructionBase, text: Operand) => Instruction,
    ): InstructionRule =>
      this.RULE(kind, () => {
        const keyword = this.CONSUME(keywordType);
        const flagWords = this.SUBRULE(flags);
        const text = this.CONSUME(this.#t.Text);
        this.CONSUME(EOF);
        return this.#build((context) => {
          if (kind === 'stopsignal') warnIgnored(flagWords, context);
          else readFlags(flagWords, 'none', context);
          return build(context.base(keyword), context.operand(text));
        });
      });
    return [
      define('maintainer', this.#t.Maintainer, (base, author) => ({
        kind: 'maintainer',
        ...base,
        author,
      })),
      define('user', this.#t.User, (base, user) => ({ kind: 'user', ...base, user })),
      define('workdir', this.#t.Workdir, (base, path) => ({ kind: 'workdir', ...base, path })),
      define('stopsignal', this.#t.Stopsignal, (base, signal) => ({
        kind: 'stopsignal',
        ...base,
        signal,
      })),
    ];
  }

  #defineExpose(flags: Rule<IToken[]>): InstructionRule {
    return this.RULE('expose', () => {
      const keyword = this.CONSUME(this.#t.Expose);
      const flagWords = this.SUBRULE(flags);
      const ports: IToken[] = [];
      this.AT_LEAST_ONE(() => {
        ports.push(this.CONSUME(this.#t.Word));
      });
      this.CONSUME(EOF);
      return this.#build((context): Instruction => {
        readFlags(flagWords, 'none', context);
        return {
          kind: 'expose',
          ...context.base(keyword),
          ports: ports.map((port) => context.operand(port)),
        };
      });
    });
  }

  #defineVolume(flags: Rule<IToken[]>, paths: Rule<PathList>): InstructionRule {
    return this.RULE('volume', () => {
      const keyword = this.CONSUME(this.#t.Volume);
      const flagWords = this.SUBRULE(flags);
      const list = this.SUBRULE(paths);
      this.CONSUME(EOF);
      return this.#build((context): Instruction | undefined => {
        readFlags(flagWords, 'none', context);
        if (list.length === 0) {
          context.report(argumentCount('VOLUME'));
          return undefined;
        }
        const volumes = list.map(({ operand }) => operand);
        checkVolumes(volumes, context);
        return { kind: 'volume', ...context.base(keyword), paths: volumes };
      });
    });
  }

  #defineShell(flags: Rule<IToken[]>, jsonArray: Rule<readonly Operand[]>): InstructionRule {
    return this.RULE('shell', () => {
      const keyword = this.CONSUME(this.#t.Shell);
      const flagWords = this.SUBRULE(flags);
      const args = this.OR([
        { ALT: () => this.SUBRULE(jsonArray) },
        {
          ALT: () => {
            const text = this.CONSUME(this.#t.Text);
            return text.image;
          },
        },
      ]);
      this.CONSUME(EOF);
      return this.#build((context): Instruction | undefined => {
        readFlags(flagWords, 'none', context);
        if (typeof args !== 'string' && args.length > 0) {
          return { kind: 'shell', ...context.base(keyword), args };
        }
        context.report(typeof args === 'string' ? shellNotJson(args) : argumentCount('SHELL'));
        return undefined;
      });
    });
  }

  /** The trigger is kept as text: docker looks into it only when it runs. */
  #defineOnbuild(flags: Rule<IToken[]>): InstructionRule {
    return this.RULE('onbuild', () => {
      const keyword = this.CONSUME(this.#t.Onbuild);
      const flagWords = this.SUBRULE(flags);
      const trigger = this.CONSUME(this.#t.Keyword);
      const parts = [trigger];
      this.MANY(() => {
        parts.push(this.CONSUME(this.#t.Part));
      });
      this.CONSUME(EOF);
      return this.#build((context): Instruction => {
        readFlags(flagWords, 'none', context);
        checkTrigger(context.operand(trigger), context);
        return { kind: 'onbuild', ...context.base(keyword), trigger: context.trigger(parts) };
      });
    });
  }

  #defineHealthcheck(flags: Rule<IToken[]>, command: Rule<CommandLine>): InstructionRule {
    return this.RULE('healthcheck', () => {
      const keyword = this.CONSUME(this.#t.Healthcheck);
      const flagWords = this.SUBRULE(flags);
      const type = this.CONSUME(this.#t.HealthType);
      const line = this.SUBRULE(command);
      this.CONSUME(EOF);
      return this.#build((context): Instruction => {
        const given = readFlags(flagWords, 'healthcheck', context);
        const parts = { type: context.operand(type), command: line, flags: given };
        const checked = checkHealthcheck(parts, context);
        return {
          kind: 'healthcheck',
          ...context.base(keyword),
          ...(checked && { command: checked }),
          ...healthTimes(given),
        };
      });
    });
  }
}
