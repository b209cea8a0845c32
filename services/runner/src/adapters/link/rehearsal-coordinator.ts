import { once } from 'node:events';
import { createServer } from 'node:http';
import { type CoordinatorMessage, type Desired, LINK_FENCED, RunnerMessage } from '@roundhouse/contracts';
import { WebSocketServer } from 'ws';

/**
 * What a coordinator says to one attempt whose agent ends by itself, and then that the attempt is over. It is what a
 * runner that waits for work tries itself out on; it knows of no task, and listens on a socket of the runner's own.
 */
export async function serveRehearsal(path: string, prompts: Desired['prompts']): Promise<{ close(): void }> {
  const server = createServer((_, response) => response.writeHead(404).end());
  const links = new WebSocketServer({ server, perMessageDeflate: false });
  links.on('connection', (link) => {
    const say = (message: CoordinatorMessage): void => link.send(JSON.stringify(message));
    let printed = 0;
    const desired = { prompts, recalls: [], inputs: [], held: false, publish: null, stop: null };
    say({ type: 'welcome', eventSeq: 0, outputOffset: 0, desired });
    link.on('message', (data) => {
      const message = RunnerMessage.parse(JSON.parse((data as Buffer).toString('utf8')));
      if (message.type === 'heartbeat') say({ type: 'renewed' });
      else if (message.type === 'output') {
        printed = message.offset + Buffer.from(message.data, 'base64').length;
        say({ type: 'output_ack', outputOffset: printed });
      } else {
        say({ type: 'ack', eventSeq: message.seq });
        if (message.event.type === 'agent_exited' || message.event.type === 'attempt_failed') link.close(LINK_FENCED);
      }
    });
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    close: () => {
      for (const link of links.clients) link.terminate();
      links.close();
      server.close();
    },
  };
}
