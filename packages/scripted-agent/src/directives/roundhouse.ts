import type { Directive } from '../directive.ts';

const summaryOf = (rest: string, block: string | null): Record<string, string> => {
  const summary = (block ?? rest).trim();
  return summary === '' ? {} : { summary };
};

export const done: Directive = async ({ screen, callTool }, rest, block) => {
  screen.line(`signal_done ${await callTool('signal_done', summaryOf(rest, block))}`, 'green');
};

export const land: Directive = async ({ screen, callTool }, rest, block) => {
  screen.line(`land_self ${await callTool('land_self', summaryOf(rest, block))}`, 'green');
};
