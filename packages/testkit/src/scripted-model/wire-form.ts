import { randomUUID } from 'node:crypto';
import type { Asked } from './conversation.ts';
import type { Answer } from './script.ts';

/** One event of a stream of server-sent events. */
export interface StreamEvent {
  readonly event?: string;
  /** Sent as JSON; a string as it is. */
  readonly data: unknown;
}

/** How one family of programs asks its model and is answered. */
export interface WireForm {
  readonly name: string;
  /** The paths of the requests that are answered in this form. */
  readonly path: RegExp;
  /** Throws where the body is not of this form. */
  read(body: unknown, path: string): Asked;
  stream(answer: Answer, asked: Asked): readonly StreamEvent[];
  /** The answer in one piece. */
  whole(answer: Answer, asked: Asked): object;
}

export const newId = (prefix: string): string => `${prefix}_${randomUUID().replaceAll('-', '')}`;

/** What every form is told to have cost. */
export const TOKENS = { input: 100, output: 20 } as const;

/** A text in two pieces, so that nobody can count on getting it in one. */
export const pieces = (text: string): string[] =>
  text === ''
    ? []
    : [text.slice(0, Math.ceil(text.length / 2)), text.slice(Math.ceil(text.length / 2))].filter(Boolean);

/** The text of content that is a text or a list of parts. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return content === null || content === undefined ? '' : JSON.stringify(content);
  return content
    .map((part: unknown) => {
      const text = typeof part === 'object' && part !== null && 'text' in part ? part.text : part;
      return typeof text === 'string' ? text : '';
    })
    .filter((text) => text !== '')
    .join('\n');
}
