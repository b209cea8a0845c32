import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { ProgramNotFoundError } from '../../ports.ts';

/** The absolute path of a program as execvp(3) would find it. The fork itself could only say so on the screen. */
export async function findProgram(name: string, path: string, cwd: string): Promise<string> {
  const candidates = name.includes('/')
    ? [isAbsolute(name) ? name : resolve(cwd, name)]
    : path.split(delimiter).map((folder) => join(resolve(cwd, folder), name));
  for (const candidate of candidates) if (await isProgram(candidate)) return candidate;
  throw new ProgramNotFoundError(`there is no program "${name}"${name.includes('/') ? '' : ' on the PATH'}`);
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
