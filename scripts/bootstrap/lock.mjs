import { mkdir, open, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { BootstrapFault } from './fault.mjs';

const LOOK_MS = 250;
const BEAT_MS = 2_000;
/** A holder that has not touched its lock for so long is dead, stopped, or on another machine's clock. */
const STALE_MS = 30_000;

/**
 * Runs `action` while no other process holds the lock, so that two bootstraps at once never install or build into each
 * other's files. The lock is a file; its holder touches it, and one that is no longer touched is taken over.
 *
 * @template T
 * @param {string} path
 * @param {{ waitMs: number, onWait: () => void }} options waiting ends with a fault after waitMs
 * @param {() => Promise<T>} action
 * @returns {Promise<T>}
 */
export async function withLock(path, options, action) {
  await mkdir(dirname(path), { recursive: true });
  const ours = `${process.pid} ${process.hrtime.bigint()}\n`;
  await acquire(path, ours, options);
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), BEAT_MS);
  const release = () => rm(path, { force: true });
  try {
    return await action();
  } finally {
    clearInterval(beat);
    if ((await textOf(path)) === ours) await release();
  }
}

/** @param {string} path @param {string} ours @param {{ waitMs: number, onWait: () => void }} options */
async function acquire(path, ours, { waitMs, onWait }) {
  const until = Date.now() + waitMs;
  for (let told = false; ;) {
    if (await create(path, ours)) return;
    await removeIfStale(path);
    if (!told) onWait();
    told = true;
    // Polling: no system tells a process that a stranger has died, and a dead holder is what must not stop us.
    await pause(LOOK_MS);
    if (Date.now() > until) {
      throw new BootstrapFault(`another bootstrap has held ${path} for ${waitMs / 1000} s; end it or delete that file`);
    }
  }
}

/** @param {string} path @param {string} text @returns {Promise<boolean>} false where it is there already */
async function create(path, text) {
  try {
    const file = await open(path, 'wx', 0o600);
    await file.writeFile(text);
    await file.close();
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}

/** Moves a dead holder's lock away. Moving is atomic, so of two that see it dead, one gets it. @param {string} path */
async function removeIfStale(path) {
  const [text, info] = await Promise.all([textOf(path), stat(path).catch(() => null)]);
  if (text === null || info === null) return;
  const pid = Number.parseInt(text, 10);
  const silentMs = Date.now() - info.mtimeMs;
  // An empty file is a lock between its creation and its text: only its age counts.
  if (silentMs < STALE_MS && (Number.isNaN(pid) || isAlive(pid))) return;
  const aside = `${path}.${process.pid}.stale`;
  const moved = await rename(path, aside).then(
    () => true,
    () => false,
  );
  if (!moved) return;
  const taken = await textOf(aside);
  // Between reading and moving, another may have taken it over: then it is that one's, and goes back.
  if (taken !== null && taken !== text) await writeFile(path, taken, { flag: 'wx' }).catch(() => undefined);
  await rm(aside, { force: true });
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/** @param {string} path @returns {Promise<string | null>} */
const textOf = (path) => readFile(path, 'utf8').catch(() => null);
