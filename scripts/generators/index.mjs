import { errorsPage } from './errors-page.mjs';
import { openapiDocument } from './openapi-document.mjs';

/**
 * The files of the tree that are made from code, and what makes them. Each writes `file` below `folder`.
 *
 * @type {readonly { file: string, write: (path: string) => Promise<void> }[]}
 */
export const GENERATED = [
  { file: 'packages/contracts/openapi.json', write: openapiDocument },
  { file: 'docs/errors.md', write: errorsPage },
];
