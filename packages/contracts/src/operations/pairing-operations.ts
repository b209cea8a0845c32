import { z } from 'zod';
import { Instant, Uuid } from '../ids.ts';
import { Label } from '../names.ts';
import { operation } from '../operation.ts';
import { TokenInfo } from '../token.ts';

/** What a PIN is good for: how long, milliseconds, and how many wrong ones. */
export const PAIRING = { ttlMs: 300_000, tries: 5 } as const;

export const createPairing = operation({
  name: 'createPairing',
  method: 'POST',
  path: '/api/coordinators/:id/pairing',
  tag: 'tokens',
  summary: 'Make a PIN to pair a phone with',
  description:
    'A PIN of 6 digits for one phone, good for 5 minutes and 5 tries. It is shown this once. A new one takes the place of the one before.',
  effect: 'write',
  secret: true,
  status: 201,
  input: z.object({ id: Uuid.describe('The coordinator’s id.') }),
  output: z.object({ coordinatorId: Uuid, pin: z.string(), expiresAt: Instant }),
  errors: ['coordinator_not_found'],
});

export const pair = operation({
  name: 'pair',
  method: 'POST',
  path: '/api/pair',
  tag: 'tokens',
  summary: 'Pair this phone',
  description:
    'With the PIN that the operator or the coordinator was shown, a phone gets a token of its own, good for 30 days, with which it sees that coordinator’s tasks, takes and returns control of them and prompts them.',
  effect: 'write',
  secret: true,
  status: 201,
  input: z.object({
    pin: z.string().regex(/^\d{6}$/, '6 digits'),
    coordinatorId: Uuid.optional().describe('Needed only while PINs of several coordinators are open.'),
    label: Label.default('paired phone'),
  }),
  output: z.object({ token: z.string(), info: TokenInfo }),
  errors: ['pin_wrong', 'pairing_locked', 'pairing_not_open', 'coordinator_required'],
});
