import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

/** The folder of the checkout, absolute. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** @param {...string} parts @returns {string} a path below the checkout */
export const inRoot = (...parts) => join(ROOT, ...parts);
