/**
 * Why a step gives something else each time, as far as the place and the bytes tell: a guess, said as
 * one, with what usually helps. Pure.
 */
import type { TreeDifference } from './layer-difference.ts';

/** `why`: as part of a sentence; `fix`: what to do. */
export interface LikelyCause {
  readonly why: string;
  readonly fix: string;
}

const CLOCK: LikelyCause = {
  why: 'the time of day',
  fix: 'declare ARG SOURCE_DATE_EPOCH, which the command sees then, and use it in place of the clock',
};
const RANDOM: LikelyCause = {
  why: 'random numbers',
  fix: 'give the command a seed or a fixed name, or make the file when the container starts',
};
const IDENTITY: LikelyCause = {
  why: 'an identity that is made up when it is installed',
  fix: 'remove it in the same RUN, and let it be made when the container starts',
};

/** By the path; the first that fits. */
const PLACES: readonly (readonly [RegExp, LikelyCause])[] = [
  [
    /^\/var\/lib\/apt\/lists\//,
    {
      why: 'package lists of apt, which change from hour to hour',
      fix: 'end the RUN with rm -rf /var/lib/apt/lists/*',
    },
  ],
  [
    /^\/var\/cache\/ldconfig\/aux-cache$/,
    {
      why: 'a cache of ldconfig, which holds inode numbers',
      fix: 'end the RUN with rm -f /var/cache/ldconfig/aux-cache',
    },
  ],
  [
    /^\/var\/(?:log|cache)\//,
    {
      why: 'a log or a cache, with times in it',
      fix: 'remove it in the same RUN, or mount a tmpfs over it: RUN --mount=type=tmpfs,target=/var/log',
    },
  ],
  [/^\/etc\/machine-id$|^\/var\/lib\/dbus\/machine-id$|^\/etc\/ssh\/ssh_host_/, IDENTITY],
  [
    /^\/etc\/shadow-?$/,
    {
      why: 'the day on which a password was set last',
      fix: 'declare ARG SOURCE_DATE_EPOCH: useradd and its kin heed it',
    },
  ],
  [
    /\.pyc$/,
    {
      why: 'the time of the source, which Python keeps in its bytecode',
      fix: 'set PYTHONDONTWRITEBYTECODE=1, or compile with --invalidation-mode unchecked-hash',
    },
  ],
  [
    /\.(?:jar|war|zip|whl|apk|egg)$/,
    {
      why: 'times of the files in an archive',
      fix: 'declare ARG SOURCE_DATE_EPOCH if the tool heeds it, or give the files one time first: find … -exec touch -d @0 {} +',
    },
  ],
  [/\.a$/, { why: 'times in a static library', fix: 'make it with ar -D, or run strip -D on it' }],
];

const GZIP_MAGIC = 0x1f8b;
const GZIP_TIME_END = 8;
const ELF = '\x7fELF';
/** A clock, a date, or seconds since 1970 of these decades. */
const TIME = /\d\d:\d\d:\d\d|\d{4}-\d\d-\d\d|\b1[6-9]\d{8}(?:\d{3})?\b|\b2\d{9}\b|20\d{6}T?\d{0,6}/;
/** Long enough not to be a word, and not only digits. */
const TOKEN = /[0-9a-f]{16,}|[0-9a-f]{8}-[0-9a-f]{4}-|[A-Za-z0-9+/]{24,}/;

export function likelyCause(difference: TreeDifference): LikelyCause | undefined {
  const { first, content } = difference;
  const place = PLACES.find(([pattern]) => pattern.test(first.path));
  if (place) return place[1];
  if (content) return causeInContent(content);
  if (first.change !== 'changed') {
    return { ...RANDOM, why: 'a name that is random or has a time in it' };
  }
  if (first.differences.includes('time')) {
    return {
      why: 'a time that the command sets',
      fix: 'set it to a fixed one: touch -d @0 FILE; times later than SOURCE_DATE_EPOCH are clamped anyway',
    };
  }
  return undefined;
}

function causeInContent({
  offset,
  excerpts,
  heads,
}: NonNullable<TreeDifference['content']>): LikelyCause | undefined {
  const texts = excerpts.map((bytes) => bytes.toString('latin1'));
  const isGzip = heads.every((head) => head.length > 1 && head.readUInt16BE() === GZIP_MAGIC);
  if (isGzip && offset < GZIP_TIME_END) {
    return { why: 'the time in the header of a gzip file', fix: 'compress with gzip -n' };
  }
  if (texts.every((text) => TIME.test(text))) return CLOCK;
  if (heads.every((head) => head.toString('latin1').startsWith(ELF))) {
    return {
      why: 'a time, a random path or a build id that the compiler puts into a program',
      fix: 'declare ARG SOURCE_DATE_EPOCH, build in a folder of a fixed name, and leave __DATE__ and __TIME__ out',
    };
  }
  return texts.every((text) => TOKEN.test(text)) ? RANDOM : undefined;
}
