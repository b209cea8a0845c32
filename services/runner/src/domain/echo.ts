const NEEDLE_CHARACTERS = 40;

const squeeze = (text: string): string => text.replace(/\s+/g, '');

/** Whether the screen shows the end of a prompt. White space is left out on both sides: terminals wrap and pad. */
export function showsPrompt(screen: string, prompt: string): boolean {
  const lines = prompt.split(/[\r\n]+/).map(squeeze);
  const last = lines.findLast((line) => line !== '');
  return last !== undefined && squeeze(screen).includes(last.slice(-NEEDLE_CHARACTERS));
}
