/** Build cases on which another builder is not the measure, and why. */

export type Family = 'docker' | 'buildah';

export interface Builders {
  readonly family: Family;
  /** docker before 23, buildah before 1.35: their Dockerfile is that of 2021. */
  readonly isOld: boolean;
}

/** What a Dockerfile of 2021 does not know. */
const NEWER =
  /<<|--link|--exclude|--parents|--unpack|--start-interval|--chmod=\S*[a-z$]|\$\{\w+[#%/]|\$\{\w+[-+]|--network=|,size=/;

interface Rule {
  readonly cases: RegExp;
  readonly why: string;
  readonly family?: Family;
  /** Only of those builders that are old. */
  readonly isOld?: true;
}

const RULES: readonly Rule[] = [
  {
    cases: /^(?:run-of-a-user|user-and-groups)$/,
    why: "the user's own group is not among its groups there",
    isOld: true,
    family: 'docker',
  },
  { cases: /^sandbox-hostname$/, why: 'the argument is newer', isOld: true, family: 'docker' },
  {
    cases: /^add-archive-chown-and-chmod$/,
    why: '--chown is not for what is unpacked there',
    isOld: true,
  },
  { cases: /^add-archive-zstd$/, why: 'zstd is newer', isOld: true, family: 'docker' },
  {
    cases: /^(?:chmod-octal|copy-variables)$/,
    why: '--chmod is not for folders there',
    isOld: true,
  },
  {
    cases: /^link-(?:destination-link|over-folder-mode)$/,
    why: "--link is a plain copy in docker's classic store",
    family: 'docker',
  },
  { cases: /^copy-into-folder$/, why: 'one source in brackets is a name there', isOld: true },
  {
    cases: /^onbuild-(?:copies-from-a-stage|run-with-a-mount)$/,
    why: 'ONBUILD knows no stages there',
    isOld: true,
  },
  { cases: /^run-mount-bind$/, why: 'what is written into a mount is kept', family: 'buildah' },
  {
    cases: /^run-mount-(?:bind|bind-from-a-stage|cache)$/,
    why: 'places of mounts are left in the layer',
    family: 'docker',
  },
  {
    cases: /^arg-(?:after-env|flag-wins)/,
    why: 'ARG after ENV, or again, does not count',
    family: 'buildah',
  },
  { cases: /^arg-of-a-base-stage/, why: 'ARG is not inherited by FROM a stage', family: 'buildah' },
  {
    cases: /^chown-(?:root-without-passwd|unknown)$/,
    why: 'an owner that the image does not know is refused',
    family: 'buildah',
  },
  { cases: /^copy-destination-link-file$/, why: 'the link is replaced', family: 'buildah' },
  { cases: /^copy-folder-merges$/, why: 'of two files the first stays', family: 'buildah' },
  { cases: /^copy-modes$/, why: 'setuid and setgid are dropped', family: 'buildah' },
  { cases: /^copy-two-files-to-a-name$/, why: 'the name becomes a folder', family: 'buildah' },
  { cases: /^escape-backtick$/, why: 'two backslashes are one', family: 'buildah' },
  { cases: /^expose-forms$/, why: 'ranges and capitals are kept', family: 'buildah' },
  {
    cases: /^from-stage-name-any-case$/,
    why: 'capitals count in names of stages',
    family: 'buildah',
  },
  {
    cases: /^ignore-leading-slash-and-bom$/,
    why: 'the mark at the beginning counts',
    family: 'buildah',
  },
  {
    cases: /^workdir-(?:belongs|is-relative|through|with-dots)/,
    why: 'a WORKDIR makes no folder before a RUN does',
    family: 'buildah',
  },
  { cases: /^shell-is-in-the-config/, why: 'SHELL is not inherited', family: 'buildah' },
  { cases: /^target-any-case$/, why: 'capitals count in names of stages', family: 'buildah' },
  { cases: /^volume-keeps/, why: 'later changes of a VOLUME are dropped', family: 'buildah' },
  {
    cases: /^wildcard-(?:alone-none|escapes)$/,
    why: 'a source with special characters is refused where nothing is found',
    family: 'buildah',
  },
  { cases: /^sandbox-hostname$/, why: 'the argument is of BuildKit', family: 'buildah' },
  { cases: /^cache-mount-namespace$/, why: 'the argument is of BuildKit', family: 'buildah' },
];

/** Undefined where it must do the same. */
export function unlikeIn(
  { family, isOld }: Builders,
  { name, text }: { readonly name: string; readonly text: string },
): string | undefined {
  if (isOld && NEWER.test(text)) return 'its Dockerfile is older than what the case is about';
  return RULES.find(
    (rule) =>
      rule.cases.test(name) &&
      (rule.family === undefined || rule.family === family) &&
      (rule.isOld === undefined || isOld),
  )?.why;
}
