import { Command } from 'commander';
import { connectAsCoordinator, withConnection } from '../../connect.ts';
import type { Context } from '../../context.ts';
import { oneLine } from '../../output.ts';
import { type AdmissionOptions, admissionOf, withAdmission } from './admission-options.ts';
import { type AgentOptions, agentOf, withAgent } from './agent-options.ts';
import { promptTextOf, type PromptOptions, withPrompt } from './prompt-text.ts';
import { awaitStarted, type StartOptions, startOf, withStart } from './start-options.ts';
import { type TaskOptions, withCoordinator } from './task-options.ts';
import { taskWords } from './task-words.ts';

interface RunOptions extends TaskOptions, PromptOptions, AgentOptions, StartOptions, AdmissionOptions {}

const EXAMPLES = `
Examples:
  roundhouse task run "fix the parser" --prompt-file prompt.md
  roundhouse task run "tests" --prompt "run them" --agent command --wait -- npm test
  roundhouse task run "on top" --prompt-file p.md --depends-on 3f2a --priority 9
  roundhouse task run "port it" --prompt-file p.md --image debian:bookworm-slim --memory 2048 --timeout 30m
  roundhouse task run "port it" --prompt-file p.md --agent claude --permissions ask
  echo "@print hello" | roundhouse task run hello --agent scripted --prompt-file -`;

const named = (context: Context): Command =>
  withCoordinator(withConnection(new Command('run'), context)).argument('<name>', 'what the task is called');

/** `roundhouse task run` */
export const runCommand = (context: Context): Command =>
  withAdmission(withStart(withAgent(withPrompt(named(context)))))
    .summary('create a task: an agent with a prompt in a worktree of its own')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, argv: string[], options: RunOptions) => {
      const { output } = context;
      const prompt = await promptTextOf(options, context.cwd);
      const agent = agentOf(argv, options);
      const client = await connectAsCoordinator(context, options);
      const created = await client.call('createTask', {
        name,
        prompt,
        ...(agent === undefined ? {} : { agent }),
        ...startOf(options),
        ...(await admissionOf(client, context.cwd, options)),
      });
      if (!options.wait) {
        if (options.json) output.json(created);
        else output.line(`${created.id}  ${created.branch}`);
        if (created.admission.state === 'held') output.note(`held: ${oneLine(created.admission.reason)}`);
        return;
      }
      output.note(`${created.id} runs on ${created.branch}`);
      const task = await awaitStarted(client, created.id, options, context);
      if (options.json) output.json(task);
      else output.line(taskWords(task, output));
    });
