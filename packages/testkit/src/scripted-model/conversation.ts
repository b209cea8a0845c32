/** One thing that was said in a conversation, oldest first, in whatever form it came. */
export type Item =
  | { readonly by: 'user'; readonly text: string }
  | { readonly by: 'model' }
  | { readonly by: 'tool'; readonly text: string };

/** A tool that a program offers its model. */
export interface OfferedTool {
  readonly name: string;
  /** Codex groups the tools of an MCP server under a name. */
  readonly namespace?: string;
}

/** What a program asks its model. */
export interface Asked {
  readonly items: readonly Item[];
  /** None: it is asked for a title, a summary or the like, beside the conversation. */
  readonly tools: readonly OfferedTool[];
  /** The JSON schema that the answer must fit, where there is one. */
  readonly schema: unknown;
  readonly streamed: boolean;
  readonly model: string;
}

/** Where a conversation stands: at the last prompt that somebody knows, after so many replies to it. */
export interface Standing {
  readonly match: RegExpExecArray;
  readonly replies: number;
  /** What the tools answered since, oldest first. */
  readonly results: readonly string[];
}

/**
 * Finds the last prompt that one of the patterns fits. Programs put much of their own into the user's mouth (reminders,
 * settings, files), so a prompt is what the script knows, and nothing else.
 */
export function standingOf(
  items: readonly Item[],
  patterns: readonly RegExp[],
): (Standing & { readonly pattern: number }) | null {
  for (let at = items.length - 1; at >= 0; at -= 1) {
    const item = items[at];
    if (item?.by !== 'user') continue;
    for (const [pattern, regExp] of patterns.entries()) {
      const match = regExp.exec(item.text);
      if (match !== null) return { pattern, match, ...since(items.slice(at + 1)) };
    }
  }
  return null;
}

/** Some forms divide one reply into several items: what stands together is one. */
function since(items: readonly Item[]): { replies: number; results: string[] } {
  const replies = items.filter(({ by }, at) => by === 'model' && items[at - 1]?.by !== 'model').length;
  return { replies, results: items.flatMap((item) => (item.by === 'tool' ? [item.text] : [])) };
}
