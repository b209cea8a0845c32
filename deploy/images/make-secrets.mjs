// make-secrets.mjs ROLE=FILE…: makes a token for each role whose file is not there yet. A file that is there is left as
// it is, so that tokens outlive restarts. Nothing secret is printed, passed as an argument or put into an environment.
import { randomBytes, randomUUID } from 'node:crypto';
import { link, rm, writeFile } from 'node:fs/promises';

/** @param {string} role @param {string} file @returns {Promise<boolean>} whether it was made now */
async function ensureToken(role, file) {
  const token = `rh_${role}_${randomUUID().replaceAll('-', '')}_${randomBytes(32).toString('base64url')}`;
  const unfinished = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  await writeFile(unfinished, `${token}\n`, { mode: 0o400, flag: 'wx', flush: true });
  try {
    // A link, unlike a rename, replaces nothing: the first of two that run at once wins, and both see the same token.
    await link(unfinished, file);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(unfinished, { force: true });
  }
}

for (const argument of process.argv.slice(2)) {
  const [, role, file] = /^(operator|launcher)=(\/.+)$/.exec(argument) ?? [];
  if (role === undefined || file === undefined) {
    process.stderr.write(`make-secrets: ${argument} is not operator=/FILE or launcher=/FILE\n`);
    process.exitCode = 2;
    break;
  }
  const isNew = await ensureToken(role, file);
  process.stderr.write(`${file}: ${isNew ? 'made' : 'is there'}\n`);
}
