import type { McpClient } from './clients.ts';
import { editJson } from './edit-json.ts';
import { editToml } from './edit-toml.ts';

/** What a client's settings hold where they hold nothing else: for a person to paste. */
export const entryText = ({ format, section }: Pick<McpClient, 'format' | 'section'>, name: string, entry: object) =>
  format === 'json' ? editJson('', section, name, entry) : editToml('', section, name, entry);
