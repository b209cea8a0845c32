import { instructionsMark } from '@roundhouse/contracts';

// Everything here is text with one character a byte (latin1), so that any file comes back as it was.

/** The lines that a file is given, with a mark that nothing else has in the first and in the last. */
export const instructionsBlock = (taskId: string, text: string): string =>
  `<!-- ${instructionsMark(taskId)} begin: not part of this repository, and gone at the end -->\n${text.trimEnd()}\n<!-- ${instructionsMark(taskId)} end -->\n`;

/**
 * Appends the block with the line ends that the file has. Where the last line has none, the block goes before the first:
 * to take its lines out again then leaves just what was there, byte for byte.
 */
export function withBlock(content: string, block: string): string {
  const lines = content.includes('\r\n') ? block.replaceAll('\n', '\r\n') : block;
  return content === '' || content.endsWith('\n') ? content + lines : lines + content;
}

/** Without the lines of each whole block. What lacks its last line is left alone: nobody can say where it would end. */
export function withoutBlock(content: string, taskId: string): string {
  const mark = instructionsMark(taskId);
  const block = new RegExp(`^[^\\n]*${mark} begin[^\\n]*\\n(?:[^\\n]*\\n)*?[^\\n]*${mark} end[^\\n]*(?:\\n|$)`, 'gm');
  return content.replace(block, '');
}

/**
 * The program that git runs over each file that it takes into the index (gitattributes(5), "clean"): what stands in a block
 * never gets there, under whatever name. `file` as it was made for them, and nothing else in it, is refused: an empty one
 * would be ours. `file` is a plain name.
 */
export const cleanProgram = (taskId: string, file: string): string => `#!/bin/sh
# Reads a file of the worktree, writes what git may have of it. Written by the runner of this sandbox.
# $1 is its path; $2 is "all" where nothing is to be refused.
export LC_ALL=C
mark='${instructionsMark(taskId)}'
in=$(mktemp) || exit 1
trap 'rm -f "$in"' EXIT
cat >"$in" || exit 1
if ! grep -aqF -e "$mark begin" "$in"; then
  cat "$in"
  exit
fi
# Lines are collected from the first of a block to its last, and put back where there is none.
without() {
  sed -e "/$mark begin/{" -e :more -e "/$mark end/d" -e '$!{' -e N -e 'b more' -e '}' -e '}' "$in"
}
if [ "$1" = '${file}' ] && [ "$2" != all ] && [ "$(without | head -c 1 | wc -c)" -eq 0 ] &&
  ! git ls-files --error-unmatch -- "$1" >/dev/null 2>&1; then
  echo "$1 holds nothing but the instructions of this sub-task, which do not belong in the repository: leave it out" >&2
  exit 1
fi
without
`;
