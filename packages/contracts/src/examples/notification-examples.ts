import { DEFAULT_NOTIFICATION_SETTINGS, type NotificationEntry } from '../notification.ts';
import type { Examples } from './example.ts';
import * as sample from './sample-values.ts';
import { SAMPLE } from './sample-values.ts';

const entry: NotificationEntry = {
  id: `${SAMPLE.taskId}.8`,
  taskId: SAMPLE.taskId,
  taskName: 'fix the parser',
  kind: 'finished',
  detail: 'The parser takes empty input.',
  commit: SAMPLE.commit,
  version: 8,
  attempt: 1,
  at: SAMPLE.at,
  told: 0,
};
const hosted = { ...sample.coordinator, name: 'work through TODO.md', hostTaskId: SAMPLE.laterTaskId };

export const NOTIFICATION_EXAMPLES = {
  getNotifications: {
    request: { limit: 100 },
    answer: {
      entries: [{ ...entry, dueAt: '2026-11-23T09:30:05.000Z' }],
      nextCursor: null,
      nextDueAt: '2026-11-23T09:30:05.000Z',
      heldByWait: false,
      settings: DEFAULT_NOTIFICATION_SETTINGS,
      webhook: null,
    },
  },
  acknowledgeNotifications: { request: { ids: [entry.id] }, answer: { gone: 1, pending: 0 } },
  dropNotifications: { request: {}, answer: { gone: 1, pending: 0 } },
  configureNotifications: {
    request: { delaySeconds: 60, webhookUrl: 'https://example.org/hook' },
    answer: {
      settings: { delaySeconds: 60, webhookUrl: 'https://example.org/hook' },
      webhookSecret: `whsec_${'example-'.repeat(5)}xxx`,
    },
  },
  runCoordinator: {
    request: { name: 'work through TODO.md', prompt: 'Work through TODO.md.' },
    answer: {
      coordinator: hosted,
      task: { ...sample.queuedTask, id: SAMPLE.laterTaskId, name: 'work through TODO.md', hosts: SAMPLE.coordinatorId },
    },
  },
} as const satisfies Examples;
