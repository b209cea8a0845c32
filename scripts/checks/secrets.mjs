import { sourceFiles } from './sources.mjs';

/** Fewer different characters than this in a token's secret part: an example, made up by hand. */
const REAL_SECRET_CHARACTERS = 14;

/** What must not stand in the tree. @type {Record<string, RegExp>} */
const PATTERNS = {
  'a Roundhouse token': /\brh_[a-z]+_[0-9a-f]{32}_([A-Za-z0-9_-]{43})/g,
  'a private key': /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]{40,})/g,
  'an AWS key id': /\b((?:AKIA|ASIA)[0-9A-Z]{16})\b/g,
  'a GitHub token': /\b((?:gh[pousr]_|github_pat_)[A-Za-z0-9_]{30,})\b/g,
  'an Anthropic or OpenAI key': /\b(sk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,})/g,
  'an npm token': /\b(npm_[A-Za-z0-9]{36})\b/g,
  'a Slack token': /\b(xox[abprs]-[A-Za-z0-9-]{20,})/g,
  'a password in a URL': /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@'"`$<{]+:([^\s/@'"`$<{]{8,})@/g,
};

/** A folder of one machine: it is on no other. @type {RegExp} */
const MACHINE_PATHS = /(?<![\w.@:/-])\/(?:home|Users|work)\/[A-Za-z][\w.-]*/g;

/** @param {import('./sources.mjs').SourceFile} file @returns {string[]} faults; they never show the secret itself */
export function secretsIn({ path, text }) {
  /** @type {string[]} */
  const faults = [];
  for (const [what, pattern] of Object.entries(PATTERNS)) {
    for (const match of text.matchAll(pattern)) {
      if (new Set(match[1]).size >= REAL_SECRET_CHARACTERS)
        faults.push(`${path}:${lineOf(text, match.index)}: ${what}`);
    }
  }
  for (const match of text.matchAll(MACHINE_PATHS)) {
    faults.push(`${path}:${lineOf(text, match.index)}: a path of one machine: ${match[0]}`);
  }
  return faults;
}

/** @param {string} text @param {number} index */
const lineOf = (text, index) => text.slice(0, index).split('\n').length;

/** Made at run time, so that this file is not its own finding. @returns {string[]} */
export function plantedSecrets() {
  const mixed = 'aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cD_fG-hJkLmNo';
  const dashes = '-'.repeat(5);
  return [
    ['rh', 'operator', '0123456789abcdef'.repeat(2), mixed].join('_'),
    `${dashes}BEGIN PRIVATE KEY${dashes}\n${mixed.repeat(2).replace(/[_-]/g, '+')}`,
    ['AKIA', 'Q3EGRIJ7KLM2NOP4'].join(''),
    `ghp_${mixed.replace(/[_-]/g, 'x')}`,
    `sk-ant-${mixed}`,
    `npm_${mixed.replace(/[_-]/g, 'x').slice(0, 36)}`,
    `xoxb-${mixed.replace('_', '0')}`,
    `redis://user:${mixed}@host`,
    ['', 'home', 'someone', 'project'].join('/'),
  ];
}

/** No secrets and no paths of one machine in any file that git has or would add. */
export async function checkSecrets() {
  const missed = plantedSecrets().filter((text) => secretsIn({ path: 'planted', text }).length !== 1);
  if (missed.length > 0) return { ok: false, output: `the check sleeps: it does not report ${missed.join(' | ')}` };
  const files = await sourceFiles((path) => path !== 'package-lock.json');
  const faults = files.flatMap(secretsIn);
  return { ok: faults.length === 0, output: faults.join('\n') };
}
