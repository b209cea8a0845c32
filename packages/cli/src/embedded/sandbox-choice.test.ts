import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { sandboxChoice, type SandboxOptions, withSandboxOptions } from './sandbox-choice.ts';

function choose(...words: string[]) {
  const command = withSandboxOptions(new Command('up'), 'what isolates agents')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  command.parse(words, { from: 'user' });
  return sandboxChoice(command.opts<SandboxOptions>(), 'process');
}

describe('the options of sandboxes', () => {
  it('RP-16: plain processes and nothing ahead unless something is said', () => {
    expect(choose()).toEqual({
      kind: 'process',
      image: 'roundhouse-sandbox:0.1.0',
      egress: null,
      warm: { min: 0, max: 0 },
    });
    const said = ['--sandbox', 'docker', '--image', 'me/tools:2', '--egress', 'api.example.org', '--warm', '2:8'];
    expect(choose(...said)).toEqual({
      kind: 'docker',
      image: 'me/tools:2',
      egress: 'api.example.org',
      warm: { min: 2, max: 8 },
    });
  });

  it('RP-16: what makes no sense is refused', () => {
    for (const words of [
      ['--sandbox', 'vm'],
      ['--warm', '8:2'],
      ['--warm', '3'],
      ['--warm', '-1:2'],
      ['--image', 'No Image'],
    ]) {
      expect(() => choose(...words), words.join(' ')).toThrow(/argument/);
    }
  });
});
