import { type Socket, connect } from 'node:net';
import { type LauncherHandOver, RunnerHandOver } from '@roundhouse/contracts';

/** The launcher's side of the hand-over, in a test. */
export class TestLauncher {
  readonly heard: RunnerHandOver[] = [];
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #watchers = new Set<() => void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.on('close', () => resolve()));
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      const lines = (text + data.toString('utf8')).split('\n');
      text = lines.pop() ?? '';
      this.heard.push(...lines.map((line) => RunnerHandOver.parse(JSON.parse(line))));
      for (const look of this.#watchers) look();
    });
  }

  /** Connects, as soon as somebody listens there: asked again every 20 ms, up to 10 s. */
  static async connect(path: string): Promise<TestLauncher> {
    for (let tries = 500; ; tries -= 1) {
      const socket = connect(path);
      const failed = await new Promise<Error | null>((resolve) => {
        socket.once('connect', () => resolve(null)).once('error', resolve);
      });
      if (failed === null) return new TestLauncher(socket);
      if (tries === 0) throw failed;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  write(text: string): void {
    this.#socket.write(text);
  }

  assign(order: Omit<LauncherHandOver, 'type'>): void {
    this.write(`${JSON.stringify({ type: 'assign', ...order })}\n`);
  }

  /** What was said, `count` of it at least; fails after 10 s. */
  said(count: number): Promise<string[]> {
    return new Promise((resolve, reject) => {
      const types = (): string[] => this.heard.map(({ type }) => type);
      const timer = setTimeout(() => reject(new Error(`heard only ${types().join()}`)), 10_000);
      const look = (): void => {
        if (this.heard.length < count) return;
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve(types());
      };
      this.#watchers.add(look);
      look();
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}
