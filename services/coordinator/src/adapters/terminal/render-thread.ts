// The thread that renders recordings. What it reads was written by agents: whoever started it bounds its time and memory.
import { parentPort } from 'node:worker_threads';
import { type RenderAnswer, RenderQuestion } from './render-protocol.ts';
import { ReaderShelf } from './reader-shelf.ts';

const shelf = new ReaderShelf();
const open = new Map<number, AbortController>();

const answer = (message: RenderAnswer): void => {
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window: it has no origin
  parentPort?.postMessage(message);
};

async function render(question: Extract<RenderQuestion, { type: 'render' }>): Promise<void> {
  const { id } = question;
  const cancelled = new AbortController();
  open.set(id, cancelled);
  try {
    answer({ id, page: await shelf.page(question, cancelled.signal), fault: null });
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error);
    answer({ id, page: null, fault: cancelled.signal.aborted ? null : fault });
  } finally {
    open.delete(id);
  }
}

parentPort?.on('message', (message) => {
  const question = RenderQuestion.parse(message);
  if (question.type === 'cancel') open.get(question.id)?.abort();
  else void render(question);
});
