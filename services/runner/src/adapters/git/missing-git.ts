/** The oldest git that has all that is asked of it: counted configuration in the environment came with 2.31. */
const OLDEST = [2, 31] as const;

const NEEDS = `a sandbox needs git ${OLDEST.join('.')} or newer on its PATH`;

/** What git's, or the system's, words come to where git itself is what is missing; null where they are about the work. */
export function inOneSentence(words: string): string | null {
  if (/\bspawn git ENOENT\b/.test(words)) return `there is no git here: ${NEEDS}`;
  if (/\bspawn git EACCES\b/.test(words)) return `git cannot be run here: ${NEEDS}`;
  if (/'remote-https?' is not a git command|Unable to find remote helper for 'https?'/.test(words)) {
    return 'git here cannot speak HTTP: a sandbox needs git with its HTTP part (git-remote-http)';
  }
  const missing = /error while loading shared libraries: ([^:\s]+)/.exec(words)?.[1];
  return missing === undefined ? null : `git cannot be run here: the library ${missing} is missing`;
}

/** Why a git that calls itself so will not do; null where it will. Takes what `git version` prints. */
export function tooOld(version: string): string | null {
  const found = /^git version (\d+)\.(\d+)/.exec(version);
  if (found === null) return `what is called git here is not git: ${NEEDS}`;
  const [major, minor] = [Number(found[1]), Number(found[2])];
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return null;
  return `git ${major}.${minor} is too old: ${NEEDS}`;
}
