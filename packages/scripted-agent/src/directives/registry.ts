import type { Directive } from '../directive.ts';
import * as files from './files.ts';
import * as notifications from './notifications.ts';
import * as programs from './programs.ts';
import * as roundhouse from './roundhouse.ts';
import * as terminal from './terminal.ts';
import { waitFile } from './wait-file.ts';

/** Every directive by the name that stands behind "@". */
export const DIRECTIVES: ReadonlyMap<string, Directive> = new Map([
  ['write', files.write],
  ['append', files.append],
  ['replace', files.replace],
  ['delete', files.remove],
  ['save-prompt', files.savePrompt],
  ['commit', programs.commit],
  ['run', programs.run],
  ['try', programs.attempt],
  ['exit', programs.exit],
  ['crash', programs.crash],
  ['ignore', programs.ignore],
  ['orphan', programs.orphan],
  ['print', terminal.print],
  ['glyph', terminal.glyph],
  ['title', terminal.title],
  ['flood', terminal.flood],
  ['sleep', terminal.sleep],
  ['ask', terminal.ask],
  ['prompt-sha', terminal.promptSha],
  ['swallow-enter', terminal.swallowEnter],
  ['wait-file', waitFile],
  ['done', roundhouse.done],
  ['land', roundhouse.land],
  ['call', roundhouse.call],
  ['let', notifications.keep],
  ['await-prompt', notifications.awaitPrompt],
  ['quota', roundhouse.quota],
]);
