import type { OPERATIONS, OutputOf } from '@roundhouse/contracts';
import { Command } from 'commander';
import { allOf } from '../all-pages.ts';
import { connectAsCoordinator, withConnection } from '../connect.ts';
import type { Context } from '../context.ts';
import { oneLine, table } from '../output.ts';
import { duration, durationWords } from './duration.ts';
import { type TaskOptions, withCoordinator } from './task/task-options.ts';

type Box = OutputOf<typeof OPERATIONS.getNotifications>;

interface ConfigOptions extends TaskOptions {
  readonly delay?: number;
  readonly webhook?: string;
  readonly rotateSecret: boolean;
}

/** `roundhouse notifications list|ack|drop|config`: what a coordinator is told without asking. */
export function notificationsCommand(context: Context): Command {
  const { output } = context;
  const { dim, red } = output.colour;
  const ofCoordinator = (name: string): Command => withCoordinator(withConnection(new Command(name), context));

  const list = ofCoordinator('list')
    .summary('show what a coordinator is to be told, and how that goes')
    .action(async (options: TaskOptions) => {
      const client = await connectAsCoordinator(context, options);
      const [entries, box] = await Promise.all([
        allOf(client, 'getNotifications', (page) => page.entries),
        client.call('getNotifications', { limit: 1 }),
      ]);
      if (options.json) return output.json({ ...box, entries, nextCursor: null });
      const rows = entries.map(({ id, kind, taskName, told, dueAt, detail }) => [
        kind,
        oneLine(taskName),
        `${told} ×`,
        dueAt,
        id,
        oneLine(detail ?? ''),
      ]);
      const head = ['NEWS', 'TASK', 'TOLD', 'NEXT AT', 'ID', 'WORDS'].map(dim);
      if (rows.length > 0) output.line(table([head, ...rows], output.columns));
      for (const line of boxWords(box, red)) output.note(line);
    });

  const forget = (name: 'ack' | 'drop', summary: string): Command =>
    ofCoordinator(name)
      .summary(summary)
      .argument(name === 'ack' ? '<id...>' : '[id...]', 'ids of entries, as "list" shows them')
      .action(async (ids: string[], options: TaskOptions) => {
        const client = await connectAsCoordinator(context, options);
        const answer =
          name === 'ack'
            ? await client.call('acknowledgeNotifications', { ids })
            : await client.call('dropNotifications', ids.length === 0 ? {} : { ids });
        if (options.json) return output.json(answer);
        output.line(`${answer.gone} gone, ${answer.pending} left`);
      });

  const config = ofCoordinator('config')
    .summary('say how long news wait for others, and where they are posted to')
    .option('--delay <duration>', 'how long idle, waiting and landed tasks wait: 5s to 5m', duration)
    .option('--webhook <url>', 'where messages are posted to, or "none"')
    .option('--rotate-secret', 'make a new signing secret', false)
    .action(async ({ delay, webhook, rotateSecret, ...options }: ConfigOptions) => {
      const client = await connectAsCoordinator(context, options);
      const answer = await client.call('configureNotifications', {
        rotateSecret,
        ...(delay === undefined ? {} : { delaySeconds: delay }),
        ...(webhook === undefined ? {} : { webhookUrl: webhook === 'none' ? null : webhook }),
      });
      if (options.json) return output.json(answer);
      const { settings, webhookSecret } = answer;
      output.line(`delay    ${durationWords(settings.delaySeconds)}`);
      output.line(`webhook  ${settings.webhookUrl ?? 'none'}`);
      if (webhookSecret === null) return;
      output.line(`secret   ${webhookSecret}`);
      output.note('The secret is shown this once.');
    });

  return new Command('notifications')
    .summary('see what coordinators are told without asking, and how')
    .addCommand(list)
    .addCommand(forget('ack', 'say that these are known; newer states of the same tasks stay'))
    .addCommand(forget('drop', 'forget these, or all'))
    .addCommand(config);
}

function boxWords({ entries, nextDueAt, heldByWait, settings, webhook }: Box, red: (text: string) => string): string[] {
  const lines = entries.length === 0 ? ['Nothing is to be told.'] : [`Told next at ${nextDueAt}.`];
  if (heldByWait) lines.push('A wait of the coordinator is open: nothing is told meanwhile.');
  lines.push(`News wait ${durationWords(settings.delaySeconds)} for others, urgent ones a few seconds.`);
  if (webhook === null) return lines;
  const { sending, lastError, dropped } = webhook;
  const way = sending === null ? 'idle' : `on its way since ${sending.since}, ${sending.tries} tries`;
  const fault = lastError === null ? '' : red(` (${oneLine(lastError)})`);
  lines.push(`Webhook ${webhook.url}: ${way}${fault}${dropped === 0 ? '' : `, ${dropped} dropped`}`);
  return lines;
}
