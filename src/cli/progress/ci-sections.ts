/**
 * How CI systems fold parts of a log: GitHub's groups, GitLab's sections. Both are lines of their own
 * around the part. Pure, but for the time that GitLab wants to know.
 */
export interface Sections {
  /** With a newline. */
  open(title: string): string;
  close(): string;
}

export const GITHUB_SECTIONS: Sections = {
  open: (title) => `::group::${title.replaceAll('%', '%25').replaceAll('\r', '%0D')}\n`,
  close: () => '::endgroup::\n',
};

const CLEAR = '\x1b[0K';

/** Sections have names, which must not repeat. */
export function gitlabSections(nowMs: () => number): Sections {
  let count = 0;
  const seconds = (): number => Math.trunc(nowMs() / 1000);
  return {
    open: (title) => {
      count += 1;
      return `${CLEAR}section_start:${seconds()}:slipway_${count}\r${CLEAR}${title}\n`;
    },
    close: () => `${CLEAR}section_end:${seconds()}:slipway_${count}\r${CLEAR}\n`,
  };
}
