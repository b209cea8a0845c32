import { createRequire } from 'node:module';

/** What node-pty's binary offers. The pid is a session leader with the terminal as its controlling one. */
interface Native {
  fork(
    file: string,
    args: readonly string[],
    env: readonly string[],
    cwd: string,
    cols: number,
    rows: number,
    uid: number,
    gid: number,
    utf8: boolean,
    helperPath: string,
    onExit: (code: number, signal: number) => void,
  ): { fd: number; pid: number; pty: string };
}

/**
 * node-pty's binary without its JavaScript half, for three reasons that its Terminal class leaves no way around: it writes
 * to the master as a stream that spins the event loop for as long as the program does not read; it says that a program
 * has exited only 200 ms later, after it has thrown the rest of the output away; and the exit's signal is needed at once.
 */
export function loadNativePty(): NativePty {
  return (loaded ??= load());
}

type NativePty = Native & { readonly helperPath: string };
/** Found and loaded once a process: to look for it again would stand right before each fork. */
let loaded: NativePty | null = null;

function load(): NativePty {
  const require = createRequire(import.meta.url);
  const fromPty = createRequire(require.resolve('node-pty/package.json'));
  const { requireBinary } = fromPty('./requireBinary.js') as { requireBinary(file: string): Native };
  const platform = `@lydell/node-pty-${process.platform}-${process.arch}`;
  // Only macOS forks through a helper program; elsewhere the name is not looked at.
  const helperPath = process.platform === 'darwin' ? fromPty.resolve(`${platform}/spawn-helper`) : 'unused';
  const native = requireBinary('pty.node');
  return { fork: native.fork.bind(native), helperPath };
}
